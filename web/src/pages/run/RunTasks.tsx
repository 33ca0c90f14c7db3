import { UnstyledButton } from "@mantine/core";
import type { TaskRun } from "../../api/queries";
import { State } from "../../components/State";
import { Duration, Time } from "../../components/Time";
import { seconds } from "../../components/time";
import { elementText, keyOf, nameOf } from "./elements";
import { PHASES } from "./phases";

/** The tasks as a table, with where the time of each went. */
export function RunTasks({
  tasks,
  selected,
  onSelect,
}: {
  tasks: TaskRun[];
  selected: string | null;
  onSelect: (task: string | null, element?: string | null) => void;
}) {
  return (
    <div className="panel scroll-x">
      <table className="table tight">
        <thead>
          <tr>
            <th>Task</th>
            <th>State</th>
            <th>Try</th>
            <th>Began</th>
            <th>Took</th>
            {PHASES.map((phase) => (
              <th key={phase.key} title={phase.words}>
                {phase.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {tasks.map((task) => (
            <tr key={keyOf(task)} aria-selected={task.task === selected}>
              <td>
                <UnstyledButton
                  fz="sm"
                  fw={600}
                  c="var(--mantine-color-anchor)"
                  onClick={() => onSelect(task.task, elementText(task))}
                >
                  {nameOf(task)}
                </UnstyledButton>
              </td>
              <td>
                <State state={task.state} />
              </td>
              <td>{task.try_number || "–"}</td>
              <td>
                <Time at={task.started_at} />
              </td>
              <td>
                {task.ended_at ? (
                  seconds(task.duration)
                ) : (
                  <Duration from={task.started_at} to={task.ended_at} />
                )}
              </td>
              {PHASES.map((phase) => (
                <td key={phase.key}>{seconds(task.timings?.[phase.key])}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
