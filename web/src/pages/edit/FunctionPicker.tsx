import { Modal, Stack, Text, TextInput, UnstyledButton } from "@mantine/core";
import { Search } from "lucide-react";
import { useMemo, useState } from "react";
import type { Fn } from "../../api/repositories";
import { Loading } from "../../components/Loading";
import { Refused } from "../../components/Refused";
import type { RepositoryFunctions } from "./useCatalogue";

const SHOWN = 200;

/** Every function of the repository, by file; found without importing anything. */
export function FunctionPicker({
  catalogue,
  close,
  onPick,
}: {
  catalogue: RepositoryFunctions;
  close: () => void;
  onPick: (fn: Fn) => void;
}) {
  const [typed, setTyped] = useState("");
  const files = useMemo(() => byFile(catalogue.functions, typed), [catalogue.functions, typed]);
  return (
    <Modal opened onClose={close} title="Pick a function" size="lg">
      <Stack gap="sm">
        <TextInput
          data-autofocus
          aria-label="Search functions"
          placeholder="Search by name, file or summary"
          leftSection={<Search size={14} />}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
        <Refused error={catalogue.error} />
        {catalogue.loading && <Loading what="Reading the repository" />}
        <div style={{ maxHeight: "55vh", overflowY: "auto" }}>
          {files.map(([path, functions]) => (
            <section key={path} aria-label={path}>
              <Text size="xs" c="dimmed" className="mono" mt="xs">
                {path}
              </Text>
              {functions.map((fn) => (
                <UnstyledButton key={fn.name} className="pick" onClick={() => onPick(fn)}>
                  <code className="mono">{fn.signature}</code>
                  {fn.doc.summary && (
                    <Text size="xs" c="dimmed">
                      {fn.doc.summary}
                    </Text>
                  )}
                </UnstyledButton>
              ))}
            </section>
          ))}
          {!catalogue.loading && files.length === 0 && (
            <Text size="sm" c="dimmed">
              {typed ? "No function is like that." : "The repository has no functions."}
            </Text>
          )}
        </div>
      </Stack>
    </Modal>
  );
}

export function byFile(functions: Fn[], typed: string): [string, Fn[]][] {
  const wanted = typed.trim().toLowerCase();
  const files = new Map<string, Fn[]>();
  let count = 0;
  for (const fn of functions) {
    const text = `${fn.name} ${fn.path} ${fn.doc.summary}`.toLowerCase();
    if (wanted && !text.includes(wanted)) continue;
    if (count++ >= SHOWN) break;
    files.set(fn.path, [...(files.get(fn.path) ?? []), fn]);
  }
  return [...files];
}
