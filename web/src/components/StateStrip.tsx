import { Link } from "react-router";
import { exact } from "./time";
import { lookOf, stateWords } from "./State";

/** The last runs, oldest first, each with a mark of its own. */
export function StateStrip({
  runs,
}: {
  runs: { id: string; state: string; created_at: string }[];
}) {
  if (runs.length === 0) return <span>never ran</span>;
  return (
    <span className="strip">
      {[...runs].reverse().map((run) => {
        const look = lookOf(run.state);
        const words = `${stateWords(run.state)}, ${exact(run.created_at)}`;
        return (
          <Link
            key={run.id}
            to={`/runs/${run.id}`}
            className={`tone-${look.tone}`}
            title={words}
            aria-label={`Run: ${words}`}
          >
            {look.letter}
          </Link>
        );
      })}
    </span>
  );
}
