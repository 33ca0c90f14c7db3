import { ActionIcon, Group, SegmentedControl, Select, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { X } from "lucide-react";
import { lazy, Suspense } from "react";
import { useSearchParams } from "react-router";
import { valueQuery } from "../../api/outcome";
import type { Run, SealedTask, TaskRun } from "../../api/queries";
import { Loaded, Loading } from "../../components/Loading";
import { Panel } from "../../components/Page";
import { State, stateWords } from "../../components/State";
import { seconds } from "../../components/time";
import { ValueSource } from "../../values/source";
import { Value } from "../../values/Value";
import { countWords, type TaskOfRun } from "./elements";
import { TaskGiven } from "./TaskGiven";

const Log = lazy(() => import("../../logs/Log"));

const TABS = [
  { value: "log", label: "Log" },
  { value: "value", label: "Value" },
  { value: "given", label: "Given" },
];

/** One task of the run: its log, what it returned, and what it was given. */
export function TaskRunPanel({
  run,
  name,
  task,
  sealed,
  close,
}: {
  run: Run;
  name: string;
  task: TaskOfRun | undefined;
  sealed: SealedTask | undefined;
  close: () => void;
}) {
  const [params, setParams] = useSearchParams();
  const tab = params.get("tab") ?? "log";
  const wanted = params.get("element");
  const set = (values: Record<string, string | null>) =>
    setParams(
      (now) => {
        for (const [key, value] of Object.entries(values)) {
          if (value === null) now.delete(key);
          else now.set(key, value);
        }
        return now;
      },
      { replace: true },
    );
  const element =
    task?.elements.find((one) => String(one.map_index) === wanted) ??
    task?.elements.find((one) => one.state === task.state);
  return (
    <Panel
      title={name}
      aside={
        <ActionIcon variant="subtle" color="gray" onClick={close} aria-label="Close the panel">
          <X size={16} />
        </ActionIcon>
      }
    >
      {task && element ? (
        <Stack gap="sm">
          <Group gap="sm" justify="space-between">
            <Group gap="sm">
              <State state={element.state} />
              <Text size="sm" c="dimmed">
                {seconds(element.duration)}
              </Text>
            </Group>
            <SegmentedControl
              size="xs"
              aria-label="What to show of the task"
              data={TABS}
              value={tab}
              onChange={(value) => set({ tab: value })}
            />
          </Group>
          {task.isMapped && (
            <Elements
              task={task}
              element={element}
              choose={(index) => set({ element: index, line: null, try: null })}
            />
          )}
          {tab === "value" ? (
            <TaskValue run={run} task={element} />
          ) : tab === "given" ? (
            <TaskGiven run={run} task={element} sealed={sealed} />
          ) : (
            <Suspense fallback={<Loading what="Opening the log" />}>
              <Log
                key={element.map_index}
                run={run.id}
                task={name}
                element={elementOf(element)}
                state={element.state}
                tries={element.try_number}
              />
            </Suspense>
          )}
        </Stack>
      ) : (
        <Text size="sm">The run has no task of this name.</Text>
      )}
    </Panel>
  );
}

export function elementOf(task: TaskRun): number | undefined {
  return (task.map_index ?? -1) >= 0 ? task.map_index : undefined;
}

/** Which of many: those that failed stand first. */
function Elements({
  task,
  element,
  choose,
}: {
  task: TaskOfRun;
  element: TaskRun;
  choose: (index: string) => void;
}) {
  return (
    <Group gap="sm" align="flex-end">
      <Select
        size="xs"
        label="Element"
        searchable
        allowDeselect={false}
        data={task.elements.map((one) => ({
          value: String(one.map_index),
          label: `${one.map_index}: ${stateWords(one.state)}`,
        }))}
        value={String(element.map_index)}
        onChange={(index) => index !== null && choose(index)}
      />
      <Text size="xs" c="dimmed" pb={6}>
        {task.elements.length} elements: {countWords(task.elements.map((one) => one.state))}
      </Text>
    </Group>
  );
}

function TaskValue({ run, task }: { run: Run; task: TaskRun }) {
  const element = elementOf(task);
  const query = useQuery({
    ...valueQuery(run.id, task.task, task.try_number, element),
    enabled: task.state === "success",
  });
  if (task.state !== "success") {
    return (
      <Text size="sm" c="dimmed">
        A value is there when the task has succeeded.
      </Text>
    );
  }
  return (
    <Loaded query={query} what="Reading the value">
      {(answer) => (
        <ValueSource.Provider value={{ run: run.id, task: task.task, element }}>
          <Value value={answer.value} />
        </ValueSource.Provider>
      )}
    </Loaded>
  );
}
