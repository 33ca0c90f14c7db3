import { Button, Group, Text } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { Link, useLocation, useNavigate } from "react-router";
import { type At, fileQuery } from "../../api/repositories";
import { Commit } from "../../components/Commit";
import { Loaded } from "../../components/Loading";
import { Panel } from "../../components/Page";
import { Code } from "../../editor";
import { bytes } from "../../values/Reference";
import { useHref } from "./CodePage";

/** One file, with lines that have addresses (`#L3`, `#L3-L9`). */
export function FileView({ repository, at, path }: { repository: string; at: At; path: string }) {
  const query = useQuery(fileQuery(repository, at, path));
  const href = useHref();
  const go = useNavigate();
  const { hash, search } = useLocation();
  const lines = /^#L(\d+)(?:-L(\d+))?$/.exec(hash);
  const marked: [number, number] | undefined = lines
    ? [Number(lines[1]), Number(lines[2] ?? lines[1])]
    : undefined;
  const commit = query.data?.commit;
  useHotkeys([
    ["y", () => commit && void go(`${href(path, true, commit)}${hash}`, { replace: true })],
  ]);
  return (
    <Loaded query={query} what="Reading the file">
      {(file) => (
        <Panel
          title={path.split("/").pop()}
          pad={false}
          aside={
            <Group gap="xs">
              <Text size="xs" c="dimmed">
                {file.lines === null ? "" : `${file.lines} lines, `}
                {bytes(file.size)}
              </Text>
              <Commit id={file.commit} />
              <Button
                size="compact-xs"
                variant="default"
                component={Link}
                to={`${href(path, true, file.commit)}${hash}`}
              >
                Permalink
              </Button>
            </Group>
          }
        >
          {file.text === null ? (
            <Text p="md" size="sm" c="dimmed">
              {file.is_too_large
                ? `It is larger than ${bytes(file.limit)}, and not shown.`
                : file.is_binary
                  ? "It is no text."
                  : "There is nothing to show."}
            </Text>
          ) : (
            <>
              {file.lfs_size !== null && (
                <Text p="md" size="sm">
                  A pointer of Git LFS, to a file of {bytes(file.lfs_size)}.
                </Text>
              )}
              <Code
                text={file.text}
                language={
                  path.endsWith(".py") ? "python" : path.endsWith(".json") ? "json" : "text"
                }
                label={path}
                marked={marked}
                onLine={(line) => void go(`${search}#L${line}`, { replace: true })}
                maxHeight="70vh"
              />
            </>
          )}
        </Panel>
      )}
    </Loaded>
  );
}
