import { TextInput } from "@mantine/core";
import type { FieldProps } from "@rjsf/utils";
import { useState } from "react";

/** A value of any type, as JSON; text that is no JSON is taken as the text that it is. */
export function JsonField(props: FieldProps) {
  const { name, formData, schema, required, onChange, fieldPathId } = props;
  const [text, setText] = useState(() => shown(formData));
  return (
    <TextInput
      label={schema.title ?? name}
      description={schema.description}
      placeholder={schema.default === undefined ? "any JSON" : JSON.stringify(schema.default)}
      required={required}
      value={text}
      mb="sm"
      onChange={(event) => {
        setText(event.currentTarget.value);
        onChange(parsed(event.currentTarget.value), fieldPathId.path);
      }}
    />
  );
}

function shown(value: unknown): string {
  if (value === undefined) return "";
  return typeof value === "string" && parsed(value) === value ? value : JSON.stringify(value);
}

function parsed(text: string): unknown {
  if (!text.trim()) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
