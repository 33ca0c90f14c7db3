import { Button } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { Ban, Play, RotateCcw } from "lucide-react";
import { lazy, Suspense } from "react";
import { api, body } from "../../api/client";
import { isActive, type Run, runGraphQuery } from "../../api/queries";
import { useAction } from "../../components/useAction";

const RunDialog = lazy(() => import("../workflow/RunDialog"));

/** Cancel what runs; retry what failed; run it again with the params that it had. */
export function RunActions({ run }: { run: Run }) {
  const [again, dialog] = useDisclosure();
  const sealed = useQuery(runGraphQuery(run.id));
  const path = { run_id: run.id };
  const refresh = [["runs"], ["workflows"]];
  const cancel = useAction(
    () => body(api.POST("/api/v1/runs/{run_id}/cancel", { params: { path } })),
    { refresh },
  );
  const retry = useAction(
    () =>
      body(
        api.POST("/api/v1/runs/{run_id}/retry", {
          params: { path },
          headers: { "Idempotency-Key": crypto.randomUUID() },
          body: {},
        }),
      ),
    { refresh },
  );
  return (
    <>
      {isActive(run.state) && (
        <Button
          size="xs"
          variant="default"
          leftSection={<Ban size={14} />}
          loading={cancel.isPending}
          onClick={() => cancel.mutate()}
        >
          Cancel
        </Button>
      )}
      {(run.state === "failed" || run.state === "canceled") && (
        <Button
          size="xs"
          leftSection={<RotateCcw size={14} />}
          loading={retry.isPending}
          onClick={() => retry.mutate()}
        >
          Retry what failed
        </Button>
      )}
      <Button
        size="xs"
        variant="default"
        leftSection={<Play size={14} />}
        loading={again && sealed.isPending}
        onClick={dialog.open}
      >
        Run again…
      </Button>
      <Suspense>
        {again && sealed.data && (
          <RunDialog
            workflow={{ id: run.workflow_id, name: run.workflow_name }}
            before={sealed.data}
            close={dialog.close}
          />
        )}
      </Suspense>
    </>
  );
}
