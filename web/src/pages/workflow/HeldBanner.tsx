import { Alert, Button, Group, Text } from "@mantine/core";
import { Ban } from "lucide-react";
import { api, body } from "../../api/client";
import type { Workflow } from "../../api/queries";
import { Commit } from "../../components/Commit";
import { Time } from "../../components/Time";
import { useAction } from "../../components/useAction";

/** A rollback holds the workflow: nothing deploys until somebody resumes it. */
export function HeldBanner({ workflow }: { workflow: Workflow }) {
  const resume = useAction(
    () =>
      body(
        api.POST("/api/v1/workflows/{workflow_id}/resume", {
          params: { path: { workflow_id: workflow.id } },
        }),
      ),
    {
      refresh: [["workflows"], ["releases", workflow.id]],
      said: () => `${workflow.name} is resumed: deploys work again.`,
    },
  );
  if (!workflow.held) return null;
  const { hold } = workflow;
  return (
    <Alert
      color="yellow"
      icon={<Ban size={18} />}
      title={`Held at release ${hold?.release ?? workflow.current_release ?? "–"}`}
      mb="md"
      styles={{ title: { color: "var(--tw-wait)" }, message: { color: "inherit" } }}
    >
      <Group justify="space-between" align="flex-end">
        <div>
          <Text size="sm">
            {hold?.by ? `${hold.by} rolled it back ` : "It was rolled back "}
            {hold?.since && <Time at={hold.since} />}
            {hold?.abandoned_release ? ` from release ${hold.abandoned_release}` : ""}
            {hold?.reason ? `: “${hold.reason}”` : "."}
          </Text>
          <Text size="sm" c="dimmed">
            Runs go on with this release. Nothing deploys, and no push does, until somebody resumes
            it.
          </Text>
          {hold?.pushed_commit && (
            <Text size="sm">
              Pushed meanwhile, and not deployed: <Commit id={hold.pushed_commit} />
            </Text>
          )}
        </div>
        <Button
          size="xs"
          variant="default"
          loading={resume.isPending}
          onClick={() => resume.mutate()}
        >
          Resume
        </Button>
      </Group>
    </Alert>
  );
}
