import { Button, Group, List, Modal, Stack, Text, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, body, type Schema } from "../../api/client";
import type { Release, Workflow } from "../../api/queries";
import { Commit } from "../../components/Commit";
import { Loaded } from "../../components/Loading";
import { Refused } from "../../components/Refused";
import { useAction } from "../../components/useAction";

type Answer = Schema["RollbackResponse"];

/** Before anything happens: what will change, and what will not. */
export function RollbackDialog({
  workflow,
  release,
  close,
}: {
  workflow: Workflow;
  release: Release;
  close: () => void;
}) {
  const [message, setMessage] = useState("");
  const order = (dry_run: boolean) =>
    body(
      api.POST("/api/v1/workflows/{workflow_id}/rollback", {
        params: { path: { workflow_id: workflow.id }, query: { dry_run } },
        headers: { "Idempotency-Key": crypto.randomUUID() },
        body: { release: release.number, message: message.trim() || null },
      }),
    ) as Promise<Answer>;
  const plan = useQuery({
    queryKey: ["rollback", workflow.id, release.number],
    queryFn: () => order(true),
    retry: false,
    gcTime: 0,
  });
  const rollBack = useAction(() => order(false), {
    refresh: [["workflows"], ["releases", workflow.id]],
    said: () => `${workflow.name} is back at release ${release.number}, and held there.`,
    done: close,
    quiet: true,
  });
  return (
    <Modal opened onClose={close} title={`Roll back to release ${release.number}?`} size="lg">
      <Loaded query={plan} what="Looking at what would change">
        {(answer) => (
          <Stack gap="sm">
            <Text size="sm">
              From release {answer.from_release ?? "–"} to release {release.number}, commit{" "}
              <Commit id={release.commit} />, exactly as it was sealed.
            </Text>
            <Changes answer={answer} release={release.number} />
            <div>
              <Text size="sm" fw={600}>
                What stays
              </Text>
              <List size="sm">
                <List.Item>Runs in progress go on with what they began with.</List.Item>
                <List.Item>
                  Runs of other releases that are retried execute the release that they had.
                </List.Item>
                <List.Item>What is declared stays as it is, and can be deployed later.</List.Item>
                <List.Item>
                  Release {answer.from_release ?? "–"} is kept: rolling back to it undoes this.
                </List.Item>
                {answer.runs_total > 0 && (
                  <List.Item>
                    What release {answer.from_release} ran (
                    {answer.runs_total === 1 ? "1 run" : `${answer.runs_total} runs`}) keeps its
                    record, and can be run again afterwards.
                  </List.Item>
                )}
              </List>
            </div>
            <TextInput
              label="Why"
              description="Shown to everybody while it is held."
              placeholder="Accuracy fell"
              maxLength={2000}
              value={message}
              onChange={(event) => setMessage(event.currentTarget.value)}
            />
            <Refused error={rollBack.error} />
            <Group justify="flex-end">
              <Button variant="default" onClick={close}>
                Not now
              </Button>
              <Button
                color="orange.9"
                loading={rollBack.isPending}
                onClick={() => rollBack.mutate()}
              >
                Roll back
              </Button>
            </Group>
          </Stack>
        )}
      </Loaded>
    </Modal>
  );
}

function Changes({ answer, release }: { answer: Answer; release: number }) {
  const { changes } = answer;
  const lines = [
    ...changes.fields,
    ...(changes.files ? ["the files of the repository"] : []),
    ...changes.packages.map((p) => `${p.name} ${p.before ?? "–"} → ${p.after ?? "–"}`),
    ...(changes.python.length ? [`Python ${changes.python.join(" → ")}`] : []),
  ];
  return (
    <div>
      <Text size="sm" fw={600}>
        What changes
      </Text>
      <List size="sm">
        <List.Item>
          New runs execute release {release}.{" "}
          {lines.length === 0
            ? "Nothing of what runs differs."
            : `What differs: ${lines.join(", ")}.`}
        </List.Item>
        <List.Item>
          The workflow is held: nothing deploys, and no push does, until somebody resumes it.
        </List.Item>
      </List>
    </div>
  );
}
