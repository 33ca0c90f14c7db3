import { Badge, Group, Text, Tooltip } from "@mantine/core";
import { Link } from "react-router";
import type { Workflow } from "../../api/queries";
import { BehindBranch } from "../../components/Behind";
import { Commit } from "../../components/Commit";
import { scheduleWords } from "../../components/schedule";
import { State } from "../../components/State";
import { StateStrip } from "../../components/StateStrip";
import { Time } from "../../components/Time";

export function WorkflowRow({ workflow }: { workflow: Workflow }) {
  const last = workflow.last_run;
  const changes = workflow.undeployed_changes.length;
  return (
    <tr>
      <td>
        <Text fw={600} size="sm">
          <Link to={`/workflows/${workflow.id}`}>{workflow.name}</Link>
        </Text>
        <Text size="xs" c="dimmed" maw={260} truncate>
          {workflow.git_repository
            ? `${workflow.git_repository} @ ${workflow.git_branch}`
            : (workflow.description ?? "inline only")}
        </Text>
      </td>
      <td>
        <StateStrip runs={workflow.recent_runs} />
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
        <Commit
          id={workflow.current_release === null ? null : workflow.git_commit_sha}
          copy={false}
        />
        <div>
          <BehindBranch workflow={workflow} />
        </div>
      </td>
      <td>
        <Text size="sm">{scheduleWords(workflow.schedule, workflow.timezone)}</Text>
        <Text size="xs" c="dimmed">
          {workflow.is_active ? (
            workflow.next_run && (
              <>
                next <Time at={workflow.next_run} />
              </>
            )
          ) : (
            <>schedule off</>
          )}
        </Text>
      </td>
      <td>
        <Time at={last?.started_at ?? last?.ended_at} />
      </td>
    </tr>
  );
}
