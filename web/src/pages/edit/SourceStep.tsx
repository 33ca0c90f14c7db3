import { Button, Group, Select, Stack, Text, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { type UseQueryResult, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { KeyRound } from "lucide-react";
import { credentialsQuery } from "../../api/access";
import type { Schema } from "../../api/client";
import { itemsOf } from "../../api/queries";
import { repositoriesQuery, type Repository } from "../../api/repositories";
import { Loading } from "../../components/Loading";
import { Refused } from "../../components/Refused";
import { CredentialDialog } from "../credentials/CredentialDialog";

interface Chosen {
  id: string;
  kind: string;
}

/** Which repository, with which credential if it is private, and which branch. */
export function SourceStep({
  url,
  setUrl,
  settled,
  repository,
  refs,
  credential,
  setCredential,
  branch,
  setBranch,
}: {
  url: string;
  setUrl: (url: string) => void;
  settled: string;
  repository: UseQueryResult<Repository>;
  refs: UseQueryResult<Schema["RefPage"]>;
  credential: Chosen | null;
  setCredential: (credential: Chosen | null) => void;
  branch: string;
  setBranch: (branch: string | null) => void;
}) {
  const [adding, dialog] = useDisclosure();
  const credentials = useQuery(credentialsQuery());
  const known = useInfiniteQuery(repositoriesQuery());
  const error = repository.error ?? refs.error;
  const branches =
    refs.data?.items.filter((ref) => ref.kind === "branch").map((ref) => ref.name) ?? [];
  const needsKey = Boolean(settled && (error || credential));
  return (
    <Stack gap="sm">
      <TextInput
        label="Address"
        description="As Git knows it, by https or ssh. If it is private, the credential is asked for next; then come its branch and its functions."
        list="known-repositories"
        placeholder="https://github.com/team/models.git"
        data-autofocus
        maxLength={500}
        value={url}
        onChange={(event) => {
          setUrl(event.currentTarget.value);
          setBranch(null);
        }}
      />
      <datalist id="known-repositories">
        {itemsOf(known.data).map((one) => (
          <option key={one.id} value={one.url} />
        ))}
      </datalist>
      {settled && (repository.isFetching || refs.isFetching) && (
        <Loading what="Looking at the repository" />
      )}
      {settled && (
        <Refused
          error={error}
          retry={() => void (repository.error ? repository : refs).refetch()}
        />
      )}
      {needsKey && (
        <Group align="flex-end" gap="xs">
          <Select
            label="Credential"
            description="If it is private."
            placeholder="none"
            clearable
            clearButtonProps={{ "aria-label": "No credential" }}
            data={(credentials.data?.items ?? []).map((one) => ({
              value: one.id,
              label: `${one.name} (${one.kind}, ${one.host})`,
            }))}
            value={credential?.id ?? null}
            onChange={(id) => {
              const found = credentials.data?.items.find((one) => one.id === id);
              setCredential(found ? { id: found.id, kind: found.kind } : null);
            }}
          />
          <Button variant="default" leftSection={<KeyRound size={14} />} onClick={dialog.open}>
            New credential…
          </Button>
        </Group>
      )}
      {refs.data && (
        <Select
          label="Branch"
          data={branches}
          value={branch || null}
          searchable
          allowDeselect={false}
          maw={420}
          onChange={setBranch}
          nothingFoundMessage="No branch of that name"
        />
      )}
      {refs.data && branches.length === 0 && (
        <Text size="sm">The repository has no branch yet.</Text>
      )}
      {adding && (
        <CredentialDialog
          host={hostOf(url)}
          close={dialog.close}
          done={(made) => {
            setCredential({ id: made.id, kind: made.kind });
            dialog.close();
          }}
        />
      )}
    </Stack>
  );
}

function hostOf(url: string): string {
  const scp = /^[\w.-]+@([\w.-]+):/.exec(url.trim());
  if (scp?.[1]) return scp[1];
  try {
    return new URL(url.trim()).host;
  } catch {
    return "";
  }
}
