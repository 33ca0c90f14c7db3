import {
  Button,
  Group,
  Modal,
  PasswordInput,
  SegmentedControl,
  Stack,
  Text,
  Textarea,
  TextInput,
} from "@mantine/core";
import { useState } from "react";
import type { Credential } from "../../api/access";
import { api, body } from "../../api/client";
import { fieldErrors } from "../../api/refusal";
import { Refused } from "../../components/Refused";
import { useAction } from "../../components/useAction";

/** A new credential, or a new secret for one. The secret is sent once and never comes back. */
export function CredentialDialog({
  host = "",
  replaced,
  close,
  done,
}: {
  host?: string;
  replaced?: Credential;
  close: () => void;
  done: (credential: Credential) => void;
}) {
  const [kind, setKind] = useState<"token" | "ssh">(replaced?.kind ?? "token");
  const [form, setForm] = useState({ name: "", host, username: "", secret: "", passphrase: "" });
  const set = (values: Partial<typeof form>) => setForm({ ...form, ...values });
  const save = useAction(
    (): Promise<Credential> => {
      const secret = { secret: form.secret || undefined, passphrase: form.passphrase || undefined };
      if (replaced) {
        return body(
          api.PATCH("/api/v1/credentials/{credential_id}", {
            params: { path: { credential_id: replaced.id } },
            body: secret as never,
          }),
        ) as Promise<Credential>;
      }
      return body(
        api.POST("/api/v1/credentials", {
          body: {
            kind,
            host: form.host.trim(),
            ...(form.name.trim() ? { name: form.name.trim() } : {}),
            ...(form.username.trim() ? { username: form.username.trim() } : {}),
            ...secret,
          } as never,
        }),
      ) as Promise<Credential>;
    },
    { refresh: [["credentials"]], done, quiet: true },
  );
  const wrong = fieldErrors(save.error);
  return (
    <Modal
      opened
      onClose={close}
      title={replaced ? `A new secret for ${replaced.name}` : "New credential"}
      size="lg"
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        <Stack gap="sm">
          {!replaced && (
            <>
              <SegmentedControl
                aria-label="Kind"
                data={[
                  { value: "token", label: "Token, for https" },
                  { value: "ssh", label: "Key pair, for ssh" },
                ]}
                value={kind}
                onChange={(value) => setKind(value as "token" | "ssh")}
              />
              <Group grow align="flex-start">
                <TextInput
                  label="Host"
                  description="The one host that it is sent to."
                  placeholder="github.com"
                  required
                  value={form.host}
                  error={wrong.host}
                  onChange={(event) => set({ host: event.currentTarget.value })}
                />
                <TextInput
                  label="Name"
                  description="The host, if it is left empty."
                  value={form.name}
                  error={wrong.name}
                  onChange={(event) => set({ name: event.currentTarget.value })}
                />
              </Group>
            </>
          )}
          {kind === "token" ? (
            <Group grow align="flex-start">
              <PasswordInput
                label="Token"
                required
                autoComplete="off"
                value={form.secret}
                error={wrong.secret ?? wrong.token}
                onChange={(event) => set({ secret: event.currentTarget.value })}
              />
              {!replaced && (
                <TextInput
                  label="User name"
                  description="Empty: what the host wants."
                  value={form.username}
                  error={wrong.username}
                  onChange={(event) => set({ username: event.currentTarget.value })}
                />
              )}
            </Group>
          ) : (
            <>
              <Textarea
                label="Private key"
                description="Leave it empty: Taxiway makes a pair, and shows you the public half."
                autosize
                minRows={3}
                maxRows={10}
                autoComplete="off"
                spellCheck={false}
                value={form.secret}
                error={wrong.secret ?? wrong.private_key}
                onChange={(event) => set({ secret: event.currentTarget.value })}
              />
              {form.secret && (
                <PasswordInput
                  label="Passphrase"
                  description="Used once, and not stored."
                  autoComplete="off"
                  value={form.passphrase}
                  error={wrong.passphrase}
                  onChange={(event) => set({ passphrase: event.currentTarget.value })}
                />
              )}
            </>
          )}
          <Text size="xs" c="dimmed">
            It is sealed before it is stored. Nothing shows it again.
          </Text>
          <Refused error={save.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              Not now
            </Button>
            <Button type="submit" loading={save.isPending}>
              {replaced ? "Replace it" : "Keep it"}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
