import { Button, Group, Select, Switch, TextInput } from "@mantine/core";
import { Download, Search } from "lucide-react";
import { LEVELS } from "./matching";
import type { LogView } from "./useLogView";

/** What is looked for in a log, and which of its tries. */
export function LogBar({
  view,
  tried,
  tries,
  download,
}: {
  view: LogView;
  tried: number;
  tries: number;
  /** None where there is nothing to download. */
  download: (() => void) | null;
}) {
  return (
    <Group gap="xs" mb="xs">
      <TextInput
        size="xs"
        aria-label="Search the log"
        placeholder="Search"
        leftSection={<Search size={13} />}
        value={view.typed}
        onChange={(event) => view.setTyped(event.currentTarget.value)}
        w={150}
      />
      <Select
        size="xs"
        aria-label="Lowest level"
        data={LEVELS.map((name) => ({
          value: name,
          label: name === "debug" ? "all levels" : `${name} up`,
        }))}
        value={view.level}
        allowDeselect={false}
        onChange={(level) => view.change({ level: level === "debug" ? null : level })}
        w={120}
      />
      {tries > 1 && (
        <Select
          size="xs"
          aria-label="Try"
          data={Array.from({ length: tries }, (_, i) => ({
            value: String(i + 1),
            label: `try ${i + 1}`,
          }))}
          value={String(tried)}
          allowDeselect={false}
          onChange={(value) => view.change({ try: value ?? String(tries), line: null })}
          w={84}
        />
      )}
      <Switch
        size="xs"
        label="Airflow's lines"
        checked={view.platform}
        onChange={(event) => view.change({ airflow: event.currentTarget.checked ? "1" : null })}
      />
      <Button
        size="xs"
        variant="default"
        leftSection={<Download size={13} />}
        disabled={!download}
        onClick={() => download?.()}
      >
        Download
      </Button>
    </Group>
  );
}
