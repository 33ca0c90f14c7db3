import { Badge, Group, List, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useSearchParams } from "react-router";
import { api, body, type Schema } from "../../api/client";
import { Commit } from "../../components/Commit";
import { Diff } from "../../components/Diff";
import { Loaded } from "../../components/Loading";
import { Panel } from "../../components/Page";
import { Time } from "../../components/Time";
import { useWorkflow } from "../workflow/Workflow";

type Comparison = Schema["Comparison"];

/** Two releases: commits between, what is declared otherwise, packages, files. */
export default function Compare() {
  const workflow = useWorkflow();
  const [params] = useSearchParams();
  const base = Number(params.get("base")) || 0;
  const head = Number(params.get("head")) || 0;
  const query = useQuery({
    queryKey: ["releases", workflow.id, "compare", base, head],
    queryFn: ({ signal }) =>
      body(
        api.GET("/api/v1/workflows/{workflow_id}/releases/compare", {
          params: { path: { workflow_id: workflow.id }, query: { base, head } },
          signal,
        }),
      ) as Promise<Comparison>,
    staleTime: 60_000,
    retry: false,
  });
  return (
    <Loaded query={query} what="Comparing the releases">
      {(found) => (
        <Stack>
          <Group gap="xs">
            <Link to={`/workflows/${workflow.id}/releases/${base}`}>Release {base}</Link>
            <span aria-hidden>→</span>
            <Link to={`/workflows/${workflow.id}/releases/${head}`}>Release {head}</Link>
            {found.identical && (
              <Text size="sm">They are the same: equal digests, equal runs.</Text>
            )}
          </Group>
          {found.notes.map((note) => (
            <Text key={note} size="sm" c="dimmed">
              {note}
            </Text>
          ))}
          <Commits title="Commits that came" commits={found.commits} />
          <Commits title="Commits that were left" commits={found.commits_left} />
          <Declared found={found} />
          <Packages packages={found.packages} />
          <Files found={found} />
        </Stack>
      )}
    </Loaded>
  );
}

function Commits({ title, commits }: { title: string; commits: Comparison["commits"] }) {
  if (!commits || commits.length === 0) return null;
  return (
    <Panel title={title}>
      <Stack gap={6}>
        {commits.map((commit) => (
          <Group key={commit.id} gap="sm" wrap="nowrap">
            <Commit id={commit.id} copy={false} />
            <Text size="sm" truncate>
              {commit.subject}
            </Text>
            <Text size="xs" c="dimmed" style={{ whiteSpace: "nowrap" }}>
              {commit.author} <Time at={commit.committed_at} />
            </Text>
          </Group>
        ))}
      </Stack>
    </Panel>
  );
}

function Declared({ found }: { found: Comparison }) {
  if (found.workflow.length === 0) return null;
  return (
    <Panel title="Declared otherwise">
      <List size="sm" spacing={4}>
        {found.workflow.map((change) => (
          <List.Item key={`${change.task}${change.field}${change.text}`}>
            {change.text}{" "}
            {change.is_breaking && (
              <Badge
                size="sm"
                variant="outline"
                color="gray"
                styles={{ root: { color: "var(--tw-bad)" } }}
              >
                may break
              </Badge>
            )}
          </List.Item>
        ))}
      </List>
    </Panel>
  );
}

function Packages({ packages }: { packages: Comparison["packages"] }) {
  const lines = [
    ...packages.added.map((p) => `+ ${p.name} ${p.after}`),
    ...packages.removed.map((p) => `− ${p.name} ${p.before}`),
    ...[...packages.up, ...packages.down, ...packages.changed].map(
      (p) => `${p.name} ${p.before} → ${p.after}`,
    ),
  ];
  if (lines.length === 0) return null;
  return (
    <Panel title="Packages">
      <List size="sm">
        {lines.map((line) => (
          <List.Item key={line}>{line}</List.Item>
        ))}
      </List>
    </Panel>
  );
}

function Files({ found }: { found: Comparison }) {
  if (!found.files) return null;
  return (
    <>
      {found.files.map((file) => (
        <Panel
          key={file.path}
          title={file.path}
          pad={false}
          aside={
            <Text size="xs" c="dimmed">
              {file.status}, +{file.additions} −{file.deletions}
            </Text>
          }
        >
          {file.text ? (
            <Diff text={file.text} label={`What changed in ${file.path}`} />
          ) : (
            <Text size="sm" c="dimmed" p="md">
              {file.omitted ? `Not shown: ${file.omitted}.` : "No text differs."}
            </Text>
          )}
        </Panel>
      ))}
      {Boolean(found.other_files) && (
        <Text size="sm" c="dimmed">
          {found.other_files} more files differ that no task can reach by import.
        </Text>
      )}
    </>
  );
}
