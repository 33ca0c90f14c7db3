import { Button, Group, Modal, Stack, Text, TextInput, UnstyledButton } from "@mantine/core";
import { Folder as FolderIcon, Search } from "lucide-react";
import { useMemo, useState } from "react";
import type { Fn } from "../../api/repositories";
import { Loading } from "../../components/Loading";
import { Refused } from "../../components/Refused";
import { commonFolder, inFolder } from "./folders";
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
  const [opened, setOpened] = useState<string | null>(null);
  const folder = opened ?? commonFolder(catalogue.functions);
  const found = useMemo(
    () =>
      typed.trim()
        ? { folders: [], files: byFile(catalogue.functions, typed) }
        : inFolder(catalogue.functions, folder),
    [catalogue.functions, typed, folder],
  );
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
        {!typed.trim() && <Crumbs folder={folder} open={setOpened} />}
        <div style={{ maxHeight: "55vh", overflowY: "auto" }}>
          {found.folders.map(([name, count]) => (
            <UnstyledButton
              key={name}
              className="pick"
              onClick={() => setOpened(folder ? `${folder}/${name}` : name)}
            >
              <Group gap="xs" wrap="nowrap">
                <FolderIcon size={15} aria-hidden />
                <Text size="sm">{name}</Text>
                <Text size="xs" c="dimmed">
                  {count} {count === 1 ? "function" : "functions"}
                </Text>
              </Group>
            </UnstyledButton>
          ))}
          {found.files.map(([path, functions]) => (
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
          {!catalogue.loading && found.folders.length + found.files.length === 0 && (
            <Text size="sm" c="dimmed">
              {typed ? "No function is like that." : "The repository has no functions."}
            </Text>
          )}
        </div>
      </Stack>
    </Modal>
  );
}

function Crumbs({ folder, open }: { folder: string; open: (folder: string) => void }) {
  const parts = folder.split("/").filter(Boolean);
  return (
    <Group gap={4} component="nav" aria-label="Folder">
      <Button size="compact-xs" variant="subtle" onClick={() => open("")}>
        root
      </Button>
      {parts.map((part, index) => (
        <Button
          key={parts.slice(0, index + 1).join("/")}
          size="compact-xs"
          variant="subtle"
          onClick={() => open(parts.slice(0, index + 1).join("/"))}
        >
          {part}
        </Button>
      ))}
    </Group>
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
