import { useMemo } from "react";
import type { SealedTask, TaskRun } from "../../api/queries";
import { Graph, type TaskNode } from "../../graph/Graph";
import { byTask } from "./elements";

/** The run's tasks where they stand, with the dependencies that its release sealed. */
export function RunGraph({
  tasks,
  sealed,
  selected,
  onSelect,
}: {
  tasks: TaskRun[];
  sealed: SealedTask[];
  selected: string | null;
  onSelect: (task: string | null) => void;
}) {
  const nodes = useMemo((): TaskNode[] => {
    const known = new Map(sealed.map((task) => [task.name, task]));
    return byTask(tasks).map(({ task, state, elements, isMapped }) => {
      const found = known.get(task);
      const code = found?.function_name ?? (found?.python_callable ? "inline" : "");
      return {
        name: task,
        dependencies: found?.dependencies ?? [],
        detail: isMapped ? `${code} × ${elements.length}` : code,
        inline: !found?.script_path,
        state,
      };
    });
  }, [tasks, sealed]);
  return <Graph tasks={nodes} selected={selected} onSelect={onSelect} height="46vh" />;
}
