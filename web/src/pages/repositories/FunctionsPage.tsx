import { Group, Stack, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Search } from "lucide-react";
import { useEffect, useState } from "react";
import { Link, useSearchParams } from "react-router";
import { itemsOf } from "../../api/queries";
import { type Fn, type FunctionFile, functionsQuery } from "../../api/repositories";
import { Empty } from "../../components/Empty";
import { Loaded } from "../../components/Loading";
import { More } from "../../components/More";
import { Panel } from "../../components/Page";
import { State } from "../../components/State";
import { useHref } from "./CodePage";
import { RefPicker, useAt } from "./RefPicker";
import { useRepository } from "./RepositoryPage";
import { useUses } from "./useUses";

/** Every function of the repository: signature, doc, used by; and why a file was skipped. */
export default function FunctionsPage() {
  const repository = useRepository();
  const at = useAt();
  const [params, setParams] = useSearchParams();
  const [typed, setTyped] = useState(params.get("q") ?? "");
  const [q] = useDebouncedValue(typed.trim(), 250);
  useEffect(() => {
    setParams(
      (now) => {
        if (q) now.set("q", q);
        else now.delete("q");
        return now;
      },
      { replace: true },
    );
  }, [q, setParams]);
  const query = useInfiniteQuery(functionsQuery(repository.id, at, "", q));
  const uses = useUses(repository.url);
  return (
    <Stack>
      <Group>
        <RefPicker repository={repository.id} />
        <TextInput
          aria-label="Search functions"
          placeholder="Search by name, file or summary"
          w={300}
          leftSection={<Search size={14} />}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
      </Group>
      <Loaded query={query} what="Reading the functions; nothing is imported">
        {(data) => {
          const files = itemsOf(data).filter((file) => file.functions.length > 0 || file.problem);
          if (files.length === 0)
            return <Empty title={q ? "No function is like that" : "There is no function here"} />;
          return (
            <Stack>
              {files.map((file) => (
                <OneFile key={file.path} file={file} uses={uses} />
              ))}
            </Stack>
          );
        }}
      </Loaded>
      <More query={query} />
    </Stack>
  );
}

type Uses = ReturnType<typeof useUses>;

function OneFile({ file, uses }: { file: FunctionFile; uses: Uses }) {
  const href = useHref();
  return (
    <Panel
      title={file.path}
      aside={
        <Link to={`../code${href(file.path, true)}`} relative="path">
          code
        </Link>
      }
    >
      <Stack gap="md">
        {file.problem && (
          <Group gap="xs">
            <State state="skipped" />
            <Text size="sm">
              {file.problem.reason} (line {file.problem.line}). {file.problem.hint}
            </Text>
          </Group>
        )}
        {file.functions.map((fn) => (
          <OneFunction key={fn.name} fn={fn} uses={uses} />
        ))}
      </Stack>
    </Panel>
  );
}

function OneFunction({ fn, uses }: { fn: Fn; uses: Uses }) {
  const href = useHref();
  const users = uses(fn.path, fn.name);
  const described = fn.parameters.filter((parameter) => parameter.description);
  return (
    <div>
      <Link to={`../code${href(fn.path, true)}#L${fn.lines[0]}-L${fn.lines[1]}`} relative="path">
        <code className="mono">{fn.signature}</code>
      </Link>
      {fn.doc.summary && <Text size="sm">{fn.doc.summary}</Text>}
      {described.length > 0 && (
        <table className="facts">
          <tbody>
            {described.map((parameter) => (
              <tr key={parameter.name}>
                <th scope="row" className="mono">
                  {parameter.name}
                </th>
                <td>{parameter.description}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {fn.open.map((words) => (
        <Text key={words} size="xs" c="dimmed">
          {words}
        </Text>
      ))}
      {users.length > 0 && (
        <Text size="xs" c="dimmed">
          Used by{" "}
          {users.map((user, index) => (
            <span key={`${user.id}${user.task}`}>
              {index > 0 && ", "}
              <Link to={`/workflows/${user.id}?task=${encodeURIComponent(user.task)}`}>
                {user.name} › {user.task}
              </Link>
            </span>
          ))}
        </Text>
      )}
    </div>
  );
}
