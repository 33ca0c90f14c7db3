import { Button, Grid } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { Link, useSearchParams } from "react-router";
import { isActive, type Task, type TaskRun, taskRunsQuery, tasksQuery } from "../../api/queries";
import { useLiveRun } from "../../api/live";
import { Empty } from "../../components/Empty";
import { Loaded } from "../../components/Loading";
import { Panel } from "../../components/Page";
import { Graph, type TaskNode } from "../../graph/Graph";
import { byTask } from "../run/elements";
import { TaskPanel } from "./TaskPanel";
import { useWorkflow } from "./Workflow";

/** The graph as it is declared, with the states of the last run. */
export default function WorkflowGraph() {
  const workflow = useWorkflow();
  const [params, setParams] = useSearchParams();
  const selected = params.get("task");
  const tasks = useQuery(tasksQuery(workflow.id));
  const last = workflow.last_run;
  useLiveRun(last?.id ?? "", isActive(last?.state));
  const states = useQuery({
    ...taskRunsQuery(last?.id ?? "", !isActive(last?.state)),
    enabled: Boolean(last),
  });
  const select = (task: string | null) =>
    setParams(
      (now) => {
        if (task) now.set("task", task);
        else now.delete("task");
        return now;
      },
      { replace: true },
    );
  return (
    <Loaded query={tasks} what="Reading the tasks">
      {(found) =>
        found.length === 0 ? (
          <Panel>
            <Empty
              title="No task yet"
              action={
                <Button component={Link} to="edit" variant="light">
                  Add tasks
                </Button>
              }
            >
              A task is a function of the repository, or a few lines of Python.
            </Empty>
          </Panel>
        ) : (
          <Grid>
            <Grid.Col span={{ base: 12, md: selected ? 7 : 12, lg: selected ? 8 : 12 }}>
              <Drawn tasks={found} states={states.data} selected={selected} select={select} />
            </Grid.Col>
            {selected && (
              <Grid.Col span={{ base: 12, md: 5, lg: 4 }}>
                <TaskPanel
                  key={selected}
                  task={found.find((task) => task.name === selected)}
                  workflow={workflow}
                  states={states.data?.filter((state) => state.task === selected) ?? []}
                  run={last?.id}
                  close={() => select(null)}
                />
              </Grid.Col>
            )}
          </Grid>
        )
      }
    </Loaded>
  );
}

function Drawn({
  tasks,
  states,
  selected,
  select,
}: {
  tasks: Task[];
  states: TaskRun[] | undefined;
  selected: string | null;
  select: (task: string | null) => void;
}) {
  const nodes = useMemo(() => nodesOf(tasks, states), [tasks, states]);
  return <Graph tasks={nodes} selected={selected} onSelect={select} />;
}

/** What the graph shows of each task. */
export function nodesOf(tasks: Task[], states: TaskRun[] | undefined): TaskNode[] {
  const by = new Map(byTask(states ?? []).map(({ task, state }) => [task, state]));
  return tasks.map((task) => ({
    name: task.name,
    dependencies: task.dependencies,
    detail: task.script_path ? (task.function_name ?? "") : "inline",
    inline: !task.script_path,
    state: by.get(task.name),
  }));
}
