import { Select } from "@mantine/core";
import { PairsField } from "./PairsField";

type Values = Record<string, unknown>;

const WORDS = {
  workflow: {
    env: "Of every task.",
    secrets: "Environment variables whose text Airflow keeps; it never comes here.",
    unsaid: "As the workers are set",
  },
  task: {
    env: "Of this task, on top of the workflow's.",
    secrets: "Environment variables whose text Airflow keeps, on top of the workflow's.",
    unsaid: "As the workflow says",
  },
};

/** What a workflow says for all its tasks, and a task for itself: variables, and how it starts. */
export function EnvironmentFields({
  of,
  values,
  wrong = {},
  onChange,
}: {
  of: keyof typeof WORDS;
  values: Values;
  wrong?: Record<string, string>;
  onChange: (values: Values) => void;
}) {
  const words = WORDS[of];
  return (
    <>
      <PairsField
        label="Environment variables"
        description={words.env}
        nameLabel="Name of the variable"
        valueLabel="Text of the variable"
        placeholder="text"
        value={(values.env as Values | undefined) ?? {}}
        onChange={(env) => onChange({ env })}
      />
      <PairsField
        label="Secrets"
        description={words.secrets}
        nameLabel="Name of the secret"
        valueLabel="Where it is kept"
        placeholder="variable:NAME or connection:ID"
        value={(values.secrets as Values | undefined) ?? {}}
        onChange={(secrets) => onChange({ secrets })}
      />
      <Select
        label="Warm processes"
        name="warm"
        description="Whether it may be forked from a process that has its packages imported: it starts sooner."
        data={[
          { value: "", label: words.unsaid },
          { value: "on", label: "On" },
          { value: "off", label: "Off" },
        ]}
        allowDeselect={false}
        value={warmText(values.warm)}
        error={wrong.warm}
        onChange={(text) => onChange({ warm: warmOf(text) })}
      />
    </>
  );
}

export function warmText(warm: unknown): string {
  return typeof warm === "boolean" ? (warm ? "on" : "off") : "";
}

/** Null where nothing is said: then the place above decides. */
export function warmOf(text: string | null): boolean | null {
  return text === "on" ? true : text === "off" ? false : null;
}
