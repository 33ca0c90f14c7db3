import { Badge, Group, Text } from "@mantine/core";
import { Download } from "lucide-react";
import { Table } from "./Table";
import { Value } from "./Value";
import { useFile } from "./source";

/** What stands for a value that lies in the storage; its summary was made when it was written. */
export interface ReferenceValue {
  __taxiway__: string;
  type?: string;
  format?: string;
  size?: number;
  digest?: string;
  name?: string;
  summary?: Record<string, unknown>;
  parts?: Record<string, { media_type?: string | null }>;
  [more: string]: unknown;
}

export function Reference({ value, at = "" }: { value: ReferenceValue; at?: string }) {
  if (value.__taxiway__ !== "value") return <Special value={value} at={at} />;
  return (
    <div>
      <Group gap={6}>
        <code className="mono">{value.name ?? value.type ?? value.__taxiway__}</code>
        {value.format && (
          <Badge
            size="sm"
            variant="outline"
            color="gray"
            styles={{ root: { color: "var(--tw-idle)" } }}
          >
            {value.format}
          </Badge>
        )}
        {value.size !== undefined && (
          <Text size="xs" c="dimmed">
            {bytes(value.size)}
          </Text>
        )}
        <Files value={value} at={at} />
      </Group>
      <Picture value={value} at={at} />
      <Summary summary={value.summary ?? {}} />
    </div>
  );
}

/** The value as files: in the format that it is kept in, and in the others. */
function Files({ value, at }: { value: ReferenceValue; at: string }) {
  const file = useFile();
  const whole = file(at);
  if (!whole) return null;
  const others = Object.keys(value.parts ?? {}).filter((form) => form !== "pickle");
  return (
    <>
      <a href={whole} download>
        <Group gap={4} component="span" display="inline-flex">
          <Download size={12} aria-hidden />
          {value.format === "folder" ? "zip" : (value.format ?? "file")}
        </Group>
      </a>
      {others.map((form) => (
        <a key={form} href={file(at, form) ?? undefined} download>
          {form}
        </a>
      ))}
    </>
  );
}

/** A figure or an image in full; it is only ever read as a picture, never as a document. */
function Picture({ value, at }: { value: ReferenceValue; at: string }) {
  const file = useFile();
  const summary = value.summary ?? {};
  const form = value.format === "png" ? undefined : summary.thumbnail ? "thumbnail" : null;
  const address = form === null ? null : file(at, form);
  if (!address) return null;
  const [height, width] = Array.isArray(summary.shape) ? (summary.shape as number[]) : [];
  return (
    <a href={file(at) ?? undefined} download aria-label={`The whole ${value.type ?? "picture"}`}>
      <img
        src={address}
        alt={`The value, ${value.type ?? "a picture"}`}
        loading="lazy"
        style={{
          display: "block",
          maxWidth: "100%",
          maxHeight: "60vh",
          background: "#fff",
          borderRadius: 4,
          marginBlock: 6,
          ...(width && height ? { aspectRatio: `${width} / ${height}` } : {}),
        }}
      />
    </a>
  );
}

/** Numbers that JSON lacks, tuples and the like. */
function Special({ value, at }: { value: ReferenceValue; at: string }) {
  const inner = value.value ?? value.text ?? value.shown;
  if (inner === undefined && (value.items !== undefined || value.fields !== undefined))
    return <Container value={value} at={at} />;
  return (
    <span>
      <code className="mono">{inner === undefined ? JSON.stringify(value) : String(inner)}</code>{" "}
      <Text component="span" size="xs" c="dimmed">
        {value.__taxiway__}
      </Text>
    </span>
  );
}

/** A tuple, a set, a dataclass: what is in it, and what it is called. */
function Container({ value, at }: { value: ReferenceValue; at: string }) {
  return (
    <div>
      <Text size="xs" c="dimmed">
        {value.type ?? value.__taxiway__}
      </Text>
      <Value value={value.fields ?? value.items} at={at} />
    </div>
  );
}

const SHOWN_ELSEWHERE = new Set(["type", "format", "size", "parts", "metrics"]);

function Summary({ summary }: { summary: Record<string, unknown> }) {
  const { columns, rows, head, thumbnail: _thumbnail, image: _image, ...facts } = summary;
  const first = Array.isArray(head) ? head : Array.isArray(rows) ? rows : null;
  const plain = Object.entries({
    ...facts,
    ...(typeof rows === "number" ? { rows } : {}),
  }).filter(([name, fact]) => !SHOWN_ELSEWHERE.has(name) && fact !== null);
  return (
    <>
      {plain.length > 0 && (
        <table className="facts">
          <tbody>
            {plain.map(([name, fact]) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>{name === "shape" && Array.isArray(fact) ? fact.join(" × ") : textOf(fact)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {(first || Array.isArray(columns)) && (
        <Table columns={Array.isArray(columns) ? columns : null} rows={first ?? []} />
      )}
    </>
  );
}

export function textOf(fact: unknown): string {
  if (typeof fact === "number" && !Number.isInteger(fact))
    return String(Number(fact.toPrecision(6)));
  if (fact === null || fact === undefined) return "–";
  return typeof fact === "string" ? fact : JSON.stringify(fact);
}

export function bytes(size: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  let at = 0;
  let amount = size;
  while (amount >= 1000 && at < units.length - 1) {
    amount /= 1000;
    at += 1;
  }
  return `${at && amount < 10 ? amount.toFixed(1) : Math.round(amount)} ${units[at]}`;
}
