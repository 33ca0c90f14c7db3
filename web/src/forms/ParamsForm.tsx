import { Group, SegmentedControl, Text } from "@mantine/core";
import Form from "@rjsf/mantine";
import type { ErrorSchema, RJSFSchema, UiSchema } from "@rjsf/utils";
import { useId, useMemo, useState } from "react";
import { Code } from "../editor";
import { askedFor } from "./fed";
import { JsonField } from "./JsonField";
import "./params.css";
import validator from "./validator";

type Params = Record<string, unknown>;

/** A form made from a function's signature, and a JSON view of the same value. */
export default function ParamsForm({
  schema,
  value,
  label = "Params",
  fed = {},
  errors = {},
  onChange,
  onWrong,
}: {
  schema: object | undefined;
  value: Params;
  label?: string;
  /** Parameters that get a value anyway, and where it is from: the form does not ask for them. */
  fed?: Record<string, string>;
  /** What was said of single params. */
  errors?: Record<string, string>;
  onChange: (value: Params) => void;
  /** Told what is wrong with the text of the JSON view: until it is right, the value stays. */
  onWrong?: (words: string) => void;
}) {
  const id = useId();
  const asked = useMemo(
    () => askedFor(schema as RJSFSchema | undefined, fed, value),
    [schema, fed, value],
  );
  const fields = Object.keys(asked?.properties ?? {});
  const [json, setJson] = useState(false);
  const [wrong, setWrong] = useState("");
  const asForm = asked !== undefined && fields.length > 0 && !json && !wrong;
  const told = Object.entries(fed).filter(
    ([name]) => !(name in value) && name in ((schema as RJSFSchema | undefined)?.properties ?? {}),
  );
  return (
    <div role="group" aria-label={label}>
      <Group justify="space-between" mb={4}>
        <Text size="sm" fw={600}>
          {label}
        </Text>
        {fields.length > 0 && (
          <SegmentedControl
            size="xs"
            aria-label={`${label} as`}
            disabled={wrong !== ""}
            data={[
              { value: "form", label: "Form" },
              { value: "json", label: "JSON" },
            ]}
            value={json ? "json" : "form"}
            onChange={(mode) => setJson(mode === "json")}
          />
        )}
      </Group>
      {asForm ? (
        <div className="params">
          <Form
            schema={asked}
            uiSchema={uiOf(asked)}
            fields={FIELDS}
            validator={validator as never}
            formData={value}
            idPrefix={`params${id}`}
            extraErrors={extra(errors)}
            onChange={(event) => onChange(given(event.formData as Params))}
            liveValidate
            noHtml5Validate
            showErrorList={false}
            tagName="div"
            experimental_defaultFormStateBehavior={{ emptyObjectFields: "skipDefaults" }}
          />
        </div>
      ) : (
        <JsonParams
          label={label}
          value={value}
          errors={errors}
          onChange={onChange}
          onWrong={(words) => {
            setWrong(words);
            onWrong?.(words);
          }}
        />
      )}
      {asForm &&
        Object.entries(errors)
          .filter(([name]) => !fields.includes(name))
          .map(([name, words]) => (
            <Text key={name} size="xs" c="var(--tw-bad)" role="alert" mt={4}>
              {words}
            </Text>
          ))}
      {told.map(([name, from]) => (
        <Text key={name} size="xs" c="dimmed" mt={4}>
          <code className="mono">{name}</code> comes from {from}.
        </Text>
      ))}
    </div>
  );
}

function extra(errors: Record<string, string>): ErrorSchema {
  const at = Object.entries(errors).map(([name, words]) => [name, { __errors: [words] }]);
  return Object.fromEntries(at) as ErrorSchema;
}

/** Without what was left empty: it stays the function's own default. */
function given(data: Params | undefined): Params {
  return Object.fromEntries(Object.entries(data ?? {}).filter(([, value]) => value !== undefined));
}

const FIELDS = { json: JsonField };

/** A param whose type could not be told takes any JSON; an empty field shows what it stays. */
function uiOf(schema: RJSFSchema): UiSchema {
  const each = Object.entries(schema.properties ?? {}).map(([name, one]) => {
    if (typeof one === "boolean" || !KNOWN.some((key) => key in one)) {
      return [name, { "ui:field": "json" }];
    }
    const { default: stays } = one;
    const words = typeof stays === "string" ? stays : JSON.stringify(stays);
    return [name, stays === undefined || stays === null ? {} : { "ui:placeholder": words }];
  });
  return { "ui:submitButtonOptions": { norender: true }, ...Object.fromEntries(each) };
}

const KNOWN = ["type", "anyOf", "oneOf", "allOf", "enum", "const", "$ref"];

function JsonParams({
  label,
  value,
  errors,
  onChange,
  onWrong,
}: {
  label: string;
  value: Params;
  errors: Record<string, string>;
  onChange: (value: Params) => void;
  onWrong: (words: string) => void;
}) {
  const [text, setText] = useState(() => JSON.stringify(value, null, 2));
  const [wrong, setWrong] = useState("");
  const said = wrong ? [wrong] : Object.entries(errors).map(([name, words]) => `${name}: ${words}`);
  const read = (typed: string) => {
    setText(typed);
    try {
      onChange(parsed(typed));
      setWrong("");
      onWrong("");
    } catch (error) {
      setWrong((error as Error).message);
      onWrong((error as Error).message);
    }
  };
  return (
    <>
      <Code
        text={text}
        language="json"
        label={`${label} as JSON`}
        minHeight="4rem"
        maxHeight="40vh"
        onChange={read}
      />
      {said.map((words) => (
        <Text key={words} size="xs" c="var(--tw-bad)" role="alert">
          {words}
        </Text>
      ))}
    </>
  );
}

function parsed(text: string): Params {
  const value: unknown = JSON.parse(text.trim() || "{}");
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new Error("It has to be an object.");
  return value as Params;
}
