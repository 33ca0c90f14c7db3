import { Button, Group, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { api, body, type Schema } from "../../api/client";
import { stackQuery } from "../../api/queries";
import { Loaded } from "../../components/Loading";
import { Panel } from "../../components/Page";
import { Refused } from "../../components/Refused";
import { SafeLink } from "../../components/SafeLink";
import { Time } from "../../components/Time";
import { useAction } from "../../components/useAction";
import { bytes } from "../../values/Reference";

type Stack = Schema["Stack"];

const FOLDERS: Record<string, string> = {
  releases: "sealed releases",
  dags: "DAG files",
  snapshots: "which layers make the files of a tree",
  layers: "files of snapshots, packed",
  locks: "resolved packages, with hashes",
  values: "what tasks returned",
  bundles: "generations",
  shards: "which DAG file each workflow has",
  environments: "virtual environments",
  mirrors: "copies of repositories",
  uv: "downloaded packages",
  pythons: "downloaded Pythons",
};

/** Where things are kept and how much that is; what runs here, in which version. */
export function StackPanels() {
  const stack = useQuery(stackQuery());
  return (
    <Loaded query={stack} what="Measuring storage and caches">
      {(data) => (
        <>
          <Panel
            title="Storage"
            pad={false}
            aside={
              <Text size="xs" c="dimmed">
                measured <Time at={data.measured_at} />
              </Text>
            }
          >
            <Where place={data.storage_url} problem={data.storage_problem} />
            <Holdings label="Storage by folder" holdings={data.storage} />
          </Panel>
          <Panel title="Cache of this host" pad={false}>
            <Where
              place={data.cache}
              problem={null}
              more={
                data.cache_max_size === "0" ? "no limit" : `at most ${data.cache_max_size} are kept`
              }
            />
            <Holdings label="Cache by kind" holdings={data.caches} />
            <CleanUp />
          </Panel>
          <Versions stack={data} />
        </>
      )}
    </Loaded>
  );
}

function Where({ place, problem, more }: { place: string; problem: string | null; more?: string }) {
  return (
    <Text size="sm" px="md" pt="sm" component="div" style={{ overflowWrap: "anywhere" }}>
      <code className="mono">{place}</code>
      {more && (
        <Text component="span" size="xs" c="dimmed">
          {" "}
          {more}
        </Text>
      )}
      {problem && (
        <Text size="sm" c="var(--tw-bad)" role="alert">
          It could not be measured: {problem}
        </Text>
      )}
    </Text>
  );
}

/** Bars say how the whole is shared out; the numbers say it again. */
function Holdings({ label, holdings }: { label: string; holdings: Stack["storage"] }) {
  const whole = holdings.reduce((sum, one) => sum + one.bytes, 0);
  return (
    <div className="scroll-x">
      <table className="table" aria-label={label}>
        <thead>
          <tr>
            <th scope="col">What</th>
            <th scope="col" style={{ textAlign: "right" }}>
              Entries
            </th>
            <th scope="col" style={{ textAlign: "right" }}>
              Size
            </th>
            <th scope="col">Share</th>
          </tr>
        </thead>
        <tbody>
          {holdings.map((one) => (
            <tr key={one.name}>
              <td>
                <Text size="sm" fw={600}>
                  {one.name}
                </Text>
                <Text size="xs" c="dimmed">
                  {FOLDERS[one.name] ?? ""}
                </Text>
              </td>
              <td style={{ textAlign: "right" }}>{one.entries.toLocaleString("en")}</td>
              <td style={{ textAlign: "right", whiteSpace: "nowrap" }}>{bytes(one.bytes)}</td>
              <td style={{ width: "30%" }}>
                <div
                  aria-hidden
                  style={{
                    height: 8,
                    borderRadius: 2,
                    background: "var(--tw-busy)",
                    width: `max(${one.bytes ? 2 : 0}px, ${whole ? (one.bytes / whole) * 100 : 0}%)`,
                  }}
                />
              </td>
            </tr>
          ))}
          <tr>
            <td>
              <Text size="sm">All of it</Text>
            </td>
            <td style={{ textAlign: "right" }}>
              {holdings.reduce((sum, one) => sum + one.entries, 0).toLocaleString("en")}
            </td>
            <td style={{ textAlign: "right", whiteSpace: "nowrap" }}>{bytes(whole)}</td>
            <td />
          </tr>
        </tbody>
      </table>
    </div>
  );
}

/** What the settings let go: first it is only said, then it is done. */
function CleanUp() {
  const clean = useAction(
    (dry_run: boolean) =>
      body(api.POST("/api/v1/cleanup", { params: { query: { dry_run } } })) as Promise<
        Schema["CleanupResponse"]
      >,
    { refresh: [["stack"]], quiet: true },
  );
  const told = clean.data;
  return (
    <Group p="md" gap="sm" style={{ borderTop: "1px solid var(--tw-line)" }}>
      <Button
        size="xs"
        variant="default"
        loading={clean.isPending}
        onClick={() => clean.mutate(true)}
      >
        What can go?
      </Button>
      {told?.dry_run && told.freed_bytes > 0 && (
        <Button size="xs" variant="default" onClick={() => clean.mutate(false)}>
          Remove it
        </Button>
      )}
      {told && (
        <Text size="sm" role="status">
          {told.dry_run ? "It would remove" : "It has removed"} {told.releases.length}{" "}
          {told.releases.length === 1 ? "release" : "releases"} and {bytes(told.freed_bytes)}.
        </Text>
      )}
      <Refused error={clean.error} />
    </Group>
  );
}

function Versions({ stack }: { stack: Stack }) {
  const { versions } = stack;
  const rows = [
    ["Taxiway", versions.taxiway],
    ["Airflow", versions.airflow ?? "it does not answer"],
    ["Python", versions.python],
    ["Git", versions.git ?? "not found"],
    ["Database", `${versions.database}, schema ${versions.database_schema ?? "–"}`],
    ["System", versions.platform],
  ];
  return (
    <Panel title="Versions">
      <table className="facts">
        <tbody>
          {rows.map(([name, value]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td className="mono">{value}</td>
            </tr>
          ))}
          <tr>
            <th scope="row">Airflow's pages</th>
            <td>
              <SafeLink href={stack.airflow_url} />
            </td>
          </tr>
        </tbody>
      </table>
    </Panel>
  );
}
