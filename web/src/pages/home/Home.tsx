import { Button, Code, Grid, Group, Stack, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { useMemo } from "react";
import { Link } from "react-router";
import { itemsOf, runsQuery, workflowsQuery } from "../../api/queries";
import { Empty } from "../../components/Empty";
import { Loaded } from "../../components/Loading";
import { Page, Panel } from "../../components/Page";
import { RunRows } from "../../components/RunRows";
import { Attention, BehindTheirBranch } from "./Attention";
import { LatestReleases } from "./LatestReleases";
import { RunChart } from "./RunChart";

/** What happens now, what went wrong, what was deployed. */
export default function Home() {
  const all = useInfiniteQuery(workflowsQuery({ limit: 1 }));
  return (
    <Page title="Home" actions={<NewWorkflow />}>
      <Loaded query={all} what="Looking at the workflows">
        {(data) => (itemsOf(data).length === 0 ? <FirstSteps /> : <Overview />)}
      </Loaded>
    </Page>
  );
}

function NewWorkflow() {
  return (
    <Button component={Link} to="/workflows/new" size="xs" leftSection={<Plus size={14} />}>
      New workflow
    </Button>
  );
}

function FirstSteps() {
  return (
    <Panel>
      <Empty
        title="From Git to Airflow"
        action={
          <Stack align="center" gap="xs" mt="sm">
            <Button component={Link} to="/workflows/new" leftSection={<Plus size={16} />}>
              Make your first workflow
            </Button>
            <Text size="sm" c="dimmed">
              or let <Code>taxiway demo</Code> make one that trains on handwritten digits
            </Text>
          </Stack>
        }
      >
        Name a repository, pick functions from it, and deploy. Every task of every run then executes
        exactly one commit, with exactly its packages.
      </Empty>
    </Panel>
  );
}

function Overview() {
  // a day ago, by the minute: the query stays the same while the page is looked at
  const dayAgo = useMemo(
    () => new Date(Date.now() - 86_400_000).toISOString().slice(0, 17) + "00Z",
    [],
  );
  const running = useInfiniteQuery(runsQuery({ state: ["running", "queued"], limit: 10 }));
  const failed = useInfiniteQuery(
    runsQuery({ state: ["failed"], created_after: dayAgo, limit: 10 }),
  );
  return (
    <Stack>
      <Attention />
      <Grid>
        <Grid.Col span={{ base: 12, lg: 8 }}>
          <Stack>
            <Panel title="Running now" pad={false}>
              <Loaded query={running} what="Looking for runs">
                {(data) => <RunsOr runs={itemsOf(data)} none="Nothing runs at the moment." />}
              </Loaded>
            </Panel>
            <Panel title="Failed in the last 24 hours" pad={false}>
              <Loaded query={failed} what="Looking for failed runs">
                {(data) => <RunsOr runs={itemsOf(data)} none="No run has failed." />}
              </Loaded>
            </Panel>
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, lg: 4 }}>
          <Stack>
            <BehindTheirBranch />
            <RunChart />
            <LatestReleases />
          </Stack>
        </Grid.Col>
      </Grid>
    </Stack>
  );
}

function RunsOr({ runs, none }: { runs: Parameters<typeof RunRows>[0]["runs"]; none: string }) {
  if (runs.length > 0) return <RunRows runs={runs} brief />;
  return (
    <Group p="md">
      <Text size="sm" c="dimmed">
        {none}
      </Text>
    </Group>
  );
}
