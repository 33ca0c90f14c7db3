import { ActionIcon, Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { Plus, Trash2 } from "lucide-react";
import { useState } from "react";

type Pairs = Record<string, unknown>;

/** Names and texts, one pair a line; a text that reads as a JSON list or object is one. */
export function PairsField({
  label,
  description,
  nameLabel,
  valueLabel,
  placeholder,
  value,
  json = false,
  onChange,
}: {
  label: string;
  description: string;
  nameLabel: string;
  valueLabel: string;
  placeholder: string;
  value: Pairs;
  json?: boolean;
  onChange: (value: Pairs) => void;
}) {
  const [rows, setRows] = useState(() => rowsOf(value));
  const set = (changed: [string, string][]) => {
    setRows(changed);
    onChange(pairsOf(changed, json));
  };
  return (
    <div role="group" aria-label={label}>
      <Text size="sm" fw={600}>
        {label}
      </Text>
      <Text size="xs" c="dimmed" mb={4}>
        {description}
      </Text>
      <Stack gap={4}>
        {rows.map(([name, text], index) => (
          <Group key={index} gap={4} wrap="nowrap">
            <TextInput
              size="xs"
              aria-label={nameLabel}
              placeholder={nameLabel}
              value={name}
              onChange={(event) => set(rows.with(index, [event.currentTarget.value, text]))}
            />
            <TextInput
              size="xs"
              style={{ flex: 1 }}
              aria-label={valueLabel}
              placeholder={placeholder}
              value={text}
              onChange={(event) => set(rows.with(index, [name, event.currentTarget.value]))}
            />
            <ActionIcon
              variant="subtle"
              color="gray"
              aria-label={`Remove ${name || "this line"}`}
              onClick={() => set(rows.filter((_, other) => other !== index))}
            >
              <Trash2 size={13} />
            </ActionIcon>
          </Group>
        ))}
        <Button
          size="compact-xs"
          variant="default"
          w="fit-content"
          leftSection={<Plus size={12} />}
          onClick={() => setRows([...rows, ["", ""]])}
        >
          Add
        </Button>
      </Stack>
    </div>
  );
}

function rowsOf(value: Pairs): [string, string][] {
  return Object.entries(value).map(([name, one]) => [
    name,
    typeof one === "string" ? one : JSON.stringify(one),
  ]);
}

/** Lines without a name are not there yet. */
export function pairsOf(rows: [string, string][], json: boolean): Pairs {
  return Object.fromEntries(
    rows.filter(([name]) => name.trim()).map(([name, text]) => [name.trim(), read(text, json)]),
  );
}

function read(text: string, json: boolean): unknown {
  if (!json || !/^\s*[[{]/.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
