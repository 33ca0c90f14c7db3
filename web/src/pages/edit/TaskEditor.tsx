import {
  Alert,
  Group,
  MultiSelect,
  NumberInput,
  SegmentedControl,
  Stack,
  Text,
  TextInput,
} from "@mantine/core";
import { lazy, Suspense } from "react";
import { Loading } from "../../components/Loading";
import { Panel } from "../../components/Page";
import { Code } from "../../editor";
import type { DraftTask, Mode } from "./draft";
import { FunctionField } from "./FunctionField";
import type { EditProblem } from "./problems";
import type { RepositoryFunctions } from "./useCatalogue";

const ParamsForm = lazy(() => import("../../forms/ParamsForm"));

const MODES = [
  { value: "inline", label: "Inline code" },
  { value: "git", label: "Git repository" },
];

/** One task: its mode, its code, its params, what it waits for. */
export function TaskEditor({
  task,
  tasks,
  catalogue,
  problems,
  onChange,
}: {
  task: DraftTask;
  tasks: DraftTask[];
  catalogue: RepositoryFunctions;
  problems: EditProblem[];
  onChange: (task: DraftTask) => void;
}) {
  const change = (values: Partial<DraftTask>) => onChange({ ...task, ...values });
  const fn =
    task.mode === "git" ? catalogue.functionOf(task.script_path, task.function_name) : undefined;
  return (
    <Panel
      title={task.name || "A task"}
      aside={
        <SegmentedControl
          size="xs"
          aria-label="Where its code is"
          data={MODES}
          value={task.mode}
          onChange={(mode) => change({ mode: mode as Mode })}
        />
      }
    >
      <Stack gap="md">
        {problems.map((problem) => (
          <Alert
            key={problem.message}
            color={problem.severity === "error" ? "red" : "yellow"}
            p="xs"
            styles={{ message: { color: "inherit" } }}
          >
            {problem.message}
            {problem.hint ? `. ${problem.hint}` : ""}
          </Alert>
        ))}
        <TextInput
          label="Name"
          value={task.name}
          maxLength={250}
          onChange={(event) => change({ name: event.currentTarget.value })}
        />
        {task.mode === "git" ? (
          <FunctionField task={task} catalogue={catalogue} change={change} />
        ) : (
          <div>
            <Text size="sm" fw={500} mb={4}>
              Code
            </Text>
            <Code
              text={task.python_callable}
              language="python"
              label={`Code of ${task.name}`}
              minHeight="10rem"
              maxHeight="50vh"
              onChange={(python_callable) => change({ python_callable })}
            />
            <Text size="xs" c="dimmed" mt={4}>
              One function. Escape, then Tab, leaves the editor.
            </Text>
          </div>
        )}
        <Suspense fallback={<Loading what="Opening the form" />}>
          <ParamsForm
            schema={fn?.schema as object | undefined}
            value={task.params}
            onChange={(params) => change({ params })}
          />
        </Suspense>
        <MultiSelect
          label="Runs after"
          placeholder={task.dependencies.length ? undefined : "nothing"}
          data={tasks
            .filter((other) => other.key !== task.key)
            .map((other) => other.name)
            .filter(unique)}
          value={task.dependencies}
          onChange={(dependencies) => change({ dependencies })}
          searchable
        />
        <Group grow align="flex-start">
          <NumberInput
            label="Retries"
            min={0}
            value={task.retry_count}
            onChange={(value) => change({ retry_count: Number(value) || 0 })}
          />
          <NumberInput
            label="Seconds between tries"
            min={0}
            value={task.retry_delay}
            onChange={(value) => change({ retry_delay: Number(value) || 0 })}
          />
          <NumberInput
            label="Timeout, seconds"
            min={1}
            placeholder="none"
            value={task.timeout ?? ""}
            onChange={(value) => change({ timeout: value === "" ? null : Number(value) })}
          />
        </Group>
      </Stack>
    </Panel>
  );
}

function unique(name: string, index: number, all: string[]): boolean {
  return name !== "" && all.indexOf(name) === index;
}
