import { Button, Code, Group, List, Loader, Modal, Stack, Text, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";
import { api, body } from "../../api/client";
import { type Release, releaseQuery, type Workflow } from "../../api/queries";
import { Refusal } from "../../api/refusal";
import { Commit } from "../../components/Commit";
import { Refused } from "../../components/Refused";
import { Duration } from "../../components/Time";
import { useAction } from "../../components/useAction";

const PHASES: Record<string, string> = {
  preparing: "Resolving the commit, checking the tasks, locking the packages",
  publishing: "Publishing: waiting until Airflow shows it",
};

/** Make a release, and show how far it is. */
export function DeployDialog({ workflow, close }: { workflow: Workflow; close: () => void }) {
  const [begun, setBegun] = useState<Release | null>(null);
  const [message, setMessage] = useState("");
  const deploy = useAction(
    () =>
      body(
        api.POST("/api/v1/workflows/{workflow_id}/deploy", {
          params: { path: { workflow_id: workflow.id }, query: { wait: 0 } },
          headers: { "Idempotency-Key": crypto.randomUUID() },
          body: { message: message.trim() || null, resume: workflow.held },
        }),
      ) as Promise<Release>,
    { refresh: [["workflows"], ["releases", workflow.id]], done: setBegun, quiet: true },
  );
  return (
    <Modal opened onClose={close} title={`Deploy ${workflow.name}`} size="lg">
      <Stack gap="sm">
        {begun ? (
          <Progress workflow={workflow} begun={begun} close={close} />
        ) : (
          <>
            <Takes workflow={workflow} />
            <Changes workflow={workflow} />
            <TextInput
              label="Why"
              description="Kept with the release."
              placeholder="New features"
              maxLength={2000}
              value={message}
              onChange={(event) => setMessage(event.currentTarget.value)}
            />
            {workflow.held && (
              <Text size="sm" c="var(--tw-wait)">
                A rollback holds it: this deploy resumes it.
              </Text>
            )}
            <Refused error={deploy.error} />
            <Group justify="flex-end">
              <Button variant="default" onClick={close}>
                Not now
              </Button>
              <Button loading={deploy.isPending} onClick={() => deploy.mutate()}>
                Deploy
              </Button>
            </Group>
          </>
        )}
      </Stack>
    </Modal>
  );
}

function Takes({ workflow }: { workflow: Workflow }) {
  if (!workflow.git_repository)
    return <Text size="sm">It has no repository: its tasks are inline.</Text>;
  if (workflow.git_update_policy === "pinned") {
    return (
      <Text size="sm">
        It takes commit <Commit id={workflow.git_commit_sha} />, to which it is pinned.
      </Text>
    );
  }
  return (
    <Text size="sm">
      It takes the head of <Code>{workflow.git_branch}</Code> of {workflow.git_repository} as it is
      now.
    </Text>
  );
}

function Changes({ workflow }: { workflow: Workflow }) {
  const changes = workflow.undeployed_changes;
  if (workflow.current_release === null || changes.length === 0) return null;
  return (
    <>
      <Text size="sm">Changed since release {workflow.current_release}:</Text>
      <List size="sm">
        {changes.slice(0, 20).map((field) => (
          <List.Item key={field}>
            <Code>{field}</Code>
          </List.Item>
        ))}
      </List>
    </>
  );
}

/** Every failure shows the server's words; every wait says what for. */
function Progress({
  workflow,
  begun,
  close,
}: {
  workflow: Workflow;
  begun: Release;
  close: () => void;
}) {
  const { data: release = begun, error } = useQuery(releaseQuery(workflow.id, begun.number));
  if (error) return <Refused error={error} />;
  if (release.state === "failed") return <FailedRelease release={release} close={close} />;
  if (release.state !== "ready") {
    return (
      <Group gap="sm" role="status" wrap="nowrap">
        <Loader size="sm" />
        <Text size="sm">
          {PHASES[release.state] ?? release.state} · <Duration from={begun.created_at} />
        </Text>
      </Group>
    );
  }
  return (
    <>
      <Text size="sm" role="status">
        Release {release.number} is current{release.commit ? " at commit " : "."}
        {release.commit && <Commit id={release.commit} />}
      </Text>
      {release.notes.map((note) => (
        <Text key={note} size="sm" c="dimmed">
          {note}
        </Text>
      ))}
      <Group justify="flex-end">
        <Button
          component={Link}
          to={`/workflows/${workflow.id}/releases`}
          variant="default"
          onClick={close}
        >
          Its releases
        </Button>
        <Button onClick={close}>Done</Button>
      </Group>
    </>
  );
}

function FailedRelease({ release, close }: { release: Release; close: () => void }) {
  return (
    <>
      <ReleaseError release={release} />
      <Group justify="flex-end">
        <Button variant="default" onClick={close}>
          Close
        </Button>
      </Group>
    </>
  );
}

/** Why a release failed, in the server's words. */
export function ReleaseError({ release }: { release: Release }) {
  const error = (release.error ?? {}) as {
    code?: string;
    message?: string;
    hint?: string;
    problems?: unknown[];
  };
  const problems = (error.problems ?? []) as {
    code: string;
    message: string;
    place?: string;
    hint?: string;
  }[];
  const refusal = new Refusal({
    status: 422,
    code: error.code ?? "deploy-failed",
    detail: error.message ?? "It failed",
    hint: error.hint,
    errors: problems.map((p) => ({ pointer: "", field: p.place ?? "", ...p })),
  });
  return <Refused title={`Release ${release.number} failed`} error={refusal} />;
}
