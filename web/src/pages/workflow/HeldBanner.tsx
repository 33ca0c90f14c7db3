import { Box, Button, Group, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Ban } from "lucide-react";
import { lazy, Suspense } from "react";
import { api, body } from "../../api/client";
import { itemsOf, runsQuery, type Workflow } from "../../api/queries";
import { Commit } from "../../components/Commit";
import { Notice } from "../../components/Notice";
import { Time } from "../../components/Time";
import { useAction } from "../../components/useAction";

const RerunDialog = lazy(() => import("./RerunDialog"));

/** What the abandoned release ran, done again with the release that is current; if it ran anything. */
function RunAgain({ workflow, abandoned }: { workflow: Workflow; abandoned: number }) {
  const [asking, dialog] = useDisclosure();
  const filter = { workflow_id: workflow.id, release: abandoned, limit: 20 };
  const runs = useInfiniteQuery({ ...runsQuery(filter), refetchInterval: false });
  if (itemsOf(runs.data).length === 0) return null;
  return (
    <>
      <Button size="xs" variant="default" onClick={dialog.open}>
        Run again what release {abandoned} ran…
      </Button>
      <Suspense>
        {asking && (
          <RerunDialog
            workflow={workflow}
            abandoned={abandoned}
            runs={itemsOf(runs.data)}
            total={runs.data?.pages[0]?.total ?? null}
            close={dialog.close}
          />
        )}
      </Suspense>
    </>
  );
}

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
  const { hold } = workflow;
  const abandoned = hold?.abandoned_release ?? null;
  if (!workflow.held) return null;
  return (
    <Box mb="md">
      <Notice
        tone="wait"
        icon={<Ban size={18} />}
        title={`Held at release ${hold?.release ?? workflow.current_release ?? "–"}`}
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
              Runs go on with this release. Nothing deploys, and no push does, until somebody
              resumes it.
            </Text>
            {hold?.pushed_commit && (
              <Text size="sm">
                Pushed meanwhile, and not deployed: <Commit id={hold.pushed_commit} />
              </Text>
            )}
          </div>
          <Group gap="xs">
            {abandoned !== null && <RunAgain workflow={workflow} abandoned={abandoned} />}
            <Button
              size="xs"
              variant="default"
              loading={resume.isPending}
              onClick={() => resume.mutate()}
            >
              Resume
            </Button>
          </Group>
        </Group>
      </Notice>
    </Box>
  );
}
