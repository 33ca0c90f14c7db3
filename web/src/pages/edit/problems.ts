import type { Fn } from "../../api/repositories";
import type { DraftTask } from "./draft";

/** One thing that is wrong, and where: of the deploy check, or found here while typing. */
export interface EditProblem {
  severity: "error" | "warning";
  task: string | null;
  message: string;
  hint?: string;
  file?: string | null;
  line?: number | null;
  code?: string;
  /** A JSON pointer into what is declared: `/git_branch`, `/tasks/train/params/epochs`. */
  pointer?: string;
}

/** The field of the workflow that a problem is at, if it is at one. */
export function fieldOf(problem: EditProblem): string | null {
  const [first] = (problem.pointer ?? "").replace(/^\//, "").split("/");
  return first && first !== "tasks" ? first : null;
}

/** What is wrong with single params of a task, by their names. */
export function paramErrors(problems: EditProblem[], task: string): Record<string, string> {
  const start = `/tasks/${task}/params/`;
  const at = problems.filter(
    ({ pointer, severity }) => severity === "error" && pointer?.startsWith(start),
  );
  return Object.fromEntries(
    at.map(({ pointer, message }) => [pointer?.slice(start.length).split("/")[0] ?? "", message]),
  );
}

/** Those of the server first; of what the page found by itself, what it does not say. */
export function merged(said: EditProblem[], found: EditProblem[]): EditProblem[] {
  const known = new Set(said.map((problem) => `${problem.task}/${problem.message}`));
  const tasks = new Set(said.map((problem) => problem.task));
  return [
    ...said,
    ...found.filter(
      (problem) => !tasks.has(problem.task) && !known.has(`${problem.task}/${problem.message}`),
    ),
  ];
}

export type Catalogue = (path: string, name: string) => Fn | null | undefined;

/** What can be said without the server, on every key. The deploy check says the rest. */
export function localProblems(tasks: DraftTask[], functionOf: Catalogue): EditProblem[] {
  const seen = new Set<string>();
  const found: EditProblem[] = [];
  const say = (task: DraftTask, message: string, hint?: string) =>
    found.push({ severity: "error", task: task.name, message, hint });
  for (const task of tasks) {
    if (!/^[\w.-]+$/.test(task.name))
      say(task, `“${task.name}” is no name for a task`, "Use letters, digits, _, - and .");
    if (seen.has(task.name)) say(task, `Two tasks are called ${task.name}`);
    seen.add(task.name);
    if (task.mode === "inline" && !/^\s*(async\s+)?def\s+\w+/m.test(task.python_callable)) {
      say(task, `${task.name} has no function`, "Inline code is the source of one function.");
    }
    if (task.mode === "git" && (!task.script_path.trim() || !task.function_name.trim())) {
      say(task, `${task.name} has no function yet`, "Pick one of the repository.");
    }
    if (task.mode === "git")
      found.push(...paramProblems(task, functionOf(task.script_path, task.function_name), tasks));
  }
  const circle = cycle(tasks);
  if (circle) {
    found.push({
      severity: "error",
      task: circle[0] ?? null,
      message: `These wait for each other: ${circle.join(" → ")}`,
    });
  }
  return found;
}

function paramProblems(
  task: DraftTask,
  fn: Fn | null | undefined,
  tasks: DraftTask[],
): EditProblem[] {
  if (!fn) return [];
  const names = new Set([
    ...tasks.map((other) => other.name),
    ...Object.keys((task.rest.inputs as object | undefined) ?? {}),
    ...Object.keys((task.rest.expand as object | undefined) ?? {}),
  ]);
  const known = new Set(fn.parameters.map((parameter) => parameter.name));
  const missing = fn.parameters.filter(
    (p) => p.is_required && p.name !== "context" && !(p.name in task.params) && !names.has(p.name),
  );
  const strange = fn.takes_kwargs
    ? []
    : Object.keys(task.params).filter((name) => !known.has(name));
  return [
    ...missing.map(
      (p): EditProblem => ({
        severity: "error",
        task: task.name,
        message: `${fn.name} needs ${p.name}`,
        hint: "Give it as a param, or name a task so.",
      }),
    ),
    ...strange.map(
      (name): EditProblem => ({
        severity: "error",
        task: task.name,
        message: `${fn.name} takes no ${name}`,
        hint: `It takes ${[...known].join(", ") || "nothing"}.`,
      }),
    ),
  ];
}

/** Tasks that wait for each other in a circle, if there are any. */
export function cycle(tasks: Pick<DraftTask, "name" | "dependencies">[]): string[] | null {
  const by = new Map(tasks.map((task) => [task.name, task.dependencies]));
  const done = new Set<string>();
  const visit = (name: string, path: string[]): string[] | null => {
    if (path.includes(name)) return [...path.slice(path.indexOf(name)), name];
    if (done.has(name)) return null;
    for (const before of by.get(name) ?? []) {
      const circle = visit(before, [...path, name]);
      if (circle) return circle;
    }
    done.add(name);
    return null;
  };
  for (const task of tasks) {
    const circle = visit(task.name, []);
    if (circle) return circle;
  }
  return null;
}
