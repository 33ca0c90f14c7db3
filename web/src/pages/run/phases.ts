import type { TaskRun, Timings } from "../../api/queries";

export interface Phase {
  key: keyof Timings;
  name: string;
  words: string;
  colour: string;
}

/** Where the time of a task goes, in the order in which it goes there. */
export const PHASES: Phase[] = [
  { key: "queued", name: "Queued", words: "waiting for a worker", colour: "var(--phase-queued)" },
  { key: "airflow", name: "Airflow", words: "Airflow's own part", colour: "var(--phase-airflow)" },
  {
    key: "snapshot",
    name: "Snapshot",
    words: "making sure of the files",
    colour: "var(--phase-snapshot)",
  },
  {
    key: "environment",
    name: "Environment",
    words: "making sure of the packages",
    colour: "var(--phase-environment)",
  },
  { key: "start", name: "Start", words: "starting the interpreter", colour: "var(--phase-start)" },
  { key: "import", name: "Import", words: "importing the script", colour: "var(--phase-import)" },
  {
    key: "function",
    name: "Function",
    words: "the function itself",
    colour: "var(--phase-function)",
  },
];

export interface Bar {
  phase: Phase | null;
  from: number;
  to: number;
}

const UNTOLD = 50; // milliseconds that clocks may differ by

/** A task's time as bars on the run's clock, in milliseconds; one bar where no phases are known. */
export function barsOf(task: TaskRun, now: number): Bar[] {
  const begin = task.queued_at ?? task.started_at;
  if (!begin) return [];
  let at = new Date(begin).getTime();
  const end = task.ended_at ? new Date(task.ended_at).getTime() : now;
  if (!task.timings) return [{ phase: null, from: at, to: end }];
  const bars: Bar[] = [];
  for (const phase of PHASES) {
    const took = (task.timings[phase.key] ?? 0) * 1000;
    if (took > 0) bars.push({ phase, from: at, to: at + took });
    at += took;
  }
  // of a task that runs, or that told nothing before it ended, the rest is known as a whole only
  if (end - at > UNTOLD) bars.push({ phase: null, from: at, to: end });
  return bars;
}
