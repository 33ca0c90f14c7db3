import { ActionIcon, Group, SegmentedControl, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { X } from "lucide-react";
import { lazy, Suspense } from "react";
import { useSearchParams } from "react-router";
import { type Run, type TaskRun, valueQuery } from "../../api/queries";
import { Loaded, Loading } from "../../components/Loading";
import { Panel } from "../../components/Page";
import { State } from "../../components/State";
import { seconds } from "../../components/time";
import { Value } from "../../values/Value";

const Log = lazy(() => import("../../logs/Log"));

/** One task of the run: its log, and what it returned. */
export function TaskRunPanel({
  run,
  name,
  task,
  close,
}: {
  run: Run;
  name: string;
  task: TaskRun | undefined;
  close: () => void;
}) {
  const [params, setParams] = useSearchParams();
  const tab = params.get("tab") ?? "log";
  return (
    <Panel
      title={name}
      aside={
        <ActionIcon variant="subtle" color="gray" onClick={close} aria-label="Close the panel">
          <X size={16} />
        </ActionIcon>
      }
    >
      {task ? (
        <Stack gap="sm">
          <Group gap="sm" justify="space-between">
            <Group gap="sm">
              <State state={task.state} />
              <Text size="sm" c="dimmed">
                {seconds(task.duration)}
              </Text>
            </Group>
            <SegmentedControl
              size="xs"
              aria-label="What to show of the task"
              data={[
                { value: "log", label: "Log" },
                { value: "value", label: "Value" },
              ]}
              value={tab}
              onChange={(value) =>
                setParams(
                  (now) => {
                    now.set("tab", value);
                    return now;
                  },
                  { replace: true },
                )
              }
            />
          </Group>
          {tab === "value" ? (
            <TaskValue run={run} task={task} />
          ) : (
            <Suspense fallback={<Loading what="Opening the log" />}>
              <Log run={run.id} task={name} state={task.state} tries={task.try_number} />
            </Suspense>
          )}
        </Stack>
      ) : (
        <Text size="sm">The run has no task of this name.</Text>
      )}
    </Panel>
  );
}

function TaskValue({ run, task }: { run: Run; task: TaskRun }) {
  const query = useQuery({
    ...valueQuery(run.id, task.task, task.try_number),
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
      {(answer) => <Value value={answer.value} />}
    </Loaded>
  );
}
