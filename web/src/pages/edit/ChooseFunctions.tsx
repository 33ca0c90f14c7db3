import { Checkbox, Stack, Text, TextInput } from "@mantine/core";
import { Search } from "lucide-react";
import { useMemo, useState } from "react";
import type { Fn } from "../../api/repositories";
import { Loading } from "../../components/Loading";
import { Refused } from "../../components/Refused";
import { Graph } from "../../graph/Graph";
import { byFile } from "./FunctionPicker";
import type { Wiring } from "./wiring";
import { useCatalogue } from "./useCatalogue";
import type { Fields } from "./draft";

/** Pick functions; how they hang together is shown at once. */
export function ChooseFunctions({
  repository,
  branch,
  picked,
  setPicked,
  wiring,
}: {
  repository: string;
  branch: string;
  picked: Fn[];
  setPicked: (picked: Fn[]) => void;
  wiring: Wiring;
}) {
  const fields = useMemo(
    () =>
      ({
        git_branch: branch,
        git_update_policy: "on_deploy",
        git_commit_sha: null,
      }) as unknown as Fields,
    [branch],
  );
  const catalogue = useCatalogue(repository, { fields });
  const [typed, setTyped] = useState("");
  const files = useMemo(() => byFile(catalogue.functions, typed), [catalogue.functions, typed]);
  const isPicked = (fn: Fn) => picked.some((one) => one.path === fn.path && one.name === fn.name);
  const toggle = (fn: Fn) =>
    setPicked(
      isPicked(fn)
        ? picked.filter((one) => one.path !== fn.path || one.name !== fn.name)
        : [...picked, fn],
    );
  if (catalogue.loading) return <Loading what="Reading the functions of the repository" />;
  return (
    <Stack gap="sm">
      <Refused error={catalogue.error} />
      <TextInput
        aria-label="Search functions"
        placeholder="Search by name, file or summary"
        leftSection={<Search size={14} />}
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
      />
      <div
        style={{ maxHeight: 300, overflowY: "auto" }}
        tabIndex={0}
        role="region"
        aria-label="Functions"
      >
        {files.map(([path, functions]) => (
          <Stack key={path} gap={6} mb="sm">
            <Text size="xs" c="dimmed" className="mono">
              {path}
            </Text>
            {functions.map((fn) => (
              <Checkbox
                key={fn.name}
                label={<code className="mono">{fn.signature}</code>}
                description={fn.doc.summary || undefined}
                checked={isPicked(fn)}
                onChange={() => toggle(fn)}
              />
            ))}
          </Stack>
        ))}
        {files.length === 0 && (
          <Text size="sm" c="dimmed">
            {typed
              ? "No function is like that."
              : "There is no function here. You can add inline tasks later."}
          </Text>
        )}
      </div>
      {picked.length > 0 && <Wired wiring={wiring} />}
    </Stack>
  );
}

function Wired({ wiring }: { wiring: Wiring }) {
  const nodes = useMemo(
    () =>
      wiring.tasks.map((task) => ({
        name: task.name,
        dependencies: task.dependencies,
        detail: task.script_path,
        inline: false,
      })),
    [wiring],
  );
  return (
    <>
      <Graph
        key={nodes.map((node) => node.name).join()}
        tasks={nodes}
        onSelect={() => undefined}
        height="300px"
      />
      {wiring.wired.map((one) => (
        <Text key={`${one.task}${one.parameter}`} size="sm">
          {one.task} gets <code className="mono">{one.parameter}</code> from {one.from}.
        </Text>
      ))}
      {wiring.open.map((one) => (
        <Text key={`${one.task}${one.parameter}`} size="sm" c="var(--tw-wait)">
          {one.task} still needs <code className="mono">{one.parameter}</code>: give it as a param
          on the next page.
        </Text>
      ))}
    </>
  );
}
