import { Badge, Group, Text } from "@mantine/core";

/** What stands for a value that lies in the storage; its summary was made when it was written. */
export interface ReferenceValue {
  __taxiway__: string;
  type?: string;
  format?: string;
  size?: number;
  digest?: string;
  summary?: Record<string, unknown>;
  [more: string]: unknown;
}

export function Reference({ value }: { value: ReferenceValue }) {
  const { summary = {} } = value;
  if (value.__taxiway__ !== "value") return <Special value={value} />;
  const image = imageOf(summary);
  return (
    <div>
      <Group gap={6}>
        <code className="mono">{value.type ?? value.__taxiway__}</code>
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
      </Group>
      {image && (
        <img
          src={image}
          alt={`The value, ${value.type ?? "an image"}`}
          style={{ maxWidth: "100%" }}
        />
      )}
      <Summary summary={summary} />
    </div>
  );
}

/** Numbers that JSON lacks, tuples and the like. */
function Special({ value }: { value: ReferenceValue }) {
  const inner = value.value ?? value.items ?? value.text;
  return (
    <span>
      <code className="mono">{inner === undefined ? JSON.stringify(value) : String(inner)}</code>{" "}
      <Text component="span" size="xs" c="dimmed">
        {value.__taxiway__}
      </Text>
    </span>
  );
}

function Summary({ summary }: { summary: Record<string, unknown> }) {
  const { columns, rows, head, thumbnail, image, ...facts } = summary;
  const names = Array.isArray(columns) ? columns.map(nameOf) : null;
  const first = Array.isArray(head) ? head : Array.isArray(rows) ? rows : null;
  const plain = Object.entries({ ...facts, ...(typeof rows === "number" ? { rows } : {}) });
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
      {first && <Head names={names} rows={first} />}
    </>
  );
}

function Head({ names, rows }: { names: string[] | null; rows: unknown[] }) {
  const cells = rows.map((row) =>
    Array.isArray(row) ? row : typeof row === "object" && row !== null ? Object.values(row) : [row],
  );
  return (
    <div className="scroll-x">
      <table className="table">
        {names && (
          <thead>
            <tr>
              {names.map((name) => (
                <th key={name}>{name}</th>
              ))}
            </tr>
          </thead>
        )}
        <tbody>
          {cells.map((row, index) => (
            <tr key={`${index}-${row.length}`}>
              {row.map((cell, column) => (
                <td key={`${names?.[column] ?? column}`}>{textOf(cell)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function nameOf(column: unknown): string {
  if (typeof column === "object" && column !== null && "name" in column) return String(column.name);
  return String(column);
}

function textOf(fact: unknown): string {
  if (typeof fact === "number" && !Number.isInteger(fact))
    return String(Number(fact.toPrecision(6)));
  return typeof fact === "string" ? fact : JSON.stringify(fact);
}

/** A small picture that the summary holds; only pictures, never a document. */
function imageOf(summary: Record<string, unknown>): string | null {
  const given = summary.thumbnail ?? summary.image;
  if (typeof given !== "string") return null;
  if (/^data:image\/(png|jpeg|webp);base64,[\w+/=]+$/.test(given)) return given;
  return /^[\w+/=\s]+$/.test(given) ? `data:image/png;base64,${given}` : null;
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
