import { SegmentedControl, Stack } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useSearchParams } from "react-router";
import { itemsOf, runsQuery } from "../../api/queries";
import { Empty } from "../../components/Empty";
import { Loaded } from "../../components/Loading";
import { More } from "../../components/More";
import { Panel } from "../../components/Page";
import { RunRows } from "../../components/RunRows";
import { useWorkflow } from "../workflow/Workflow";
import { Grid } from "./Grid";

const COUNTS = ["25", "50", "100"];

/** Runs × tasks, and the runs as a list. */
export default function WorkflowRuns() {
  const workflow = useWorkflow();
  const [params, setParams] = useSearchParams();
  const count = COUNTS.includes(params.get("runs") ?? "") ? (params.get("runs") as string) : "25";
  const query = useInfiniteQuery(runsQuery({ workflow_id: workflow.id, limit: Number(count) }));
  return (
    <Loaded query={query} what="Reading the runs">
      {(data) => {
        const runs = itemsOf(data);
        if (runs.length === 0) {
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
                  data={COUNTS}
                  value={count}
                  onChange={(value) =>
                    setParams((now) => {
                      now.set("runs", value);
                      return now;
                    })
                  }
                />
              }
            >
              <Grid workflow={workflow.id} count={Number(count)} />
            </Panel>
            <Panel title="All runs" pad={false}>
              <RunRows runs={runs} workflow={false} />
              <More query={query} />
            </Panel>
          </Stack>
        );
      }}
    </Loaded>
  );
}
