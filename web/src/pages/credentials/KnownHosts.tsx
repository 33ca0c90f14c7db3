import { Button, Group, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { knownHostsQuery } from "../../api/access";
import { api, body } from "../../api/client";
import { fieldErrors } from "../../api/refusal";
import { CopyThis } from "../../components/Commit";
import { Loaded } from "../../components/Loading";
import { Panel } from "../../components/Page";
import { Refused } from "../../components/Refused";
import { Time } from "../../components/Time";
import { useAction } from "../../components/useAction";

/** Keys that ssh hosts may show; any other key is refused. */
export function KnownHosts() {
  const query = useQuery(knownHostsQuery());
  const remove = useAction(
    (id: string) =>
      body(
        api.DELETE("/api/v1/known-hosts/{known_host_id}", {
          params: { path: { known_host_id: id } },
        }),
      ),
    { refresh: [["known-hosts"]] },
  );
  return (
    <Panel title="Known hosts" pad={false}>
      <Loaded query={query} what="Reading the known hosts">
        {({ items }) => (
          <div className="scroll-x">
            <table className="table">
              <thead>
                <tr>
                  <th>Host</th>
                  <th>Key</th>
                  <th>Fingerprint</th>
                  <th>From</th>
                  <th>Added</th>
                  <th>
                    <span className="skip">Actions</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {items.map((host) => (
                  <tr key={host.id}>
                    <td>
                      {host.host}
                      {host.port ? `:${host.port}` : ""}
                    </td>
                    <td>{host.key_type}</td>
                    <td style={{ whiteSpace: "nowrap" }}>
                      <code className="mono">{host.fingerprint.slice(0, 22)}…</code>
                      <CopyThis text={host.fingerprint} what="the fingerprint" />
                    </td>
                    <td>
                      <Text size="sm">{host.note ?? "–"}</Text>
                    </td>
                    <td>
                      <Time at={host.created_at} />
                    </td>
                    <td>
                      <Button
                        size="compact-xs"
                        variant="default"
                        aria-label={`Remove the ${host.key_type} key of ${host.host}`}
                        onClick={() => remove.mutate(host.id)}
                      >
                        Remove
                      </Button>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Loaded>
      <NewHost />
    </Panel>
  );
}

function NewHost() {
  const [host, setHost] = useState("");
  const [key, setKey] = useState("");
  const isFingerprint = key.trim().startsWith("SHA256:");
  const add = useAction(
    () =>
      body(
        api.POST("/api/v1/known-hosts", {
          body: {
            host: host.trim(),
            ...(isFingerprint ? { fingerprint: key.trim() } : { public_key: key.trim() }),
          },
        }),
      ),
    {
      refresh: [["known-hosts"]],
      done: () => {
        setHost("");
        setKey("");
      },
      quiet: true,
    },
  );
  const wrong = fieldErrors(add.error);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        add.mutate();
      }}
      style={{ padding: 16, borderTop: "1px solid var(--tw-line)" }}
    >
      <Stack gap="sm">
        <Group align="flex-start" grow preventGrowOverflow={false}>
          <TextInput
            label="Host"
            placeholder="git.example.org"
            required
            value={host}
            error={wrong.host}
            onChange={(event) => setHost(event.currentTarget.value)}
          />
          <Textarea
            label="Its key, or the fingerprint that it publishes"
            placeholder="ssh-ed25519 AAAA… or SHA256:…"
            required
            autosize
            minRows={1}
            maxRows={4}
            value={key}
            error={wrong.public_key ?? wrong.fingerprint}
            onChange={(event) => setKey(event.currentTarget.value)}
          />
        </Group>
        <Refused error={add.error} />
        <Button type="submit" variant="default" size="xs" w="fit-content" loading={add.isPending}>
          Add the host
        </Button>
      </Stack>
    </form>
  );
}
