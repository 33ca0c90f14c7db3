import {
  Accordion,
  Group,
  MultiSelect,
  NumberInput,
  SegmentedControl,
  Select,
  Stack,
  Text,
  TextInput,
} from "@mantine/core";
import { lazy, Suspense, useMemo } from "react";
import { Loading } from "../../components/Loading";
import { Notice } from "../../components/Notice";
import { Panel } from "../../components/Page";
import { Code } from "../../editor";
import { type Fed, fedOf } from "../../forms/fed";
import type { DraftTask, Mode } from "./draft";
import { EnvironmentFields } from "./EnvironmentFields";
import { FunctionField } from "./FunctionField";
import { PairsField } from "./PairsField";
import { type EditProblem, paramErrors } from "./problems";
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
  inline,
  problems,
  onChange,
}: {
  task: DraftTask;
  tasks: DraftTask[];
  catalogue: RepositoryFunctions;
  /** What its inline code takes, as the last check told it. */
  inline: object | undefined;
  problems: EditProblem[];
  onChange: (task: DraftTask) => void;
}) {
  const change = (values: Partial<DraftTask>) => onChange({ ...task, ...values });
  const fn =
    task.mode === "git" ? catalogue.functionOf(task.script_path, task.function_name) : undefined;
  const fed = useMemo(() => fedOf(fedBy(task), tasks.map(fedBy)), [task, tasks]);
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
          <Notice
            key={problem.message}
            tone={problem.severity === "error" ? "bad" : "wait"}
            compact
          >
            {problem.message}
            {problem.hint ? `. ${problem.hint}` : ""}
          </Notice>
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
            <Text size="sm" fw={600} mb={4}>
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
            key={task.mode}
            schema={task.mode === "git" ? (fn?.schema as object | undefined) : inline}
            value={task.params}
            fed={fed}
            errors={paramErrors(problems, task.name)}
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
        <TaskMore task={task} change={change} />
      </Stack>
    </Panel>
  );
}

const RULES = [
  "all_success",
  "all_failed",
  "all_done",
  "all_done_min_one_success",
  "all_skipped",
  "one_success",
  "one_failed",
  "one_done",
  "none_failed",
  "none_failed_min_one_success",
  "none_skipped",
  "always",
];

/** What most tasks need not: values by name, one run for each element, where and when it runs. */
function TaskMore({
  task,
  change,
}: {
  task: DraftTask;
  change: (values: Partial<DraftTask>) => void;
}) {
  const { rest } = task;
  const more = (values: Record<string, unknown>) => change({ rest: { ...rest, ...values } });
  const pairs = (name: string) => (rest[name] as Record<string, unknown> | undefined) ?? {};
  const used =
    typeof rest.warm === "boolean" ||
    ["inputs", "expand", "env", "secrets"].some((name) => Object.keys(pairs(name)).length > 0);
  return (
    <Accordion variant="contained" defaultValue={used ? "more" : null}>
      <Accordion.Item value="more">
        <Accordion.Control>
          <Text size="sm" fw={600}>
            Inputs, elements, environment and place
          </Text>
        </Accordion.Control>
        <Accordion.Panel>
          <Stack gap="md">
            <PairsField
              label="Inputs"
              description="A parameter, and whose value it gets. One named like a task gets it anyway."
              nameLabel="Parameter"
              valueLabel="Task, or a part of its value"
              placeholder="train_model.metrics.accuracy"
              value={pairs("inputs")}
              onChange={(inputs) => more({ inputs })}
            />
            <PairsField
              label="Once for each of"
              description="A parameter, and a list or a task that returns one: the task runs once for each element."
              nameLabel="Parameter with elements"
              valueLabel="List, or task"
              placeholder="[1, 2, 3]"
              json
              value={pairs("expand")}
              onChange={(expand) => more({ expand })}
            />
            <EnvironmentFields of="task" values={rest} onChange={more} />
            <Select
              label="Runs when those before it"
              data={RULES}
              allowDeselect={false}
              value={String(rest.trigger_rule ?? "all_success")}
              onChange={(trigger_rule) => more({ trigger_rule })}
            />
            <Group grow align="flex-start">
              <TextInput
                label="Pool"
                placeholder="default"
                value={(rest.pool as string | null | undefined) ?? ""}
                onChange={(event) => more({ pool: event.currentTarget.value || null })}
              />
              <NumberInput
                label="Slots of the pool"
                min={1}
                value={Number(rest.pool_slots ?? 1)}
                onChange={(value) => more({ pool_slots: Number(value) || 1 })}
              />
              <TextInput
                label="Queue"
                placeholder="default"
                value={(rest.queue as string | null | undefined) ?? ""}
                onChange={(event) => more({ queue: event.currentTarget.value || null })}
              />
            </Group>
          </Stack>
        </Accordion.Panel>
      </Accordion.Item>
    </Accordion>
  );
}

function fedBy({ name, dependencies, rest }: DraftTask): Fed {
  const { inputs, expand } = rest as Pick<Fed, "inputs" | "expand">;
  return { name, dependencies, inputs, expand };
}

function unique(name: string, index: number, all: string[]): boolean {
  return name !== "" && all.indexOf(name) === index;
}
