import { memo } from "react";
import type { GridRun } from "../../api/queries";
import { lookOf, stateWords } from "../../components/State";
import { exact, seconds, span } from "../../components/time";
import { BLOCK, CELL, gap } from "./sight";

/** A block ends where the runs do: a row has no room for more. */
function placed(first: number, after: number, runs: number) {
  return { marginLeft: after, width: Math.min(BLOCK, runs - first) * CELL };
}

/** The heads of a block of runs. */
export const Heads = memo(function Heads({
  first,
  after,
  runs,
  longest,
}: {
  first: number;
  /** How far behind what is drawn before it, in pixels. */
  after: number;
  runs: GridRun[];
  longest: number;
}) {
  return (
    <div className="grid-block" style={placed(first, after, runs.length)}>
      {runs.slice(first, first + BLOCK).map((run, index) => (
        <Head
          key={run.id}
          run={run}
          at={first + index}
          longest={longest}
          begins={run.release !== runs[first + index - 1]?.release}
        />
      ))}
    </div>
  );
});

function Head({
  run,
  at,
  longest,
  begins,
}: {
  run: GridRun;
  at: number;
  longest: number;
  begins: boolean;
}) {
  const took = span(run.started_at, run.ended_at);
  const words = `${stateWords(run.state)}, ${seconds(took)}, release ${run.release ?? "–"}, ${exact(run.created_at)}`;
  return (
    <span
      role="columnheader"
      aria-colindex={at + 2}
      className={begins ? "grid-top grid-begins" : "grid-top"}
    >
      <a
        href={`/runs/${run.id}`}
        title={words}
        aria-label={`Run: ${words}`}
        className="grid-run"
        tabIndex={-1}
        data-at={`0/${at}`}
      >
        <span
          className={`grid-bar tone-${lookOf(run.state).tone}`}
          style={{ height: `${Math.max(4, ((took ?? 0) / longest) * 52)}px` }}
        />
        <span className="grid-release">
          {begins && run.release !== null ? `#${run.release}` : ""}
        </span>
      </a>
    </span>
  );
}

/** One task over the runs that are drawn. Its name stands in a column of its own. */
export function Row({
  row,
  below,
  task,
  runs,
  shown,
}: {
  row: number;
  below: number;
  task: string;
  runs: GridRun[];
  shown: number[];
}) {
  return (
    <div
      role="row"
      className="grid-row"
      aria-rowindex={row + 2}
      aria-owns={`grid-task-${row}`}
      style={{ marginTop: below }}
    >
      {shown.map((first, index) => (
        <Block
          key={first}
          first={first}
          after={gap(shown, index, BLOCK)}
          row={row}
          task={task}
          runs={runs}
        />
      ))}
    </div>
  );
}

interface Cells {
  first: number;
  after: number;
  row: number;
  task: string;
  runs: GridRun[];
}

/** Drawn again only when one of its own states has changed. */
const Block = memo(function Block({ first, after, row, task, runs }: Cells) {
  return (
    <div className="grid-block" style={placed(first, after, runs.length)}>
      {runs.slice(first, first + BLOCK).map((run, index) => (
        <Cell key={run.id} run={run} task={task} row={row} at={first + index} />
      ))}
    </div>
  );
}, looksSame);

function looksSame(one: Cells, other: Cells): boolean {
  if (one.task !== other.task || one.first !== other.first) return false;
  if (one.after !== other.after || one.row !== other.row) return false;
  if (one.runs === other.runs) return true;
  for (let at = one.first; at < one.first + BLOCK; at++) {
    const [before, now] = [one.runs[at], other.runs[at]];
    if (before?.id !== now?.id || before?.states[one.task] !== now?.states[one.task]) return false;
  }
  return true;
}

function Cell({ run, task, row, at }: { run: GridRun; task: string; row: number; at: number }) {
  const state = run.states[task];
  if (!state) return <span role="cell" aria-colindex={at + 2} className="grid-place" />;
  const look = lookOf(state);
  const words = `${task}: ${stateWords(state)}`;
  return (
    <span role="cell" aria-colindex={at + 2} className="grid-place">
      <a
        href={`/runs/${run.id}?task=${encodeURIComponent(task)}`}
        className={`grid-cell tone-${look.tone}`}
        title={words}
        aria-label={words}
        tabIndex={-1}
        data-at={`${row + 1}/${at}`}
      >
        {look.letter}
      </a>
    </span>
  );
}
