import type { TaskRun } from "../../api/queries";
import { stateWords } from "../../components/State";

/** A task of a run: one task run, or as many as its list has elements. */
export interface TaskOfRun {
  task: string;
  /** The worst of its elements, so that what failed is seen. */
  state: string;
  elements: TaskRun[];
  isMapped: boolean;
}

const GRAVITY = [
  "failed",
  "upstream_failed",
  "up_for_retry",
  "running",
  "queued",
  "scheduled",
  "pending",
  "skipped",
  "removed",
  "success",
];

export function worst(states: string[]): string {
  const rank = (state: string) => {
    const found = GRAVITY.indexOf(state);
    return found < 0 ? GRAVITY.length : found;
  };
  return [...states].sort((one, other) => rank(one) - rank(other))[0] ?? "pending";
}

/** Task runs by task, in the order in which they come; elements by their number. */
export function byTask(runs: TaskRun[]): TaskOfRun[] {
  const found = new Map<string, TaskRun[]>();
  for (const run of runs) found.set(run.task, [...(found.get(run.task) ?? []), run]);
  return [...found].map(([task, elements]) => ({
    task,
    state: worst(elements.map((element) => element.state)),
    elements: [...elements].sort((a, b) => (a.map_index ?? -1) - (b.map_index ?? -1)),
    isMapped: elements.some((element) => (element.map_index ?? -1) >= 0),
  }));
}

/** How a row or a bar is called: `train`, or `train [3]`. */
export function nameOf(run: TaskRun): string {
  const index = run.map_index ?? -1;
  return index >= 0 ? `${run.task} [${index}]` : run.task;
}

export function keyOf(run: TaskRun): string {
  return `${run.task}/${run.map_index ?? -1}`;
}

/** The element as the address names it; null for a task that is not mapped. */
export function elementText(run: TaskRun): string | null {
  const index = run.map_index ?? -1;
  return index >= 0 ? String(index) : null;
}

/** `3 success, 1 failed`: how the elements of a mapped task stand. */
export function countWords(states: string[]): string {
  const counts = new Map<string, number>();
  for (const state of states) counts.set(state, (counts.get(state) ?? 0) + 1);
  return [...counts].map(([state, count]) => `${count} ${stateWords(state)}`).join(", ");
}
