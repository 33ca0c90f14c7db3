import { Group, Select } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useSearchParams } from "react-router";
import { itemsOf, runsQuery } from "../../api/queries";
import { Empty } from "../../components/Empty";
import { Loaded } from "../../components/Loading";
import { More } from "../../components/More";
import { Page } from "../../components/Page";
import { RunRows } from "../../components/RunRows";

const STATES = ["queued", "running", "success", "failed", "canceled"];
const TRIGGERS = ["manual", "schedule", "backfill"];

/** The runs of all workflows, newest first. */
export default function Runs() {
  const [params, setParams] = useSearchParams();
  const state = params.get("state");
  const trigger = params.get("trigger");
  const query = useInfiniteQuery(
    runsQuery({ state: state ? [state] : undefined, trigger: trigger ?? undefined, limit: 50 }),
  );
  const narrow = (name: string) => (value: string | null) =>
    setParams((now) => {
      if (value) now.set(name, value);
      else now.delete(name);
      return now;
    });
  return (
    <Page title="Runs">
      <Group mb="sm" gap="sm">
        <Select
          aria-label="State"
          placeholder="Any state"
          data={STATES}
          value={state}
          clearable
          onChange={narrow("state")}
          clearButtonProps={{ "aria-label": "Any state" }}
        />
        <Select
          aria-label="Began by"
          placeholder="Began by anything"
          data={TRIGGERS}
          value={trigger}
          clearable
          onChange={narrow("trigger")}
          clearButtonProps={{ "aria-label": "Began by anything" }}
        />
      </Group>
      <div className="panel">
        <Loaded query={query} what="Reading the runs">
          {(data) => {
            const runs = itemsOf(data);
            if (runs.length > 0) return <RunRows runs={runs} />;
            return <Empty title={state || trigger ? "No run is like that" : "Nothing ran yet"} />;
          }}
        </Loaded>
        <More query={query} />
      </div>
    </Page>
  );
}
