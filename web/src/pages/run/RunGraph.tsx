import { useMemo } from "react";
import type { Task, TaskRun } from "../../api/queries";
import { Graph, type TaskNode } from "../../graph/Graph";

/** The run's tasks where they stand; drawn with the dependencies that are declared now. */
export function RunGraph({
  tasks,
  declared,
  selected,
  onSelect,
}: {
  tasks: TaskRun[];
  declared: Task[] | undefined;
  selected: string | null;
  onSelect: (task: string | null) => void;
}) {
  const nodes = useMemo((): TaskNode[] => {
    const by = new Map(declared?.map((task) => [task.name, task]));
    return tasks.map((run) => {
      const task = by.get(run.task);
      return {
        name: run.task,
        dependencies: task?.dependencies ?? [],
        detail: task?.function_name ?? (task ? "inline" : "no longer declared"),
        inline: !task?.script_path,
        state: run.state,
      };
    });
  }, [tasks, declared]);
  return <Graph tasks={nodes} selected={selected} onSelect={onSelect} height="46vh" />;
}
