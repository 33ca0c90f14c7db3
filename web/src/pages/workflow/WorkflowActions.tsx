import { Button, Menu } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { ChevronDown, Play, Rocket, Trash2 } from "lucide-react";
import { lazy, Suspense } from "react";
import { useNavigate } from "react-router";
import { api, body } from "../../api/client";
import type { Workflow } from "../../api/queries";
import { useAction } from "../../components/useAction";
import { DeleteDialog } from "./DeleteDialog";
import { DeployDialog } from "./DeployDialog";

const RunDialog = lazy(() => import("./RunDialog"));

/** Run, deploy, and what is done rarely. */
export function WorkflowActions({ workflow }: { workflow: Workflow }) {
  const go = useNavigate();
  const [deploying, deploy] = useDisclosure();
  const [starting, start] = useDisclosure();
  const [deleting, remove] = useDisclosure();
  const run = useAction(
    () =>
      body(
        api.POST("/api/v1/workflows/{workflow_id}/runs", {
          params: { path: { workflow_id: workflow.id } },
          headers: { "Idempotency-Key": crypto.randomUUID() },
          body: {},
        }),
      ),
    { refresh: [["runs"], ["workflows"]], done: (made) => void go(`/runs/${made.id}`) },
  );
  return (
    <>
      <Button.Group>
        <Button
          size="xs"
          variant="default"
          leftSection={<Play size={14} />}
          loading={run.isPending}
          disabled={workflow.current_release === null}
          onClick={() => run.mutate()}
        >
          Run
        </Button>
        <Menu position="bottom-end">
          <Menu.Target>
            <Button size="xs" variant="default" px={6} aria-label="More actions">
              <ChevronDown size={14} />
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item disabled={workflow.current_release === null} onClick={start.open}>
              Run with other params…
            </Menu.Item>
            <Menu.Item leftSection={<Trash2 size={14} />} color="red" onClick={remove.open}>
              Delete…
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </Button.Group>
      <Button size="xs" leftSection={<Rocket size={14} />} onClick={deploy.open}>
        Deploy
      </Button>
      {deploying && <DeployDialog workflow={workflow} close={deploy.close} />}
      <Suspense>{starting && <RunDialog workflow={workflow} close={start.close} />}</Suspense>
      {deleting && <DeleteDialog workflow={workflow} close={remove.close} />}
    </>
  );
}
