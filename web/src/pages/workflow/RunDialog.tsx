import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate } from "react-router";
import { api, body } from "../../api/client";
import { type Task, tasksQuery, type Workflow } from "../../api/queries";
import { Loaded } from "../../components/Loading";
import { Refused } from "../../components/Refused";
import { useAction } from "../../components/useAction";
import { Code } from "../../editor";

type Params = Record<string, Record<string, unknown>>;

/** Start a run with other params: they hold for this run only. */
export function RunDialog({
  workflow,
  params,
  close,
}: {
  workflow: Pick<Workflow, "id" | "name">;
  params?: Params;
  close: () => void;
}) {
  const tasks = useQuery(tasksQuery(workflow.id));
  return (
    <Modal opened onClose={close} title={`Run ${workflow.name}`} size="lg">
      <Loaded query={tasks} what="Reading the tasks">
        {(found) => <Form workflow={workflow} start={params ?? declared(found)} close={close} />}
      </Loaded>
    </Modal>
  );
}

function declared(tasks: Task[]): Params {
  const named = tasks.filter((task) => Object.keys(task.params).length > 0);
  return Object.fromEntries(named.map((task) => [task.name, task.params]));
}

function Form({
  workflow,
  start,
  close,
}: {
  workflow: Pick<Workflow, "id">;
  start: Params;
  close: () => void;
}) {
  const go = useNavigate();
  const [text, setText] = useState(() => JSON.stringify(start, null, 2));
  const parsed = parse(text);
  const run = useAction(
    () =>
      body(
        api.POST("/api/v1/workflows/{workflow_id}/runs", {
          params: { path: { workflow_id: workflow.id } },
          headers: { "Idempotency-Key": crypto.randomUUID() },
          body: { params: parsed.value },
        }),
      ),
    {
      refresh: [["runs"], ["workflows"]],
      done: (made) => void go(`/runs/${made.id}`),
      quiet: true,
    },
  );
  return (
    <Stack gap="sm">
      <Text size="sm" c="dimmed">
        Params by task, for this run only. Those that you leave out are the release's.
      </Text>
      <Code
        text={text}
        language="json"
        label="Params by task, as JSON"
        onChange={setText}
        maxHeight="50vh"
        minHeight="8rem"
      />
      {parsed.wrong && (
        <Text size="sm" c="var(--tw-bad)" role="alert">
          {parsed.wrong}
        </Text>
      )}
      <Refused error={run.error} />
      <Group justify="flex-end">
        <Button variant="default" onClick={close}>
          Not now
        </Button>
        <Button
          disabled={Boolean(parsed.wrong)}
          loading={run.isPending}
          onClick={() => run.mutate()}
        >
          Run
        </Button>
      </Group>
    </Stack>
  );
}

function parse(text: string): { value?: Params; wrong?: string } {
  if (!text.trim()) return { value: {} };
  try {
    const value = JSON.parse(text) as Params;
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      return { wrong: 'It has to be an object: {"task": {"param": value}}' };
    }
    return { value };
  } catch (error) {
    return { wrong: (error as Error).message };
  }
}
