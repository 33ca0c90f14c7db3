import { Badge, Button, Group, List, Select, Stack, Text } from "@mantine/core";
import { useInfiniteQuery, useQuery, type UseQueryResult } from "@tanstack/react-query";
import { ArrowLeftRight } from "lucide-react";
import { Link, useSearchParams } from "react-router";
import { api, body, type Schema } from "../../api/client";
import { itemsOf, releasesQuery } from "../../api/queries";
import { Commit } from "../../components/Commit";
import { Diff } from "../../components/Diff";
import { Empty } from "../../components/Empty";
import { Loaded } from "../../components/Loading";
import { Panel } from "../../components/Page";
import { Time } from "../../components/Time";
import { useWorkflow } from "../workflow/Workflow";

type Comparison = Schema["Comparison"];

/** Two releases: commits between, what is declared otherwise, packages, files. */
export default function Compare() {
  const workflow = useWorkflow();
  const [params] = useSearchParams();
  const releases = useInfiniteQuery(releasesQuery(workflow.id));
  const numbers = itemsOf(releases.data)
    .filter((release) => release.digest)
    .map((release) => release.number);
  const head = Number(params.get("head")) || workflow.current_release || 0;
  const base = Number(params.get("base")) || numbers.find((number) => number < head) || 0;
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
    enabled: base > 0 && head > 0,
  });
  if (releases.data && (base === 0 || head === 0)) {
    return (
      <Panel>
        <Empty title="There is nothing to compare yet">It takes two releases.</Empty>
      </Panel>
    );
  }
  return (
    <Stack>
      <Choose base={base} head={head} numbers={numbers} workflow={workflow.id} />
      <Compared query={query} workflow={workflow.id} base={base} head={head} />
    </Stack>
  );
}

/** Which two; both are in the address. */
function Choose({
  base,
  head,
  numbers,
  workflow,
}: {
  base: number;
  head: number;
  numbers: number[];
  workflow: string;
}) {
  const [, setParams] = useSearchParams();
  const all = [...new Set([...numbers, base, head])].filter(Boolean);
  const choose = (values: { base?: number; head?: number }) =>
    setParams((now) => {
      now.set("base", String(values.base ?? base));
      now.set("head", String(values.head ?? head));
      return now;
    });
  return (
    <Group gap="xs">
      <Picker label="From release" numbers={all} value={base} pick={(base) => choose({ base })} />
      <span aria-hidden>→</span>
      <Picker label="To release" numbers={all} value={head} pick={(head) => choose({ head })} />
      <Button
        size="xs"
        variant="default"
        leftSection={<ArrowLeftRight size={13} />}
        onClick={() => choose({ base: head, head: base })}
      >
        The other way round
      </Button>
      <Link to={`/workflows/${workflow}/releases/${head}`}>Release {head} itself</Link>
    </Group>
  );
}

function Picker({
  label,
  numbers,
  value,
  pick,
}: {
  label: string;
  numbers: number[];
  value: number;
  pick: (number: number) => void;
}) {
  const newestFirst = [...numbers].sort((one, other) => other - one);
  return (
    <Select
      size="xs"
      w={140}
      aria-label={label}
      data={newestFirst.map((number) => ({ value: String(number), label: `Release ${number}` }))}
      value={String(value)}
      allowDeselect={false}
      onChange={(number) => pick(Number(number))}
    />
  );
}

function Compared({
  query,
  workflow,
  base,
  head,
}: {
  query: UseQueryResult<Comparison>;
  workflow: string;
  base: number;
  head: number;
}) {
  return (
    <Loaded query={query} what="Comparing the releases">
      {(found) => (
        <Stack>
          {found.identical && (
            <Text size="sm">
              Releases {base} and {head} are the same: equal digests, equal runs.
            </Text>
          )}
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
          {nothing(found) && !found.identical && (
            <Text size="sm">
              Nothing of what runs differs.{" "}
              <Link to={`/workflows/${workflow}/releases`}>All releases</Link>
            </Text>
          )}
        </Stack>
      )}
    </Loaded>
  );
}

function nothing(found: Comparison): boolean {
  const { added, removed, up, down, changed } = found.packages;
  const packages = added.length + removed.length + up.length + down.length + changed.length;
  return found.workflow.length === 0 && packages === 0 && (found.files ?? []).length === 0;
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
