import { Grid, SegmentedControl, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useParams, useSearchParams } from "react-router";
import { useLiveRun } from "../../api/live";
import {
  isActive,
  type Run as RunData,
  runGraphQuery,
  runQuery,
  taskRunsQuery,
} from "../../api/queries";
import { Loaded, Loading } from "../../components/Loading";
import { Page } from "../../components/Page";
import { State } from "../../components/State";
import { byTask } from "./elements";
import { Gantt } from "./Gantt";
import { RunActions } from "./RunActions";
import { RunFacts } from "./RunFacts";
import { RunGraph } from "./RunGraph";
import { RunTasks } from "./RunTasks";
import { TaskRunPanel } from "./TaskRunPanel";

const VIEWS = [
  { value: "graph", label: "Graph" },
  { value: "gantt", label: "Gantt" },
  { value: "table", label: "Table" },
];

/** What the log of a task is searched for goes with its panel. */
const CLOSED = { tab: null, q: null, level: null, airflow: null };

/** One run, live. */
export default function Run() {
  const { id = "" } = useParams();
  const query = useQuery(runQuery(id));
  return (
    <Loaded query={query} what="Reading the run">
      {(run) => <Seen run={run} />}
    </Loaded>
  );
}

function Seen({ run }: { run: RunData }) {
  const [params, setParams] = useSearchParams();
  const active = isActive(run.state);
  const live = useLiveRun(run.id, active);
  const tasks = useQuery(taskRunsQuery(run.id, !active));
  const sealed = useQuery(runGraphQuery(run.id));
  const view = params.get("view") ?? "graph";
  const selected = params.get("task");
  const change = useMemo(
    () => (changes: Record<string, string | null>) =>
      setParams(
        (now) => {
          for (const [name, value] of Object.entries(changes)) {
            if (value === null) now.delete(name);
            else now.set(name, value);
          }
          return now;
        },
        { replace: true },
      ),
    [setParams],
  );
  const select = (task: string | null, element: string | null = null) =>
    change({ task, element, line: null, try: null, ...(task ? {} : CLOSED) });
  return (
    <Page
      title={`Run ${run.id.slice(0, 8)}`}
      crumbs={[
        { to: "/workflows", text: "Workflows" },
        { to: `/workflows/${run.workflow_id}`, text: run.workflow_name },
        { to: `/workflows/${run.workflow_id}/runs`, text: "Runs" },
      ]}
      beside={
        <>
          <State state={run.state} />
          {active && (
            <Text size="xs" c="dimmed" role="status">
              {live === "polling" ? "looked at every 5 s" : live}
            </Text>
          )}
        </>
      }
      actions={<RunActions run={run} />}
    >
      <RunFacts run={run} />
      <SegmentedControl
        my="md"
        size="xs"
        aria-label="View"
        data={VIEWS}
        value={view}
        onChange={(value) => change({ view: value === "graph" ? null : value })}
      />
      <Loaded query={tasks} what="Reading its tasks">
        {(found) => (
          <Grid>
            <Grid.Col span={{ base: 12, md: selected ? 6 : 12 }}>
              {view === "gantt" ? (
                <Gantt run={run} tasks={found} selected={selected} onSelect={select} />
              ) : view === "table" ? (
                <RunTasks tasks={found} selected={selected} onSelect={select} />
              ) : sealed.isPending ? (
                <Loading what="Reading the graph of its release" />
              ) : (
                <RunGraph
                  tasks={found}
                  sealed={sealed.data ?? []}
                  selected={selected}
                  onSelect={select}
                />
              )}
            </Grid.Col>
            {selected && (
              <Grid.Col span={{ base: 12, md: 6 }}>
                <TaskRunPanel
                  key={selected}
                  run={run}
                  name={selected}
                  task={byTask(found).find((task) => task.task === selected)}
                  sealed={sealed.data?.find((task) => task.name === selected)}
                  close={() => select(null)}
                />
              </Grid.Col>
            )}
          </Grid>
        )}
      </Loaded>
    </Page>
  );
}
