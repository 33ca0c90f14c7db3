import { SegmentedControl, Stack } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useSearchParams } from "react-router";
import { GRID_COUNTS, gridCount, gridQuery, itemsOf, runsQuery } from "../../api/queries";
import { Empty } from "../../components/Empty";
import { Loaded } from "../../components/Loading";
import { More } from "../../components/More";
import { Panel } from "../../components/Page";
import { RunRows } from "../../components/RunRows";
import { useWorkflow } from "../workflow/Workflow";
import { Grid } from "./Grid";
import { Trends } from "./Trends";

/** Runs × tasks, what changed over the runs, and the runs as a list. */
export default function WorkflowRuns() {
  const workflow = useWorkflow();
  const [params, setParams] = useSearchParams();
  const count = gridCount(params);
  const grid = useQuery(gridQuery(workflow.id, count));
  return (
    <Loaded query={grid} what="Reading the runs">
      {({ items }) => {
        if (items.length === 0) {
          return (
            <Panel>
              <Empty title="It never ran">
                Deploy it and press Run, or give it a schedule. Its runs stand here side by side.
              </Empty>
            </Panel>
          );
        }
        return (
          <Stack>
            <Panel
              title="Runs and their tasks"
              aside={
                <SegmentedControl
                  size="xs"
                  aria-label="How many runs"
                  data={GRID_COUNTS}
                  value={String(count)}
                  onChange={(value) =>
                    setParams((now) => {
                      now.set("runs", value);
                      return now;
                    })
                  }
                />
              }
            >
              <Grid workflow={workflow.id} count={count} />
            </Panel>
            <Trends workflow={workflow.id} runs={items} limit={count} />
            <AllRuns workflow={workflow.id} />
          </Stack>
        );
      }}
    </Loaded>
  );
}

function AllRuns({ workflow }: { workflow: string }) {
  const query = useInfiniteQuery(runsQuery({ workflow_id: workflow, limit: 25 }));
  return (
    <Panel title="All runs" pad={false}>
      <Loaded query={query} what="Reading the list">
        {(data) => <RunRows runs={itemsOf(data)} workflow={false} />}
      </Loaded>
      <More query={query} />
    </Panel>
  );
}
