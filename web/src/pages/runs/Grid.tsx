import { useQuery } from "@tanstack/react-query";
import {
  type CSSProperties,
  type KeyboardEvent,
  type MouseEvent,
  useMemo,
  useRef,
  useState,
} from "react";
import { flushSync } from "react-dom";
import { useNavigate } from "react-router";
import "./grid.css";
import { gridQuery, type GridRun } from "../../api/queries";
import { Loaded } from "../../components/Loading";
import { seconds, span } from "../../components/time";
import { Heads, Row } from "./GridRow";
import { BLOCK, blocks, CELL, gap, type Place, stepped } from "./sight";
import { useSight } from "./useSight";

/** The newest runs of a workflow, side by side with the states of their tasks. */
export function Grid({ workflow, count }: { workflow: string; count: number }) {
  const query = useQuery(gridQuery(workflow, count));
  return (
    <Loaded query={query} what={`Reading ${count} runs and their tasks`}>
      {(found) => <Cells runs={found.items} tasks={found.tasks} />}
    </Loaded>
  );
}

/**
 * Runs from left to right, the newest last; bars say how long each took, marks where a release
 * began. Only what is in sight is drawn, and the cell that has the focus.
 */
function Cells({ runs, tasks }: { runs: GridRun[]; tasks: string[] }) {
  const go = useNavigate();
  const scroller = useRef<HTMLDivElement>(null);
  const names = useRef<HTMLDivElement>(null);
  const ordered = useMemo(() => [...runs].reverse(), [runs]);
  const longest = Math.max(1, ...ordered.map((run) => span(run.started_at, run.ended_at) ?? 0));
  const [sight, look] = useSight(scroller, names, tasks.length, ordered.length);
  const [focused, setFocused] = useState<Place | null>(null);
  const shown = blocks(sight.runs, focused?.run);
  const rows = blocks(sight.rows, focused ? focused.row - 1 : -1).flatMap((first) =>
    Array.from({ length: Math.min(BLOCK, tasks.length - first) }, (_, index) => first + index),
  );

  const step = (event: KeyboardEvent<HTMLElement>) => {
    if (event.altKey || event.ctrlKey || event.metaKey || !event.key.startsWith("Arrow")) return;
    event.preventDefault();
    const size = { rows: tasks.length + 1, runs: ordered.length };
    const place = stepped(event.key, placeOf(event.target), size, ({ row, run }) => {
      const task = tasks[row - 1];
      return row === 0 || (task !== undefined && task in (ordered[run]?.states ?? {}));
    });
    if (!place) return;
    flushSync(() => setFocused(place)); // it may be out of sight: then it is drawn first
    scroller.current?.querySelector<HTMLElement>(`[data-at="${place.row}/${place.run}"]`)?.focus();
  };
  return (
    <div
      className="grid-scroll"
      ref={scroller}
      tabIndex={0}
      role="region"
      aria-label="Grid of runs and tasks: the arrow keys lead from cell to cell"
      onScroll={look}
      onKeyDown={step}
      onFocus={(event) => setFocused(placeOf(event.target))}
      onBlur={() => setFocused(null)}
      // one listener for all: a link of the router in each of thousands of cells would be slow
      onClick={(event) => {
        const href = followed(event);
        if (href) void go(href);
      }}
    >
      <div className="grid" style={sizes(tasks, ordered.length)}>
        <div className="grid-names" ref={names}>
          {rows.map((row, index) => (
            <span
              key={row}
              id={`grid-task-${row}`}
              role="rowheader"
              className="grid-name"
              title={tasks[row]}
              style={{ marginTop: gap(rows, index, 1) }}
            >
              {tasks[row]}
            </span>
          ))}
        </div>
        <div
          role="table"
          className="grid-table"
          aria-label="Runs and the states of their tasks"
          aria-rowcount={tasks.length + 1}
          aria-colcount={ordered.length + 1}
        >
          <div role="rowgroup" className="grid-head">
            <div role="row" aria-rowindex={1}>
              <span role="columnheader" className="grid-corner" aria-label="Task">
                <span className="grid-longest">{seconds(longest)}</span>
              </span>
              {shown.map((first, index) => (
                <Heads
                  key={first}
                  first={first}
                  after={gap(shown, index, BLOCK)}
                  runs={ordered}
                  longest={longest}
                />
              ))}
            </div>
          </div>
          <div role="rowgroup" className="grid-rows">
            {rows.map((row, index) => (
              <Row
                key={row}
                row={row}
                below={gap(rows, index, 1)}
                task={tasks[row] ?? ""}
                runs={ordered}
                shown={shown}
              />
            ))}
          </div>
        </div>
      </div>
    </div>
  );
}

/** The whole of it has its size, however little is drawn. */
function sizes(tasks: string[], runs: number): CSSProperties {
  const letters = Math.max(8, ...tasks.map((task) => task.length));
  return {
    "--names": `min(${letters}ch + 16px, 240px, 40vw)`,
    "--runs": `${runs * CELL}px`,
    "--rows": `${tasks.length * CELL}px`,
  } as CSSProperties;
}

function placeOf(target: EventTarget): Place | null {
  const at = (target as Element).closest<HTMLElement>("[data-at]")?.dataset.at?.split("/");
  return at ? { row: Number(at[0]), run: Number(at[1]) } : null;
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
