import { useQueries } from "@tanstack/react-query";
import { memo, useMemo } from "react";
import { Link } from "react-router";
import "./grid.css";
import { isActive, type Run, type TaskRun, taskRunsQuery } from "../../api/queries";
import { lookOf, stateWords } from "../../components/State";
import { exact, seconds, span } from "../../components/time";

/** Runs from left to right, the newest last; bars say how long each took, marks where a release began. */
export function Grid({ runs }: { runs: Run[] }) {
  const ordered = useMemo(() => [...runs].reverse(), [runs]);
  const answers = useQueries({
    queries: ordered.map((run) => ({
      ...taskRunsQuery(run.id, !isActive(run.state)),
      // what has ended stays as it is
      staleTime: isActive(run.state) ? 0 : Number.POSITIVE_INFINITY,
      refetchInterval: isActive(run.state) ? 3000 : (false as const),
    })),
  });
  const columns = answers.map((answer) => answer.data);
  const tasks = useMemo(
    () => [
      ...new Set(
        [...columns].reverse().flatMap((column) => column?.map((task) => task.task) ?? []),
      ),
    ],
    [columns],
  );
  const longest = Math.max(1, ...ordered.map((run) => span(run.started_at, run.ended_at) ?? 0));
  return (
    <div className="grid-scroll" tabIndex={0} role="region" aria-label="Grid of runs and tasks">
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
              {ordered.map((run, index) => (
                <Cell key={run.id} run={run.id} state={stateOf(columns[index], task)} task={task} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function stateOf(column: TaskRun[] | undefined, task: string): string | undefined {
  return column?.find((found) => found.task === task)?.state;
}

function Head({ run, longest, begins }: { run: Run; longest: number; begins: boolean }) {
  const took = span(run.started_at, run.ended_at);
  const words = `${stateWords(run.state)}, ${seconds(took)}, release ${run.release ?? "–"}, ${exact(run.created_at)}`;
  return (
    <th scope="col" className={begins ? "grid-begins" : ""}>
      <Link to={`/runs/${run.id}`} title={words} aria-label={`Run: ${words}`} className="grid-run">
        <span
          className={`grid-bar tone-${lookOf(run.state).tone}`}
          style={{ height: `${Math.max(4, ((took ?? 0) / longest) * 52)}px` }}
        />
        <span className="grid-release">
          {begins && run.release !== null ? `#${run.release}` : ""}
        </span>
      </Link>
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
      <Link
        to={`/runs/${run}?task=${encodeURIComponent(task)}`}
        className={`grid-cell tone-${look.tone}`}
        title={words}
        aria-label={words}
        tabIndex={-1}
      >
        {look.letter}
      </Link>
    </td>
  );
});
