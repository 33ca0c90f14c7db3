import { Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { FolderSearch } from "lucide-react";
import type { DraftTask } from "./draft";
import { FunctionPicker } from "./FunctionPicker";
import type { RepositoryFunctions } from "./useCatalogue";

/** The script and the function: typed, or picked. */
export function FunctionField({
  task,
  catalogue,
  change,
}: {
  task: DraftTask;
  catalogue: RepositoryFunctions;
  change: (values: Partial<DraftTask>) => void;
}) {
  const [open, picker] = useDisclosure();
  const fn = catalogue.functionOf(task.script_path, task.function_name);
  return (
    <Stack gap={6}>
      <Group align="flex-end" gap="xs" grow preventGrowOverflow={false}>
        <TextInput
          label="Script"
          placeholder="src/train.py"
          value={task.script_path}
          maxLength={500}
          onChange={(event) => change({ script_path: event.currentTarget.value })}
        />
        <TextInput
          label="Function"
          placeholder="train_model"
          value={task.function_name}
          maxLength={255}
          onChange={(event) => change({ function_name: event.currentTarget.value })}
        />
        <Button
          variant="default"
          leftSection={<FolderSearch size={15} />}
          disabled={!catalogue.repository}
          onClick={picker.open}
          style={{ flexGrow: 0 }}
        >
          Pick…
        </Button>
      </Group>
      {fn && (
        <Text size="xs" c="dimmed" component="div">
          <code className="mono">{fn.signature}</code>
          {fn.doc.summary && <div>{fn.doc.summary}</div>}
        </Text>
      )}
      {fn === null && task.function_name && (
        <Text size="xs" c="var(--tw-bad)">
          There is no such function at what a deploy would take.
        </Text>
      )}
      {open && (
        <FunctionPicker
          catalogue={catalogue}
          close={picker.close}
          onPick={(picked) => {
            const unnamed = /^task(_\d+)?$/.test(task.name);
            change({
              script_path: picked.path,
              function_name: picked.name,
              ...(unnamed ? { name: picked.name } : {}),
            });
            picker.close();
          }}
        />
      )}
    </Stack>
  );
}
