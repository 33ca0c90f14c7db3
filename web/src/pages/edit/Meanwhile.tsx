import { Button, Group, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { tasksQuery, type Workflow } from "../../api/queries";
import { Notice } from "../../components/Notice";
import { ago } from "../../components/time";
import { changedFields, type Draft, draftTask, fieldsOf, sentTask } from "./draft";

/** Somebody else has saved since this page was read: said before anything is written over. */
export function Meanwhile({
  workflow,
  base,
  readAt,
  changed,
  theirs,
}: {
  workflow: Workflow;
  base: Draft;
  /** `updated_at` of the workflow when it was read. */
  readAt: string;
  changed: boolean;
  theirs: () => void;
}) {
  const moved = workflow.updated_at > readAt;
  const tasks = useQuery({
    ...tasksQuery(workflow.id),
    queryKey: ["tasks", workflow.id, workflow.updated_at],
    enabled: moved,
  });
  if (!moved || !tasks.data) return null;
  const names = differences(base, {
    fields: fieldsOf(workflow),
    tasks: tasks.data.map(draftTask),
  });
  if (names.length === 0) return null;
  return (
    <Notice tone="wait" role="status" title="Somebody else has saved this workflow">
      <Group justify="space-between">
        <Text size="sm">
          {ago(workflow.updated_at)}: {names.slice(0, 6).join(", ")}
          {names.length > 6 ? ` and ${names.length - 6} more` : ""}.{" "}
          {changed
            ? "What you typed is still here; saving it will say what it would write over."
            : ""}
        </Text>
        <Button size="xs" variant="default" onClick={theirs}>
          {changed ? "Show theirs instead" : "Show it"}
        </Button>
      </Group>
    </Notice>
  );
}

/** What differs between two states: fields by name, tasks by theirs. */
export function differences(before: Draft, after: Draft): string[] {
  // a deploy writes the commit back: that is nobody's edit
  const fields = Object.keys(changedFields(before.fields, after.fields)).filter(
    (name) => name !== "git_commit_sha",
  );
  const known = new Map(before.tasks.map((task) => [task.name, JSON.stringify(sentTask(task))]));
  const tasks = after.tasks.filter(
    (task) => known.get(task.name) !== JSON.stringify(sentTask(task)),
  );
  const kept = new Set(after.tasks.map((task) => task.name));
  const gone = before.tasks.filter((task) => !kept.has(task.name));
  return [...fields, ...[...tasks, ...gone].map((task) => `task ${task.name}`)];
}
