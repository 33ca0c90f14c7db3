import { Code as Inline, Text } from "@mantine/core";
import { Reference, type ReferenceValue } from "./Reference";
import { below } from "./source";

/**
 * A value as what it is: a number large, records as a table, figures and images as pictures, the
 * rest as a tree of JSON. `at` is its place in the whole value.
 */
export function Value({ value, at = "" }: { value: unknown; at?: string }) {
  if (value === null)
    return (
      <Text size="sm" c="dimmed">
        None
      </Text>
    );
  if (typeof value === "number" || typeof value === "boolean") {
    return (
      <Text fw={650} size="xl" style={{ fontVariantNumeric: "tabular-nums" }}>
        {String(value)}
      </Text>
    );
  }
  if (typeof value === "string") {
    return (
      <Inline block style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere", maxHeight: 320 }}>
        {value}
      </Inline>
    );
  }
  if (isReference(value)) return <Reference value={value} at={at} />;
  if (Array.isArray(value))
    return isRecords(value) ? <Records rows={value} at={at} /> : <Items items={value} at={at} />;
  return <Fields fields={value as Record<string, unknown>} at={at} />;
}

export function isReference(value: unknown): value is ReferenceValue {
  return typeof value === "object" && value !== null && "__taxiway__" in value;
}

const MOST = 200;

function Fields({ fields, at = "" }: { fields: Record<string, unknown>; at?: string }) {
  const entries = Object.entries(fields);
  if (entries.length === 0) return <Inline>{"{}"}</Inline>;
  return (
    <div className="scroll-x">
      <table className="facts">
        <tbody>
          {entries.slice(0, MOST).map(([name, value]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>
                <Cell value={value} at={below(at, name)} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <Rest count={entries.length - MOST} />
    </div>
  );
}

function Items({ items, at }: { items: unknown[]; at: string }) {
  if (items.every((item) => typeof item !== "object" || item === null)) {
    return (
      <>
        <Text size="xs" c="dimmed">
          {items.length} items
        </Text>
        <Inline block style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
          [
          {items
            .slice(0, MOST)
            .map((item) => JSON.stringify(item))
            .join(", ")}
          {items.length > MOST ? ", …" : ""}]
        </Inline>
      </>
    );
  }
  const fields = Object.fromEntries(items.map((item, index) => [String(index), item]));
  return <Fields fields={fields} at={at} />;
}

function isRecords(items: unknown[]): items is Record<string, unknown>[] {
  if (items.length === 0) return false;
  return items.every(
    (item) =>
      typeof item === "object" && item !== null && !Array.isArray(item) && !isReference(item),
  );
}

function Records({ rows, at }: { rows: Record<string, unknown>[]; at: string }) {
  const names = [...new Set(rows.slice(0, MOST).flatMap((row) => Object.keys(row)))];
  return (
    <div className="scroll-x" style={{ maxHeight: 360, overflowY: "auto" }}>
      <table className="table">
        <thead>
          <tr>
            {names.map((name) => (
              <th key={name}>{name}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, MOST).map((row, index) => (
            <tr key={index}>
              {names.map((name) => (
                <td key={name}>
                  <Cell value={row[name]} at={below(below(at, index), name)} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <Rest count={rows.length - MOST} />
    </div>
  );
}

function Cell({ value, at }: { value: unknown; at: string }) {
  if (value === undefined) return null;
  if (typeof value === "number")
    return <span style={{ fontVariantNumeric: "tabular-nums" }}>{value}</span>;
  if (typeof value === "string") return <span>{value}</span>;
  if (typeof value === "object" && value !== null) return <Value value={value} at={at} />;
  return <code className="mono">{String(value)}</code>;
}

function Rest({ count }: { count: number }) {
  if (count <= 0) return null;
  return (
    <Text size="xs" c="dimmed">
      and {count} more
    </Text>
  );
}
