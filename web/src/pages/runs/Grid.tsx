import { useQuery } from "@tanstack/react-query";
import { type KeyboardEvent, memo, type MouseEvent, useMemo } from "react";
import { useNavigate } from "react-router";
import "./grid.css";
import type { Schema } from "../../api/client";
import { gridQuery } from "../../api/queries";
import { Loaded } from "../../components/Loading";
import { lookOf, stateWords } from "../../components/State";
import { exact, seconds, span } from "../../components/time";

type GridRun = Schema["GridRun"];

/** The newest runs of a workflow, side by side with the states of their tasks. */
export function Grid({ workflow, count }: { workflow: string; count: number }) {
  const query = useQuery(gridQuery(workflow, count));
  return (
    <Loaded query={query} what={`Reading ${count} runs and their tasks`}>
      {(found) => <Cells runs={found.items} tasks={found.tasks} />}
    </Loaded>
  );
}

/** Runs from left to right, the newest last; bars say how long each took, marks where a release began. */
function Cells({ runs, tasks }: { runs: GridRun[]; tasks: string[] }) {
  const go = useNavigate();
  const ordered = useMemo(() => [...runs].reverse(), [runs]);
  const longest = Math.max(1, ...ordered.map((run) => span(run.started_at, run.ended_at) ?? 0));
  return (
    <div
      className="grid-scroll"
      tabIndex={0}
      role="region"
      aria-label="Grid of runs and tasks: the arrow keys lead from cell to cell"
      onKeyDown={step}
      // one listener for all: a link of the router in each of thousands of cells would be slow
      onClick={(event) => {
        const href = followed(event);
        if (href) void go(href);
      }}
    >
      <table className="grid">
        <thead>
          <tr>
            <th scope="col" className="grid-name">
              <span className="grid-longest">{seconds(longest)}</span>
            </th>
            {ordered.map((run, index) => (
              <Head
                key={run.id}
                run={run}
                longest={longest}
                begins={run.release !== ordered[index - 1]?.release}
              />
            ))}
          </tr>
        </thead>
        <tbody>
          {tasks.map((task) => (
            <tr key={task}>
              <th scope="row" className="grid-name" title={task}>
                {task}
              </th>
              {ordered.map((run) => (
                <Cell key={run.id} run={run.id} state={run.states[task]} task={task} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Where a plain click on a link leads; new tabs and the like are the browser's. */
function followed(event: MouseEvent): string | null {
  if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey)
    return null;
  const link = (event.target as Element).closest("a");
  if (!link) return null;
  event.preventDefault();
  return link.getAttribute("href");
}

const STEPS: Record<string, [number, number]> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

/** To the next cell that is a link; from the grid itself to the newest run. */
function step(event: KeyboardEvent<HTMLElement>): void {
  const way = STEPS[event.key];
  const rows = event.currentTarget.querySelectorAll("tr");
  if (!way || event.altKey || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  const cell = (event.target as Element).closest<HTMLTableCellElement>("td, th");
  const row = cell?.closest("tr")?.rowIndex ?? -1;
  const column = cell?.cellIndex ?? (rows[0]?.cells.length ?? 1) - 1;
  const down = cell ? way[0] : 1;
  const right = cell ? way[1] : 0;
  rows[row + down]?.cells[column + right]?.querySelector("a")?.focus();
}

function Head({ run, longest, begins }: { run: GridRun; longest: number; begins: boolean }) {
  const took = span(run.started_at, run.ended_at);
  const words = `${stateWords(run.state)}, ${seconds(took)}, release ${run.release ?? "–"}, ${exact(run.created_at)}`;
  return (
    <th scope="col" className={begins ? "grid-begins" : ""}>
      <a href={`/runs/${run.id}`} title={words} aria-label={`Run: ${words}`} className="grid-run">
        <span
          className={`grid-bar tone-${lookOf(run.state).tone}`}
          style={{ height: `${Math.max(4, ((took ?? 0) / longest) * 52)}px` }}
        />
        <span className="grid-release">
          {begins && run.release !== null ? `#${run.release}` : ""}
        </span>
      </a>
    </th>
  );
}

const Cell = memo(function Cell({
  run,
  task,
  state,
}: {
  run: string;
  task: string;
  state: string | undefined;
}) {
  if (!state) return <td />;
  const look = lookOf(state);
  const words = `${task}: ${stateWords(state)}`;
  return (
    <td>
      <a
        href={`/runs/${run}?task=${encodeURIComponent(task)}`}
        className={`grid-cell tone-${look.tone}`}
        title={words}
        aria-label={words}
        tabIndex={-1}
      >
        {look.letter}
      </a>
    </td>
  );
});
