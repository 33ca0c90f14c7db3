import { Alert, Button, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import type { Credential } from "../../api/access";
import { api, body, type Schema } from "../../api/client";
import { Refused } from "../../components/Refused";
import { useAction } from "../../components/useAction";
import { CredentialDialog } from "./CredentialDialog";

type Open = "test" | "replace" | "delete" | null;

/** Try it, replace its secret, forget it. */
export function CredentialMenu({ credential }: { credential: Credential }) {
  const [open, setOpen] = useState<Open>(null);
  const close = () => setOpen(null);
  return (
    <Group gap={6} wrap="nowrap" justify="flex-end">
      <Button size="compact-xs" variant="default" onClick={() => setOpen("test")}>
        Test…
      </Button>
      <Button size="compact-xs" variant="default" onClick={() => setOpen("replace")}>
        New secret…
      </Button>
      <Button size="compact-xs" variant="default" onClick={() => setOpen("delete")}>
        Delete…
      </Button>
      {open === "test" && <Trial credential={credential} close={close} />}
      {open === "replace" && <CredentialDialog replaced={credential} close={close} done={close} />}
      {open === "delete" && <Forget credential={credential} close={close} />}
    </Group>
  );
}

function Trial({ credential, close }: { credential: Credential; close: () => void }) {
  const [url, setUrl] = useState(credential.last_used_for ?? "");
  const trial = useAction(
    () =>
      body(
        api.POST("/api/v1/credentials/{credential_id}/test", {
          params: { path: { credential_id: credential.id } },
          body: { url: url.trim() },
        }),
      ) as Promise<Schema["CredentialTestResponse"]>,
    { refresh: [["credentials"]], quiet: true },
  );
  const answer = trial.data;
  return (
    <Modal opened onClose={close} title={`Try ${credential.name}`} size="lg">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          trial.mutate();
        }}
      >
        <Stack gap="sm">
          <TextInput
            label="Repository"
            description={`Something on ${credential.host}: it is sent nowhere else.`}
            required
            value={url}
            onChange={(event) => setUrl(event.currentTarget.value)}
          />
          {answer && (
            <Alert
              color={answer.ok ? "green" : "red"}
              title={answer.message}
              role="status"
              styles={{
                title: { color: answer.ok ? "var(--tw-good)" : "var(--tw-bad)" },
                message: { color: "inherit" },
              }}
            >
              {answer.hint && <Text size="sm">{answer.hint}</Text>}
              {answer.fingerprint && <code className="mono">{answer.fingerprint}</code>}
            </Alert>
          )}
          <Refused error={trial.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              Close
            </Button>
            <Button type="submit" loading={trial.isPending}>
              Try it
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

function Forget({ credential, close }: { credential: Credential; close: () => void }) {
  const forget = useAction(
    () =>
      body(
        api.DELETE("/api/v1/credentials/{credential_id}", {
          params: { path: { credential_id: credential.id } },
        }),
      ),
    { refresh: [["credentials"]], done: close, quiet: true },
  );
  return (
    <Modal opened onClose={close} title={`Delete ${credential.name}?`}>
      <Stack gap="sm">
        <Text size="sm">
          Its secret is forgotten. Repositories that need it can no longer be read.
        </Text>
        <Refused error={forget.error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            Keep it
          </Button>
          <Button color="red" loading={forget.isPending} onClick={() => forget.mutate()}>
            Delete it
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
