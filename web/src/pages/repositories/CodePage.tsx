import { Button, Group, Stack, Text } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { File, Folder, Link2, Package } from "lucide-react";
import { lazy, Suspense } from "react";
import { Link, useNavigate, useSearchParams } from "react-router";
import { type At, type Entry, readmeQuery, treeQuery } from "../../api/repositories";
import { Commit } from "../../components/Commit";
import { Loaded, Loading } from "../../components/Loading";
import { Panel } from "../../components/Page";
import { bytes } from "../../values/Reference";
import { FileView } from "./FileView";
import { RefPicker, useAt } from "./RefPicker";
import { useRepository } from "./RepositoryPage";

const Markdown = lazy(() => import("../../components/Markdown"));
const ICONS = { file: File, folder: Folder, link: Link2, submodule: Package };

/** Files at a commit: `?ref=&path=` say which; `y` gives the address that stays. */
export default function CodePage() {
  const repository = useRepository();
  const at = useAt();
  const [params] = useSearchParams();
  const path = params.get("path") ?? "";
  const isFile = params.has("file");
  return (
    <Stack>
      <Group gap="md">
        <RefPicker repository={repository.id} />
        <Crumbs path={path} />
      </Group>
      {isFile ? (
        <FileView repository={repository.id} at={at} path={path} />
      ) : (
        <Browse repository={repository.id} at={at} path={path} />
      )}
    </Stack>
  );
}

/** The address of a file or a folder of this page. */
export function useHref() {
  const [params] = useSearchParams();
  const ref = params.get("ref");
  return (path: string, isFile: boolean, at: string | null = ref) => {
    const query = new URLSearchParams({ ...(at ? { ref: at } : {}), ...(path ? { path } : {}) });
    if (isFile) query.set("file", "");
    return `?${query}`;
  };
}

function Crumbs({ path }: { path: string }) {
  const href = useHref();
  const parts = path.split("/").filter(Boolean);
  return (
    <Text size="sm" component="nav" aria-label="Folder">
      <Link to={href("", false)}>root</Link>
      {parts.map((part, index) => (
        <span key={parts.slice(0, index + 1).join("/")}>
          {" / "}
          {index === parts.length - 1 ? (
            part
          ) : (
            <Link to={href(parts.slice(0, index + 1).join("/"), false)}>{part}</Link>
          )}
        </span>
      ))}
    </Text>
  );
}

function Browse({ repository, at, path }: { repository: string; at: At; path: string }) {
  const query = useQuery(treeQuery(repository, at, path));
  const href = useHref();
  const go = useNavigate();
  const commit = query.data?.commit;
  useHotkeys([["y", () => commit && void go(href(path, false, commit), { replace: true })]]);
  return (
    <>
      <Loaded query={query} what="Reading the folder">
        {(page) => (
          <Panel
            title={path || "Files"}
            pad={false}
            aside={
              <Group gap="xs">
                <Commit id={page.commit} />
                <Button
                  size="compact-xs"
                  variant="default"
                  component={Link}
                  to={href(path, false, page.commit)}
                >
                  Permalink
                </Button>
              </Group>
            }
          >
            <table className="table">
              <tbody>
                {page.items.map((entry) => (
                  <Row key={entry.path} entry={entry} />
                ))}
              </tbody>
            </table>
            {page.next_cursor && (
              <Text size="xs" c="dimmed" p="xs">
                Only the first {page.items.length} entries are shown.
              </Text>
            )}
          </Panel>
        )}
      </Loaded>
      {query.data && hasReadme(query.data) && (
        <Readme repository={repository} at={at} path={path} />
      )}
    </>
  );
}

/** Where a folder has none, none is asked for; of a folder too large to be listed nobody knows. */
function hasReadme({ items, next_cursor }: { items: Entry[]; next_cursor?: string | null }) {
  return Boolean(next_cursor) || items.some(({ name }) => /^readme(\.[a-z0-9]+)?$/i.test(name));
}

function Row({ entry }: { entry: Entry }) {
  const href = useHref();
  const Icon = ICONS[entry.kind];
  return (
    <tr>
      <td>
        <Group gap="xs" wrap="nowrap">
          <Icon size={15} aria-label={entry.kind} />
          {entry.kind === "submodule" ? (
            <span>
              {entry.name} <code className="mono">@ {entry.id.slice(0, 8)}</code>
            </span>
          ) : (
            <Link to={href(entry.path, entry.kind !== "folder")}>{entry.name}</Link>
          )}
          {entry.target && (
            <Text size="xs" c="dimmed">
              → {entry.target}
            </Text>
          )}
        </Group>
      </td>
      <td style={{ textAlign: "right" }}>
        <Text size="xs" c="dimmed">
          {entry.size === null ? "" : bytes(entry.size)}
        </Text>
      </td>
    </tr>
  );
}

function Readme({ repository, at, path }: { repository: string; at: At; path: string }) {
  const { data } = useQuery(readmeQuery(repository, at, path));
  if (!data?.text) return null;
  return (
    <Panel title={data.path}>
      {data.format === "markdown" ? (
        <Suspense fallback={<Loading what="Opening the README" />}>
          <Markdown text={data.text} />
        </Suspense>
      ) : (
        <pre style={{ whiteSpace: "pre-wrap", margin: 0 }}>{data.text}</pre>
      )}
    </Panel>
  );
}
