import { Code, Group, NumberInput, Stack, Switch, TextInput } from "@mantine/core";
import type { Fields } from "./draft";

type Change = (fields: Record<string, unknown>) => void;

/** What it is called, and when it runs. */
export function ScheduleFields({
  fields,
  wrong,
  onChange,
}: {
  fields: Fields;
  wrong: Record<string, string>;
  onChange: Change;
}) {
  return (
    <Stack gap="sm">
      <Group grow align="flex-start">
        <TextInput
          label="Name"
          name="name"
          value={fields.name}
          maxLength={255}
          error={wrong.name}
          onChange={(event) => onChange({ name: event.currentTarget.value })}
        />
        <TextInput
          label="Description"
          name="description"
          value={(fields.description as string | null) ?? ""}
          error={wrong.description}
          onChange={(event) => onChange({ description: event.currentTarget.value || null })}
        />
      </Group>
      <Group grow align="flex-start">
        <TextInput
          label="Schedule"
          name="schedule"
          description={
            <>
              Five cron fields, or a preset like <Code>@daily</Code>. Empty: by hand.
            </>
          }
          value={(fields.schedule as string | null) ?? ""}
          error={wrong.schedule}
          onChange={(event) => onChange({ schedule: event.currentTarget.value || null })}
        />
        <TextInput
          label="Time zone"
          name="timezone"
          description="In which the schedule is meant."
          value={fields.timezone as string}
          error={wrong.timezone}
          onChange={(event) => onChange({ timezone: event.currentTarget.value })}
        />
        <NumberInput
          label="Runs at once"
          name="max_active_runs"
          description="How many may be in progress."
          min={1}
          value={fields.max_active_runs as number}
          error={wrong.max_active_runs}
          onChange={(value) => onChange({ max_active_runs: Number(value) || 1 })}
        />
      </Group>
      <Group>
        <Switch
          label="The schedule is on"
          checked={fields.is_active as boolean}
          onChange={(event) => onChange({ is_active: event.currentTarget.checked })}
        />
        <Switch
          label="Make up for missed runs"
          checked={fields.catchup as boolean}
          onChange={(event) => onChange({ catchup: event.currentTarget.checked })}
        />
      </Group>
    </Stack>
  );
}
