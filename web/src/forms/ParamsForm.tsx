import { Group, SegmentedControl, Text } from "@mantine/core";
import Form from "@rjsf/mantine";
import type { RJSFSchema, UiSchema } from "@rjsf/utils";
import { useState } from "react";
import { Code } from "../editor";
import { JsonField } from "./JsonField";
import "./params.css";
import validator from "./validator";

type Params = Record<string, unknown>;

/** A form made from a function's signature, and a JSON view of the same value. */
export default function ParamsForm({
  schema,
  value,
  onChange,
}: {
  schema: object | undefined;
  value: Params;
  onChange: (value: Params) => void;
}) {
  const fields = Object.keys((schema as RJSFSchema | undefined)?.properties ?? {});
  const [json, setJson] = useState(false);
  const asForm = schema !== undefined && fields.length > 0 && !json;
  return (
    <div role="group" aria-label="Params">
      <Group justify="space-between" mb={4}>
        <Text size="sm" fw={500}>
          Params
        </Text>
        {fields.length > 0 && (
          <SegmentedControl
            size="xs"
            aria-label="Params as"
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
            schema={withoutTitle(schema as RJSFSchema)}
            uiSchema={uiOf(schema as RJSFSchema)}
            fields={FIELDS}
            validator={validator as never}
            formData={value}
            onChange={(event) => onChange(given(event.formData as Params))}
            liveValidate
            noHtml5Validate
            showErrorList={false}
            tagName="div"
            experimental_defaultFormStateBehavior={{ emptyObjectFields: "skipDefaults" }}
          />
        </div>
      ) : (
        <JsonParams value={value} onChange={onChange} />
      )}
    </div>
  );
}

/** Without what was left empty: it stays the function's own default. */
function given(data: Params | undefined): Params {
  return Object.fromEntries(Object.entries(data ?? {}).filter(([, value]) => value !== undefined));
}

const FIELDS = { json: JsonField };

/** A param whose type could not be told takes any JSON. */
function uiOf(schema: RJSFSchema): UiSchema {
  const untyped = Object.entries(schema.properties ?? {}).filter(
    ([, one]) => typeof one === "boolean" || !KNOWN.some((key) => key in one),
  );
  return {
    "ui:submitButtonOptions": { norender: true },
    ...Object.fromEntries(untyped.map(([name]) => [name, { "ui:field": "json" }])),
  };
}

const KNOWN = ["type", "anyOf", "oneOf", "allOf", "enum", "const", "$ref"];

function withoutTitle(schema: RJSFSchema): RJSFSchema {
  const { title: _title, description: _description, ...rest } = schema;
  return rest;
}

function JsonParams({ value, onChange }: { value: Params; onChange: (value: Params) => void }) {
  const [text, setText] = useState(() => JSON.stringify(value, null, 2));
  const [wrong, setWrong] = useState("");
  return (
    <>
      <Code
        text={text}
        language="json"
        label="Params as JSON"
        minHeight="4rem"
        maxHeight="40vh"
        onChange={(typed) => {
          setText(typed);
          try {
            const parsed = JSON.parse(typed || "{}") as Params;
            if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed))
              throw new Error("It has to be an object.");
            setWrong("");
            onChange(parsed);
          } catch (error) {
            setWrong((error as Error).message);
          }
        }}
      />
      {wrong && (
        <Text size="xs" c="var(--tw-bad)" role="alert">
          {wrong}
        </Text>
      )}
    </>
  );
}
