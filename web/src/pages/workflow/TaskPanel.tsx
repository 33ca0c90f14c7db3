import { ActionIcon, Group, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { X } from "lucide-react";
import type { ReactNode } from "react";
import { Link } from "react-router";
import { valueQuery } from "../../api/outcome";
import type { Task, TaskRun, Workflow } from "../../api/queries";
import { Panel } from "../../components/Page";
import { State } from "../../components/State";
import { seconds } from "../../components/time";
import { TaskCode } from "../../components/TaskCode";
import { Code } from "../../editor";
import { ValueSource } from "../../values/source";
import { Value } from "../../values/Value";
import { byTask, countWords } from "../run/elements";

/** What a task is, and what became of it last. */
export function TaskPanel({
  workflow,
  task,
  states,
  run,
  close,
}: {
  workflow: Workflow;
  task: Task | undefined;
  /** Of the last run; many where the task is mapped. */
  states: TaskRun[];
  run?: string;
  close: () => void;
}) {
  if (!task) return null;
  const known = byTask(states)[0];
  const state = known?.elements.find((one) => one.state === known.state);
  return (
    <Panel
      title={task.name}
      aside={
        <ActionIcon variant="subtle" color="gray" onClick={close} aria-label="Close the panel">
          <X size={16} />
        </ActionIcon>
      }
    >
      <Stack gap="md">
        {state && run && (
          <Group gap="xs">
            <State state={state.state} />
            <Text size="sm" c="dimmed">
              {seconds(state.duration)}
              {state.try_number > 1 ? ` · try ${state.try_number}` : ""}
            </Text>
            <Link to={`/runs/${run}?task=${encodeURIComponent(task.name)}&tab=log`}>log</Link>
          </Group>
        )}
        <Facts task={task} />
        {state && states.length > 1 && (
          <Text size="sm" c="dimmed">
            {states.length} elements: {countWords(states.map((one) => one.state))}
          </Text>
        )}
        {Object.keys(task.params).length > 0 && (
          <Part title="Params">
            <Code text={JSON.stringify(task.params, null, 2)} language="json" label="Params" />
          </Part>
        )}
        {state?.state === "success" && run && (
          <LastValue run={run} task={task.name} tried={state.try_number} />
        )}
        <Part title="Code">
          <TaskCode
            workflow={workflow.id}
            release={workflow.current_release}
            commit={workflow.git_commit_sha}
            task={task}
          />
        </Part>
      </Stack>
    </Panel>
  );
}

function Facts({ task }: { task: Task }) {
  return (
    <table className="facts">
      <tbody>
        {task.script_path && (
          <>
            <Fact name="Script">
              <code className="mono">{task.script_path}</code>
            </Fact>
            <Fact name="Function">
              <code className="mono">{task.function_name}</code>
            </Fact>
          </>
        )}
        <Fact name="After">{task.dependencies.join(", ") || "nothing"}</Fact>
        <Fact name="Retries">
          {task.retry_count === 0
            ? "none"
            : `${task.retry_count}, ${seconds(task.retry_delay)} apart`}
        </Fact>
        {Object.keys(task.inputs).length > 0 && (
          <Fact name="Inputs">
            {Object.entries(task.inputs)
              .map(([name, from]) => `${name} from ${from}`)
              .join(", ")}
          </Fact>
        )}
        {Object.keys(task.expand).length > 0 && (
          <Fact name="Once for each of">
            {Object.entries(task.expand)
              .map(([name, of]) => `${name} in ${typeof of === "string" ? of : JSON.stringify(of)}`)
              .join(", ")}
          </Fact>
        )}
        <Fact name="Timeout">{task.timeout === null ? "none" : seconds(task.timeout)}</Fact>
        {task.trigger_rule !== "all_success" && <Fact name="Runs when">{task.trigger_rule}</Fact>}
        {task.pool && <Fact name="Pool">{task.pool}</Fact>}
        {task.queue && <Fact name="Queue">{task.queue}</Fact>}
      </tbody>
    </table>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <tr>
      <th scope="row">{name}</th>
      <td>{children}</td>
    </tr>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div>
      <Text size="sm" fw={600} mb={4}>
        {title}
      </Text>
      {children}
    </div>
  );
}

function LastValue({ run, task, tried }: { run: string; task: string; tried: number }) {
  const { data } = useQuery(valueQuery(run, task, tried));
  if (!data) return null;
  return (
    <Part title="Last value">
      <ValueSource.Provider value={{ run, task }}>
        <Value value={data.value} />
      </ValueSource.Provider>
    </Part>
  );
}
