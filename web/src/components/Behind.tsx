import { ActionIcon, Group, Text, Tooltip } from "@mantine/core";
import { GitCommitHorizontal, RefreshCw } from "lucide-react";
import { api, body } from "../api/client";
import type { Workflow } from "../api/queries";
import { ago } from "./time";
import { useAction } from "./useAction";

type Seen = Pick<Workflow, "id" | "name" | "behind" | "git_repository" | "current_release">;

/** How far the current release is behind its branch, as it was last seen; and a way to look now. */
export function BehindBranch({ workflow, look = true }: { workflow: Seen; look?: boolean }) {
  const { behind } = workflow;
  if (!workflow.git_repository || workflow.current_release === null) return null;
  return (
    <Group gap={4} wrap="nowrap" display="inline-flex">
      {behind ? (
        <Tooltip
          label={`${behind.branch} was at ${behind.head.slice(0, 8)} when it was looked at ${ago(behind.checked_at)}`}
        >
          <span
            className={`state tone-${behind.is_behind ? "wait" : "good"}`}
            tabIndex={0}
            style={{ fontWeight: 500 }}
          >
            <GitCommitHorizontal size={14} aria-hidden />
            {behindWords(behind)}
          </span>
        </Tooltip>
      ) : (
        <Text size="xs" c="dimmed">
          not looked at
        </Text>
      )}
      {look && <LookNow workflow={workflow} />}
    </Group>
  );
}

export function behindWords(behind: NonNullable<Workflow["behind"]>): string {
  if (!behind.is_behind) return `at the head of ${behind.branch}`;
  if (!behind.commits) return `${behind.branch} has moved`;
  return `${behind.commits} ${behind.commits === 1 ? "commit" : "commits"} behind ${behind.branch}`;
}

function LookNow({ workflow }: { workflow: Pick<Workflow, "id" | "name"> }) {
  const look = useAction(
    () =>
      body(
        api.POST("/api/v1/workflows/{workflow_id}/look", {
          params: { path: { workflow_id: workflow.id } },
        }),
      ),
    { refresh: [["workflows"]] },
  );
  return (
    <Tooltip label="Look at the branch now">
      <ActionIcon
        variant="subtle"
        color="gray"
        size="sm"
        loading={look.isPending}
        aria-label={`Look at the branch of ${workflow.name} now`}
        onClick={() => look.mutate()}
      >
        <RefreshCw size={13} />
      </ActionIcon>
    </Tooltip>
  );
}
