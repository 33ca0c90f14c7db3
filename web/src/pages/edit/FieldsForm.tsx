import {
  Accordion,
  Autocomplete,
  Group,
  Select,
  Stack,
  TagsInput,
  Text,
  Textarea,
  TextInput,
} from "@mantine/core";
import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { credentialsQuery } from "../../api/access";
import { fieldErrors } from "../../api/refusal";
import { refsQuery, type Repository } from "../../api/repositories";
import { Refused } from "../../components/Refused";
import { scheduleWords } from "../../components/schedule";
import type { Fields } from "./draft";
import { EnvironmentFields } from "./EnvironmentFields";
import { type EditProblem, fieldOf } from "./problems";
import { ScheduleFields } from "./ScheduleFields";

const POLICIES = [
  { value: "on_deploy", label: "The branch's head at each deploy" },
  { value: "on_push", label: "The same, and each push deploys" },
  { value: "pinned", label: "Pinned to one commit" },
];

/** In which section a field stands. */
const SECTIONS: Record<string, string> = {
  git_repository: "code",
  git_branch: "code",
  git_update_policy: "code",
  git_commit_sha: "code",
  git_subdirectory: "code",
  git_credential_id: "code",
  git_auth_type: "code",
  name: "schedule",
  description: "schedule",
  schedule: "schedule",
  timezone: "schedule",
  max_active_runs: "schedule",
  catchup: "schedule",
};

function focusOn(field: string): void {
  const found = document.querySelector<HTMLElement>(`[name="${CSS.escape(field)}"]`);
  found?.scrollIntoView({ block: "center" });
  found?.focus({ preventScroll: true });
}

function problemsByField(problems: EditProblem[]): Record<string, string> {
  const at = problems.flatMap((problem) => {
    const field = problem.severity === "error" ? fieldOf(problem) : null;
    return field ? [[field, problem.message] as const] : [];
  });
  return Object.fromEntries(at);
}

type Change = (fields: Record<string, unknown>) => void;

/** The workflow's own fields; its errors stand at them. */
export function FieldsForm({
  fields,
  repository,
  error,
  problems,
  goneTo,
  onChange,
}: {
  fields: Fields;
  repository: UseQueryResult<Repository>;
  error: unknown;
  problems: EditProblem[];
  /** The field that somebody was led to, and when. */
  goneTo: { field: string; at: number } | null;
  onChange: Change;
}) {
  const wrong = { ...problemsByField(problems), ...fieldErrors(error) };
  const groups = (fields.dependency_groups as string[] | undefined) ?? [];
  const [open, setOpen] = useState<string[]>(fields.git_repository ? [] : ["code"]);
  useEffect(() => {
    if (!goneTo) return;
    const section = SECTIONS[goneTo.field] ?? "more";
    setOpen((now) => [...new Set([...now, section])]);
    const timer = setTimeout(() => focusOn(goneTo.field), 250); // when the section is open
    return () => clearTimeout(timer);
  }, [goneTo]);
  return (
    <Accordion
      variant="contained"
      multiple
      value={open}
      onChange={setOpen}
      styles={{ item: { background: "var(--mantine-color-body)" } }}
    >
      <Accordion.Item value="code">
        <Accordion.Control>
          <Text size="sm" fw={600}>
            Repository:{" "}
            {fields.git_repository
              ? `${fields.git_repository} @ ${fields.git_branch}`
              : "none, inline only"}
          </Text>
        </Accordion.Control>
        <Accordion.Panel>
          <Source fields={fields} repository={repository} wrong={wrong} onChange={onChange} />
        </Accordion.Panel>
      </Accordion.Item>
      <Accordion.Item value="schedule">
        <Accordion.Control>
          <Text size="sm" fw={600}>
            Name and schedule:{" "}
            {scheduleWords(fields.schedule as string | null, fields.timezone as string)}
          </Text>
        </Accordion.Control>
        <Accordion.Panel>
          <ScheduleFields fields={fields} wrong={wrong} onChange={onChange} />
        </Accordion.Panel>
      </Accordion.Item>
      <Accordion.Item value="more">
        <Accordion.Control>
          <Text size="sm" fw={600}>
            Packages, environment and notifications
          </Text>
        </Accordion.Control>
        <Accordion.Panel>
          <Stack gap="sm">
            <Textarea
              label="Requirements"
              name="requirements"
              description="Used where the repository declares none."
              autosize
              minRows={2}
              styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
              value={(fields.requirements as string | null) ?? ""}
              error={wrong.requirements}
              onChange={(event) => onChange({ requirements: event.currentTarget.value || null })}
            />
            <TagsInput
              label="Groups of packages"
              name="dependency_groups"
              description="Of the repository's pyproject.toml, besides its dependencies."
              placeholder={groups.length ? undefined : "none"}
              value={groups}
              error={wrong.dependency_groups}
              onChange={(dependency_groups) => onChange({ dependency_groups })}
            />
            <EnvironmentFields of="workflow" values={fields} wrong={wrong} onChange={onChange} />
            <TextInput
              label="Who hears of failures"
              name="notify_url"
              description="An address that gets a JSON post; it acts at once."
              value={(fields.notify_url as string | null) ?? ""}
              error={wrong.notify_url}
              onChange={(event) => onChange({ notify_url: event.currentTarget.value || null })}
            />
          </Stack>
        </Accordion.Panel>
      </Accordion.Item>
    </Accordion>
  );
}

