import { Group, Stack, Text } from "@mantine/core";
import { useInfiniteQuery, useQueries } from "@tanstack/react-query";
import { Link } from "react-router";
import { itemsOf, type Release, releaseQuery, workflowsQuery } from "../../api/queries";
import { Commit } from "../../components/Commit";
import { Panel } from "../../components/Page";
import { Time } from "../../components/Time";

/** The current releases of what was changed last, newest first. */
export function LatestReleases() {
  const found = useInfiniteQuery(
    workflowsQuery({ is_deployed: true, order_by: "-updated_at", limit: 8 }),
  );
  const workflows = itemsOf(found.data).filter((w) => w.current_release !== null);
  const releases = useQueries({
    queries: workflows.map((w) => releaseQuery(w.id, w.current_release as number)),
  });
  const rows = workflows
    .map((workflow, index) => ({ workflow, release: releases[index]?.data }))
    .sort((a, b) => shownAt(b.release).localeCompare(shownAt(a.release)));
  return (
    <Panel title="Latest releases">
      {rows.length === 0 && (
        <Text size="sm" c="dimmed">
          Nothing was deployed yet.
        </Text>
      )}
      <Stack gap={10}>
        {rows.map(({ workflow, release }) => (
          <Group key={workflow.id} justify="space-between" gap="xs" wrap="nowrap">
            <Text size="sm" truncate>
              <Link to={`/workflows/${workflow.id}`}>{workflow.name}</Link>{" "}
              <Link to={`/workflows/${workflow.id}/releases/${workflow.current_release}`}>
                #{workflow.current_release}
              </Link>
            </Text>
            <Group gap="xs" wrap="nowrap">
              <Commit id={release?.commit} copy={false} />
              <Text size="xs" c="dimmed">
                <Time at={shownAt(release) || null} />
              </Text>
            </Group>
          </Group>
        ))}
      </Stack>
    </Panel>
  );
}

function shownAt(release: Release | undefined): string {
  return release?.ready_at ?? release?.created_at ?? "";
}
