import { Text } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { itemsOf, releaseQuery, workflowQuery } from "../api/queries";
import { fileQuery, functionsQuery, repositoryByUrl } from "../api/repositories";
import { Code } from "../editor";
import { Commit } from "./Commit";
import { Loading } from "./Loading";
import { Refused } from "./Refused";

interface Coded {
  name: string;
  script_path?: string | null;
  function_name?: string | null;
  python_callable?: string | null;
}

/** What a task executes: its inline code, or its function as it stands at the commit. */
export function TaskCode({
  workflow,
  release,
  commit,
  task,
}: {
  workflow: string;
  release: number | null;
  commit: string | null | undefined;
  task: Coded;
}) {
  if (task.python_callable) {
    return (
      <Code
        text={task.python_callable}
        language="python"
        label={`Source of ${task.name}`}
        maxHeight="40vh"
      />
    );
  }
  if (!task.script_path || !commit || release === null) {
    return (
      <Text size="sm" c="dimmed">
        Its code is shown here when it is deployed.
      </Text>
    );
  }
  return (
    <FunctionAt
      workflow={workflow}
      release={release}
      commit={commit}
      script={task.script_path}
      fn={task.function_name ?? ""}
    />
  );
}

function FunctionAt({
  workflow,
  release,
  commit,
  script,
  fn,
}: {
  workflow: string;
  release: number;
  commit: string;
  script: string;
  fn: string;
}) {
  const declared = useQuery({ ...workflowQuery(workflow), refetchInterval: false, retry: false });
  const sealed = useQuery({ ...releaseQuery(workflow, release), enabled: declared.isSuccess });
  const repository = useQuery(repositoryByUrl(sealed.data?.git_repository ?? ""));
  const folder = declared.data?.git_subdirectory;
  const path = folder ? `${folder}/${script}` : script;
  const at = { commit };
  const ready = Boolean(repository.data);
  const file = useQuery({ ...fileQuery(repository.data?.id ?? "", at, path), enabled: ready });
  const functions = useInfiniteQuery({
    ...functionsQuery(repository.data?.id ?? "", at, path),
    enabled: ready,
  });
  const error = declared.error ?? sealed.error ?? repository.error ?? file.error;
  if (error) return <Refused error={error} title="Its code cannot be shown" />;
  if (!file.data || functions.isLoading) return <Loading what={`Reading ${path} at the commit`} />;
  const found = itemsOf(functions.data)
    .flatMap((one) => one.functions)
    .find((one) => one.name === fn && one.path === path);
  const [first, last] = found?.lines ?? [];
  const lines = (file.data.text ?? "").split("\n");
  const text = first && last ? lines.slice(first - 1, last).join("\n") : lines.join("\n");
  const anchor = first ? `#L${first}${last ? `-L${last}` : ""}` : "";
  const address = `/repositories/${repository.data?.id}/code?${new URLSearchParams({ ref: commit, path, file: "" })}${anchor}`;
  return (
    <>
      <Text size="xs" mb={4} component="div">
        <Link to={address} className="mono">
          {path}
          {first ? `:${first}` : ""}
        </Link>{" "}
        at <Commit id={commit} copy={false} />
      </Text>
      <Code
        text={text}
        language={path.endsWith(".py") ? "python" : "text"}
        label={`Source of ${fn}`}
        firstLine={first ?? 1}
        maxHeight="40vh"
      />
    </>
  );
}
