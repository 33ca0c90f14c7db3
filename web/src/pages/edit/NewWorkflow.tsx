import { Button, Group, SegmentedControl, Stack, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate } from "react-router";
import { api, body } from "../../api/client";
import type { Workflow } from "../../api/queries";
import { fieldErrors } from "../../api/refusal";
import { type Fn, refsQuery, repositoryByUrl } from "../../api/repositories";
import { Page, Panel } from "../../components/Page";
import { Refused } from "../../components/Refused";
import { useAction } from "../../components/useAction";
import { sentTask } from "./draft";
import { ChooseFunctions } from "./ChooseFunctions";
import { newTask } from "./draft";
import { SourceStep } from "./SourceStep";
import { wire } from "./wiring";

/** From a repository, or a few lines, to a workflow: a name, its code, its functions. */
export default function NewWorkflow() {
  const [kind, setKind] = useState<"git" | "inline">("git");
  return (
    <Page title="New workflow" crumbs={[{ to: "/workflows", text: "Workflows" }]}>
      <Stack maw={900}>
        <SegmentedControl
          w="fit-content"
          aria-label="Where its code is"
          data={[
            { value: "git", label: "From a Git repository" },
            { value: "inline", label: "Inline code only" },
          ]}
          value={kind}
          onChange={(value) => setKind(value as "git" | "inline")}
        />
        {kind === "git" ? <FromRepository /> : <InlineOnly />}
      </Stack>
    </Page>
  );
}

function FromRepository() {
  const [url, setUrl] = useState("");
  const [settled] = useDebouncedValue(url.trim(), 600);
  const [credential, setCredential] = useState<{ id: string; kind: string } | null>(null);
  const [branch, setBranch] = useState<string | null>(null);
  const [picked, setPicked] = useState<Fn[]>([]);
  const [named, setName] = useState<string | null>(null);
  const repository = useQuery(repositoryByUrl(settled, credential?.id));
  const refs = useQuery({
    ...refsQuery(repository.data?.id ?? ""),
    queryKey: ["repositories", repository.data?.id ?? "", "refs", credential?.id ?? ""],
    enabled: Boolean(repository.data),
  });
  const chosen = branch ?? refs.data?.default_branch ?? "";
  const name = named ?? nameOf(url);
  const wiring = wire(picked);
  const create = useCreate();
  return (
    <Stack>
      <Panel title="1. Repository">
        <SourceStep
          url={url}
          setUrl={setUrl}
          settled={settled}
          repository={repository}
          refs={refs}
          credential={credential}
          setCredential={setCredential}
          branch={chosen}
          setBranch={setBranch}
        />
      </Panel>
      {refs.data && repository.data && chosen && (
        <Panel title="2. Functions">
          <ChooseFunctions
            repository={repository.data.id}
            branch={chosen}
            picked={picked}
            setPicked={setPicked}
            wiring={wiring}
          />
        </Panel>
      )}
      {refs.data && (
        <Panel title="3. Name">
          <Finish
            name={name}
            setName={setName}
            create={create}
            disabled={!chosen}
            words={
              picked.length
                ? `Make it with ${picked.length} ${picked.length === 1 ? "task" : "tasks"}`
                : "Make it without tasks"
            }
            onCreate={() =>
              create.mutate({
                workflow: {
                  name,
                  git_repository: url.trim(),
                  git_branch: chosen,
                  ...(credential
                    ? { git_credential_id: credential.id, git_auth_type: credential.kind }
                    : {}),
                },
                tasks: wiring.tasks.map(sentTask),
              })
            }
          />
        </Panel>
      )}
    </Stack>
  );
}

function InlineOnly() {
  const [name, setName] = useState("");
  const create = useCreate();
  return (
    <Panel title="Name">
      <Finish
        name={name}
        setName={setName}
        create={create}
        words="Make it with a first task"
        onCreate={() =>
          create.mutate({
            workflow: { name },
            tasks: [sentTask(newTask([], "inline", { name: "hello", python_callable: HELLO }))],
          })
        }
      />
    </Panel>
  );
}

const HELLO =
  'def hello(context, name="world"):\n    print(f"Hello, {name}")\n    return {"greeted": name}\n';

interface Order {
  workflow: { name: string } & Record<string, unknown>;
  tasks: Record<string, unknown>[];
}

/** Make the workflow and its tasks; a second try goes on where the first one stopped. */
function useCreate() {
  const go = useNavigate();
  const [made, setMade] = useState<Workflow | null>(null);
  return useAction(
    async ({ workflow, tasks }: Order) => {
      const existing = made
        ? await body(
            api.PATCH("/api/v1/workflows/{workflow_id}", {
              params: { path: { workflow_id: made.id } },
              body: workflow as never,
            }),
          )
        : await body(api.POST("/api/v1/workflows", { body: workflow as never }));
      setMade(existing as Workflow);
      if (tasks.length > 0) {
        await body(
          api.PUT("/api/v1/workflows/{workflow_id}/tasks", {
            params: { path: { workflow_id: (existing as Workflow).id } },
            body: tasks as never,
          }),
        );
      }
      return existing as Workflow;
    },
    {
      refresh: [["workflows", "list"]],
      done: (workflow) => void go(`/workflows/${workflow.id}/edit?check=1`),
      quiet: true,
    },
  );
}

function Finish({
  name,
  setName,
  create,
  words,
  disabled,
  onCreate,
}: {
  name: string;
  setName: (name: string) => void;
  create: ReturnType<typeof useCreate>;
  words: string;
  disabled?: boolean;
  onCreate: () => void;
}) {
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        onCreate();
      }}
    >
      <Stack gap="sm">
        <TextInput
          label="Name of the workflow"
          required
          maxLength={255}
          value={name}
          error={fieldErrors(create.error).name}
          onChange={(event) => setName(event.currentTarget.value)}
          maw={420}
        />
        <Refused error={create.error} />
        <Group>
          <Button type="submit" loading={create.isPending} disabled={disabled || !name.trim()}>
            {words}
          </Button>
          <Text size="sm" c="dimmed">
            Nothing is deployed yet: the deploy check comes next.
          </Text>
        </Group>
      </Stack>
    </form>
  );
}

function nameOf(url: string): string {
  const last = url.trim().replace(/\/+$/, "").split(/[/:]/).pop() ?? "";
  return last.replace(/\.git$/, "");
}
