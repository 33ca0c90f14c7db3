import { Button, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { useDebouncedValue, useDisclosure } from "@mantine/hooks";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Plus, RefreshCw, Search } from "lucide-react";
import { useState } from "react";
import { Link, useNavigate } from "react-router";
import { api, body } from "../../api/client";
import { itemsOf } from "../../api/queries";
import { register, repositoriesQuery, type Repository } from "../../api/repositories";
import { Empty } from "../../components/Empty";
import { Loaded } from "../../components/Loading";
import { More } from "../../components/More";
import { Page } from "../../components/Page";
import { Refused } from "../../components/Refused";
import { State } from "../../components/State";
import { Time } from "../../components/Time";
import { useAction } from "../../components/useAction";

/** The repositories that workflows use, and those that were registered to look into. */
export default function Repositories() {
  const [typed, setTyped] = useState("");
  const [q] = useDebouncedValue(typed.trim(), 200);
  const [adding, dialog] = useDisclosure();
  const query = useInfiniteQuery(repositoriesQuery(q));
  return (
    <Page
      title="Repositories"
      actions={
        <Button size="xs" leftSection={<Plus size={14} />} onClick={dialog.open}>
          Register a repository
        </Button>
      }
    >
      <TextInput
        mb="sm"
        maw={320}
        aria-label="Search repositories"
        placeholder="Search by address"
        leftSection={<Search size={14} />}
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
      />
      <div className="panel scroll-x">
        <Loaded query={query} what="Reading the repositories">
          {(data) => {
            const items = itemsOf(data);
            if (items.length === 0) {
              return (
                <Empty title={q ? "No address is like that" : "No repository yet"}>
                  Those of workflows register themselves.
                </Empty>
              );
            }
            return (
              <table className="table">
                <thead>
                  <tr>
                    <th>Address</th>
                    <th>Default branch</th>
                    <th>Last looked at</th>
                    <th>
                      <span className="skip">Actions</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {items.map((repository) => (
                    <Row key={repository.id} repository={repository} />
                  ))}
                </tbody>
              </table>
            );
          }}
        </Loaded>
        <More query={query} />
      </div>
      {adding && <Register close={dialog.close} />}
    </Page>
  );
}

function Row({ repository }: { repository: Repository }) {
  const refresh = useAction(
    () =>
      body(
        api.POST("/api/v1/repositories/{repository_id}/refresh", {
          params: { path: { repository_id: repository.id } },
        }),
      ),
    { refresh: [["repositories"]] },
  );
  const problem = repository.problem as { message?: string } | null;
  return (
    <tr>
      <td style={{ overflowWrap: "anywhere" }}>
        <Link to={`/repositories/${repository.id}/code`}>{repository.url}</Link>
        {problem && (
          <Group gap={6} mt={2}>
            <State state="failed" words="not read" />
            <Text size="xs">{problem.message}</Text>
          </Group>
        )}
      </td>
      <td>{repository.default_branch ?? "–"}</td>
      <td>
        <Time at={repository.looked_at} empty="never" />
      </td>
      <td>
        <Group gap={6} justify="flex-end" wrap="nowrap">
          <Button
            size="compact-xs"
            variant="default"
            leftSection={<RefreshCw size={12} />}
            loading={refresh.isPending}
            aria-label={`Look at ${repository.url} now`}
            onClick={() => refresh.mutate()}
          >
            Look now
          </Button>
          <Button
            component={Link}
            to={`/repositories/${repository.id}/functions`}
            size="compact-xs"
            variant="default"
          >
            Functions
          </Button>
        </Group>
      </td>
    </tr>
  );
}

function Register({ close }: { close: () => void }) {
  const go = useNavigate();
  const [url, setUrl] = useState("");
  const add = useAction(() => register(url.trim()), {
    refresh: [["repositories"]],
    done: (repository) => void go(`/repositories/${repository.id}/code`),
    quiet: true,
  });
  return (
    <Modal opened onClose={close} title="Register a repository">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          add.mutate();
        }}
      >
        <Stack gap="sm">
          <TextInput
            data-autofocus
            label="Address"
            placeholder="https://github.com/team/models.git"
            required
            maxLength={500}
            value={url}
            onChange={(event) => setUrl(event.currentTarget.value)}
          />
          <Refused error={add.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              Not now
            </Button>
            <Button type="submit" loading={add.isPending}>
              Register
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
