import { Button, Checkbox, Group, Modal, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { useNavigate } from "react-router";
import { api, body } from "../../api/client";
import type { Workflow } from "../../api/queries";
import { Refused } from "../../components/Refused";
import { useAction } from "../../components/useAction";

export function DeleteDialog({ workflow, close }: { workflow: Workflow; close: () => void }) {
  const go = useNavigate();
  const [cancel, setCancel] = useState(false);
  const remove = useAction(
    () =>
      body(
        api.DELETE("/api/v1/workflows/{workflow_id}", {
          params: { path: { workflow_id: workflow.id }, query: { cancel } },
        }),
      ),
    { refresh: [["workflows", "list"]], done: () => void go("/workflows"), quiet: true },
  );
  return (
    <Modal opened onClose={close} title={`Delete ${workflow.name}?`}>
      <Stack gap="sm">
        <Text size="sm">
          Its schedule ends and its DAG leaves Airflow. The record of its runs stays.
        </Text>
        <Checkbox
          label="Cancel its runs first"
          checked={cancel}
          onChange={(event) => setCancel(event.currentTarget.checked)}
        />
        <Refused error={remove.error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Keep it
          </Button>
          <Button color="red" loading={remove.isPending} onClick={() => remove.mutate()}>
            Delete it
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
