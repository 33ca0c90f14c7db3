import { Accordion, Badge, Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useMemo, useState } from "react";
import { useNavigate } from "react-router";
import { api, body } from "../../api/client";
import {
  releaseGraphQuery,
  type ReleaseTask,
  type SealedTask,
  type Workflow,
  workflowQuery,
} from "../../api/queries";
import { Loaded, Loading } from "../../components/Loading";
import { Refused } from "../../components/Refused";
import { useAction } from "../../components/useAction";
import { fedOf } from "../../forms/fed";
import { asks, formSchema, ownOf, type Params, type Said, saidOf, startOf } from "./runParams";

const ParamsForm = lazy(() => import("../../forms/ParamsForm"));
const OPEN = 3; // so many forms stand open at first: more are a list to choose from

type Named = Pick<Workflow, "id" | "name">;

/** Start a run with other params: they hold for this run only. */
export default function RunDialog({
  workflow,
  before,
  close,
}: {
  workflow: Named;
  /** The tasks of a run that is done again, with what they were given. */
  before?: SealedTask[];
  close: () => void;
}) {
  const current = useQuery({ ...workflowQuery(workflow.id), refetchInterval: false });
  const release = current.data?.current_release ?? null;
  const tasks = useQuery({
    ...releaseGraphQuery(workflow.id, release ?? 0),
    enabled: release !== null,
  });
  return (
    <Modal
      opened
      onClose={close}
      title={`Run ${workflow.name}`}
      size="lg"
      closeOnClickOutside={false} // it holds what was typed
    >
      <Loaded query={current} what="Reading the workflow">
        {() =>
          release === null ? (
            <Text size="sm">It was never deployed. A deploy makes the release that runs.</Text>
          ) : (
            <Loaded query={tasks} what={`Reading the tasks of release ${release}`}>
              {(found) => (
                <Form
                  workflow={workflow}
                  release={release}
                  tasks={found}
                  before={before ?? []}
                  close={close}
                />
              )}
            </Loaded>
          )
        }
      </Loaded>
    </Modal>
  );
}

function Form({
  workflow,
  release,
  tasks,
  before,
  close,
}: {
  workflow: Named;
  release: number;
  tasks: ReleaseTask[];
  before: SealedTask[];
  close: () => void;
}) {
  const go = useNavigate();
  const start = useMemo(() => startOf(tasks, before), [tasks, before]);
  const [params, setParams] = useState<Params>(start.params);
  const [wrong, setWrong] = useState<Record<string, string>>({});
  const run = useAction(
    (all: Params) =>
      body(
        api.POST("/api/v1/workflows/{workflow_id}/runs", {
          params: { path: { workflow_id: workflow.id } },
          headers: { "Idempotency-Key": crypto.randomUUID() },
          body: { params: ownOf(tasks, all) },
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
        For this run only. What you leave empty is as release {release} has it.
      </Text>
      {start.left.length > 0 && (
        <Text size="sm">
          Release {release} does not take {start.left.join(", ")}: the run goes without.
        </Text>
      )}
      <TaskForms
        tasks={tasks}
        params={params}
        own={ownOf(tasks, params)}
        said={(task) => saidOf(run.error, task, run.variables, params)}
        onChange={(task, given) => setParams((now) => ({ ...now, [task]: given }))}
        onWrong={(task, words) => setWrong((now) => ({ ...now, [task]: words }))}
      />
      <Refused error={run.error} />
      <Group justify="flex-end">
        <Button variant="default" onClick={close}>
          Not now
        </Button>
        <Button
          disabled={Object.values(wrong).some(Boolean)}
          loading={run.isPending}
          onClick={() => run.mutate(params)}
        >
          Run
        </Button>
      </Group>
    </Stack>
  );
}

/** One form for each task that takes something, made when it is opened first. */
function TaskForms({
  tasks,
  params,
  own,
  said,
  onChange,
  onWrong,
}: {
  tasks: ReleaseTask[];
  params: Params;
  own: Params;
  said: (task: string) => Said;
  onChange: (task: string, given: Record<string, unknown>) => void;
  onWrong: (task: string, words: string) => void;
}) {
  const asked = useMemo(
    () =>
      tasks
        .map((task) => ({ task, fed: fedOf(task, tasks), schema: formSchema(task) }))
        .filter(({ task, fed }) => asks(task, fed)),
    [tasks],
  );
  const [open, setOpen] = useState(() => {
    const names = asked.map(({ task }) => task.name);
    if (names.length <= OPEN) return names;
    const changed = names.filter((name) => name in own);
    const given = asked.filter(({ task }) => Object.keys(task.params).length > 0);
    return (changed.length ? changed : given.map(({ task }) => task.name)).slice(0, OPEN);
  });
  const [seen, setSeen] = useState(() => new Set(open));
  if (asked.length === 0) return <Text size="sm">No task of it takes params.</Text>;
  return (
    <Accordion
      variant="contained"
      multiple
      value={open}
      onChange={(names) => {
        setOpen(names);
        setSeen((now) => new Set([...now, ...names]));
      }}
    >
      {asked.map(({ task, fed, schema }) => {
        const { fields, whole } = said(task.name);
        const count = Object.keys(fields).length + whole.length;
        return (
          <Accordion.Item key={task.name} value={task.name}>
            <Accordion.Control>
              <Group gap="xs">
                <Text size="sm" fw={600}>
                  {task.name}
                </Text>
                {own[task.name] && <Mark words="changed" tone="wait" />}
                {count > 0 && (
                  <Mark words={count === 1 ? "1 problem" : `${count} problems`} tone="bad" />
                )}
              </Group>
            </Accordion.Control>
            <Accordion.Panel>
              {seen.has(task.name) && (
                <Suspense fallback={<Loading what="Opening the form" />}>
                  <ParamsForm
                    label={`Params of ${task.name}`}
                    schema={schema}
                    fed={fed}
                    value={params[task.name] ?? {}}
                    errors={fields}
                    onChange={(given) => onChange(task.name, given)}
                    onWrong={(words) => onWrong(task.name, words)}
                  />
                </Suspense>
              )}
              {whole.map((words) => (
                <Text key={words} size="sm" c="var(--tw-bad)" role="alert">
                  {words}
                </Text>
              ))}
            </Accordion.Panel>
          </Accordion.Item>
        );
      })}
    </Accordion>
  );
}

function Mark({ words, tone }: { words: string; tone: "wait" | "bad" }) {
  return (
    <Badge
      size="sm"
      variant="outline"
      color="gray"
      styles={{ root: { color: `var(--tw-${tone})` } }}
    >
      {words}
    </Badge>
  );
}