function Source({
  fields,
  repository,
  wrong,
  onChange,
}: {
  fields: Fields;
  repository: UseQueryResult<Repository>;
  wrong: Record<string, string>;
  onChange: Change;
}) {
  const refs = useQuery({
    ...refsQuery(repository.data?.id ?? ""),
    enabled: Boolean(repository.data),
  });
  const branches = (refs.data?.items ?? [])
    .filter((ref) => ref.kind === "branch")
    .map((ref) => ref.name);
  return (
    <Stack gap="sm">
      <TextInput
        label="Repository"
        name="git_repository"
        placeholder="https://git.example.org/team/models.git"
        maxLength={500}
        value={fields.git_repository ?? ""}
        error={wrong.git_repository}
        onChange={(event) => onChange({ git_repository: event.currentTarget.value || null })}
      />
      {fields.git_repository && <Refused error={repository.error ?? refs.error} />}
      <Group grow align="flex-start">
        <Autocomplete
          label="Branch"
          name="git_branch"
          data={branches}
          maxLength={255}
          value={fields.git_branch}
          error={wrong.git_branch}
          onChange={(git_branch) => onChange({ git_branch })}
        />
        <Select
          label="Which commit a deploy takes"
          name="git_update_policy"
          data={POLICIES}
          allowDeselect={false}
          value={fields.git_update_policy}
          error={wrong.git_update_policy}
          onChange={(git_update_policy) => onChange({ git_update_policy })}
        />
      </Group>
      <Group grow align="flex-start">
        <TextInput
          label="Commit"
          name="git_commit_sha"
          description={
            fields.git_update_policy === "pinned"
              ? "The one it is pinned to."
              : "The last one deployed; another one pins it."
          }
          maxLength={40}
          styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
          value={fields.git_commit_sha ?? ""}
          error={wrong.git_commit_sha}
          onChange={(event) =>
            onChange({ git_commit_sha: event.currentTarget.value.trim() || null })
          }
        />
        <CredentialField fields={fields} wrong={wrong} onChange={onChange} />
      </Group>
      <TextInput
        label="Folder"
        name="git_subdirectory"
        description="The part of the repository that is this workflow's own; empty: all of it."
        placeholder="services/training"
        maxLength={500}
        value={(fields.git_subdirectory as string | null) ?? ""}
        error={wrong.git_subdirectory}
        onChange={(event) => onChange({ git_subdirectory: event.currentTarget.value || null })}
      />
    </Stack>
  );
}

function CredentialField({
  fields,
  wrong,
  onChange,
}: {
  fields: Fields;
  wrong: Record<string, string>;
  onChange: Change;
}) {
  const credentials = useQuery(credentialsQuery());
  return (
    <Select
      label="Credential"
      name="git_credential_id"
      description="For a private repository."
      placeholder="none"
      clearable
      clearButtonProps={{ "aria-label": "No credential" }}
      data={(credentials.data?.items ?? []).map((one) => ({
        value: one.id,
        label: `${one.name} (${one.kind}, ${one.host})`,
      }))}
      value={(fields.git_credential_id as string | null) ?? null}
      error={wrong.git_credential_id ?? wrong.git_auth_type}
      onChange={(id) => {
        const chosen = credentials.data?.items.find((one) => one.id === id);
        onChange({ git_credential_id: id, git_auth_type: chosen?.kind ?? "none" });
      }}
    />
  );
}
