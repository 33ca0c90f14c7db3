import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { Link } from "react-router";
import { api, body, type Schema } from "../../api/client";
import type { Run, Workflow } from "../../api/queries";
import { Refused } from "../../components/Refused";
import { RunRows } from "../../components/RunRows";
import { useAction } from "../../components/useAction";

type Answer = Schema["RerunResponse"];

/** Before anything starts: which runs are done again, and with what. Then what became of each. */
export default function RerunDialog({
  workflow,
  abandoned,
  runs,
  total,
  close,
}: {
  workflow: Workflow;
  abandoned: number;
  /** The newest of them. */
  runs: Run[];
  total: number | null;
  close: () => void;
}) {
  const again = useAction(
    () =>
      body(
        api.POST("/api/v1/workflows/{workflow_id}/reruns", {
          params: { path: { workflow_id: workflow.id } },
          headers: { "Idempotency-Key": crypto.randomUUID() },
          body: { release: abandoned },
        }),
      ) as Promise<Answer>,
    { refresh: [["runs"], ["workflows"]], quiet: true },
  );
  const count = total ?? runs.length;
  return (
    <Modal opened onClose={close} title={`Run again what release ${abandoned} ran?`} size="xl">
      <Stack gap="sm">
        {again.data ? (
          <Started answer={again.data} />
        ) : (
          <>
            <Text size="sm">
              {count === 1
                ? `The run of release ${abandoned} once more`
                : `The ${count} runs of release ${abandoned}, each once more`}
              , with release {workflow.current_release}, the same params and for the same moment.
              What ran before stays as it is.
            </Text>
            <div style={{ maxHeight: "40vh", overflowY: "auto" }}>
              <RunRows runs={runs} workflow={false} />
            </div>
            {count > runs.length && (
              <Text size="xs" c="dimmed">
                The newest {runs.length} are shown.
              </Text>
            )}
          </>
        )}
        <Refused error={again.error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            {again.data ? "Close" : "Not now"}
          </Button>
          {!again.data && (
            <Button loading={again.isPending} onClick={() => again.mutate()}>
              {count === 1 ? "Start the run" : `Start ${count} runs`}
            </Button>
          )}
        </Group>
      </Stack>
    </Modal>
  );
}

function Started({ answer }: { answer: Answer }) {
  const refused = answer.items.filter((item) => item.error);
  return (
    <>
      <Text size="sm" role="status">
        {answer.started} of {answer.total} {answer.total === 1 ? "run was" : "runs were"} started.
      </Text>
      {answer.items.slice(0, 50).map(
        ({ run, again }) =>
          again && (
            <Text key={run} size="sm">
              <Link to={`/runs/${again.id}`} className="mono">
                {again.id.slice(0, 8)}
              </Link>{" "}
              does {run.slice(0, 8)} again
            </Text>
          ),
      )}
      {refused.map(({ run, error }) => (
        <Text key={run} size="sm" c="var(--tw-bad)">
          {run.slice(0, 8)}: {String(error?.message ?? "")} {String(error?.hint ?? "")}
        </Text>
      ))}
    </>
  );
}
