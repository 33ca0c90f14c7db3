import { Badge, Group, Text, Tooltip } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { api, body } from "../../api/client";
import type { Workflow } from "../../api/queries";
import { Commit } from "../../components/Commit";
import { scheduleWords } from "../../components/schedule";
import { State } from "../../components/State";
import { StateStrip } from "../../components/StateStrip";
import { Time } from "../../components/Time";

export function WorkflowRow({ workflow }: { workflow: Workflow }) {
  const last = workflow.last_run;
  const strip = useQuery({
    // read anew when the last run is another one, or stands elsewhere
    queryKey: ["runs", "strip", workflow.id, last?.id, last?.state],
    queryFn: () =>
      body(
        api.GET("/api/v1/workflows/{workflow_id}/runs", {
          params: { path: { workflow_id: workflow.id }, query: { limit: 10 } },
        }),
      ),
    enabled: Boolean(last),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const changes = workflow.undeployed_changes.length;
  return (
    <tr>
      <td>
        <Text fw={600} size="sm">
          <Link to={`/workflows/${workflow.id}`}>{workflow.name}</Link>
        </Text>
        <Text size="xs" c="dimmed" maw={360} truncate>
          {workflow.git_repository
            ? `${workflow.git_repository} @ ${workflow.git_branch}`
            : (workflow.description ?? "inline only")}
        </Text>
      </td>
      <td>
        <StateStrip runs={strip.data?.items ?? []} />
      </td>
      <td>
        <Group gap={6} wrap="nowrap">
          {workflow.current_release === null ? (
            <Text size="sm" c="dimmed">
              none
            </Text>
          ) : (
            <Link to={`/workflows/${workflow.id}/releases/${workflow.current_release}`}>
              #{workflow.current_release}
            </Link>
          )}
          {workflow.held && <State state="held" />}
          {workflow.current_release !== null && changes > 0 && (
            <Tooltip label={workflow.undeployed_changes.slice(0, 8).join(", ")}>
              <Badge
                variant="outline"
                color="gray"
                size="sm"
                tabIndex={0}
                styles={{ root: { color: "var(--tw-wait)" } }}
              >
                {changes} not deployed
              </Badge>
            </Tooltip>
          )}
        </Group>
      </td>
      <td>
        <Commit id={workflow.git_commit_sha} copy={false} />
      </td>
      <td>
        <Text size="sm">{scheduleWords(workflow.schedule, workflow.timezone)}</Text>
        {!workflow.is_active && (
          <Text size="xs" c="dimmed">
            schedule off
          </Text>
        )}
      </td>
      <td>
        <Time at={last?.started_at ?? last?.ended_at} />
      </td>
    </tr>
  );
}
