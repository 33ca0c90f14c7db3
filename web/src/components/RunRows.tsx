import { Text } from "@mantine/core";
import { Link } from "react-router";
import type { Run } from "../api/queries";
import { Commit } from "./Commit";
import { State } from "./State";
import { Duration, Time } from "./Time";

/** Runs as a table; the same one wherever runs are listed. */
export function RunRows({
  runs,
  workflow = true,
  brief = false,
}: {
  runs: Run[];
  workflow?: boolean;
  /** Without what only a list of all runs needs. */
  brief?: boolean;
}) {
  return (
    <div className="scroll-x">
      <table className="table">
        <thead>
          <tr>
            <th>State</th>
            {workflow && <th>Workflow</th>}
            <th>Run</th>
            <th>Release</th>
            {!brief && <th>Commit</th>}
            <th>Began by</th>
            <th>Asked for</th>
            <th>Took</th>
          </tr>
        </thead>
        <tbody>
          {runs.map((run) => (
            <tr key={run.id}>
              <td>
                <State state={run.state} />
              </td>
              {workflow && (
                <td>
                  <Link to={`/workflows/${run.workflow_id}`}>{run.workflow_name}</Link>
                </td>
              )}
              <td>
                <Link to={`/runs/${run.id}`} className="mono">
                  {run.id.slice(0, 8)}
                </Link>
              </td>
              <td>
                {run.release === null ? (
                  "–"
                ) : (
                  <Link to={`/workflows/${run.workflow_id}/releases/${run.release}`}>
                    #{run.release}
                  </Link>
                )}
              </td>
              {!brief && (
                <td>
                  <Commit id={run.commit} copy={false} />
                </td>
              )}
              <td>
                <Text size="sm">{run.trigger}</Text>
              </td>
              <td>
                <Time at={run.created_at} />
              </td>
              <td>
                <Duration from={run.started_at} to={run.ended_at} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
