import type { Task, Workflow } from "../../api/queries";

const FIELDS = [
  "name",
  "description",
  "schedule",
  "timezone",
  "catchup",
  "max_active_runs",
  "is_active",
  "git_repository",
  "git_branch",
  "git_commit_sha",
  "git_update_policy",
  "git_auth_type",
  "git_credential_id",
  "git_subdirectory",
  "requirements",
  "dependency_groups",
  "env",
  "secrets",
  "warm",
  "notify_url",
] as const;

export type Fields = Record<string, unknown> & {
  name: string;
  git_repository: string | null;
  git_branch: string;
  git_commit_sha: string | null;
  git_update_policy: string;
};

export type Mode = "git" | "inline";

/** A task while it is edited: what both modes hold is kept, so that a toggle loses nothing. */
export interface DraftTask {
  key: string;
  mode: Mode;
  name: string;
  script_path: string;
  function_name: string;
  python_callable: string;
  params: Record<string, unknown>;
  dependencies: string[];
  retry_count: number;
  retry_delay: number;
  timeout: number | null;
  /** What this page does not edit, kept as it was. */
  rest: Record<string, unknown>;
}

export interface Draft {
  fields: Fields;
  tasks: DraftTask[];
}

export function fieldsOf(workflow: Workflow): Fields {
  const known = workflow as unknown as Record<string, unknown>;
  return Object.fromEntries(
    FIELDS.filter((name) => name in known).map((name) => [name, known[name]]),
  ) as Fields;
}

const EDITED = new Set([
  ...["name", "script_path", "function_name", "python_callable", "params", "dependencies"],
  ...["retry_count", "retry_delay", "timeout", "created_at", "updated_at", "workflow_id", "id"],
]);

export function draftTask(task: Task): DraftTask {
  const rest = Object.entries(task).filter(([name]) => !EDITED.has(name));
  return {
    key: task.id,
    mode: task.python_callable !== null ? "inline" : "git",
    name: task.name,
    script_path: task.script_path ?? "",
    function_name: task.function_name ?? "",
    python_callable: task.python_callable ?? "",
    params: task.params,
    dependencies: task.dependencies,
    retry_count: task.retry_count,
    retry_delay: task.retry_delay,
    timeout: task.timeout,
    rest: Object.fromEntries(rest),
  };
}

export function newTask(
  tasks: DraftTask[],
  mode: Mode,
  values: Partial<DraftTask> = {},
): DraftTask {
  const name = freeName(values.name ?? "task", tasks);
  return {
    key: crypto.randomUUID(),
    mode,
    script_path: "",
    function_name: "",
    python_callable: `def ${name.replace(/\W/g, "_")}(context):\n    return None\n`,
    params: {},
    dependencies: [],
    retry_count: 0,
    retry_delay: 300,
    timeout: null,
    rest: {},
    ...values,
    name,
  };
}

export function freeName(wanted: string, tasks: Pick<DraftTask, "name">[]): string {
  const taken = new Set(tasks.map((task) => task.name));
  if (!taken.has(wanted)) return wanted;
  let number = 2;
  while (taken.has(`${wanted}_${number}`)) number += 1;
  return `${wanted}_${number}`;
}

/** A task as the API takes it: one mode only. */
export function sentTask(task: DraftTask): Record<string, unknown> {
  const { mode, name, params, dependencies, retry_count, retry_delay, timeout, rest } = task;
  const code =
    mode === "inline"
      ? { python_callable: task.python_callable, script_path: null, function_name: null }
      : {
          python_callable: null,
          script_path: task.script_path.trim(),
          function_name: task.function_name.trim(),
        };
  return {
    ...rest,
    name: name.trim(),
    ...code,
    params,
    dependencies,
    retry_count,
    retry_delay,
    timeout,
  };
}

export function changedFields(before: Fields, after: Fields): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(after).filter(
      ([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name]),
    ),
  );
}

export function sameTasks(a: DraftTask[], b: DraftTask[]): boolean {
  return JSON.stringify(a.map(sentTask)) === JSON.stringify(b.map(sentTask));
}
