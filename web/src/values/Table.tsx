import { Text } from "@mantine/core";
import { textOf } from "./Reference";

interface Column {
  name: string;
  facts: string;
}

/** The first rows of a table, with what is known of its columns: type, range, what is missing. */
export function Table({ columns, rows }: { columns: unknown[] | null; rows: unknown[] }) {
  const known = columns?.map(columnOf) ?? null;
  const cells = rows.map((row) => cellsOf(row, known));
  return (
    <div className="scroll-x" tabIndex={0} role="region" aria-label="The first rows">
      <table className="table" style={{ width: "auto" }}>
        {known && (
          <thead>
            <tr>
              {known.map((column, index) => (
                <th key={`${index}${column.name}`} scope="col">
                  {column.name}
                  {column.facts && (
                    <Text size="xs" c="dimmed" fw={400}>
                      {column.facts}
                    </Text>
                  )}
                </th>
              ))}
            </tr>
          </thead>
        )}
        <tbody>
          {cells.map((row, index) => (
            <tr key={index}>
              {row.map((cell, column) => (
                <td
                  key={column}
                  style={
                    typeof cell === "number"
                      ? { textAlign: "right", fontVariantNumeric: "tabular-nums" }
                      : undefined
                  }
                >
                  {textOf(cell)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function columnOf(column: unknown): Column {
  if (typeof column !== "object" || column === null || !("name" in column))
    return { name: String(column), facts: "" };
  const { name, dtype, type, min, max, nan, nulls } = column as Record<string, unknown>;
  const range = min !== undefined && max !== undefined ? `${textOf(min)} … ${textOf(max)}` : "";
  const missing = Number(nan ?? nulls ?? 0);
  return {
    name: String(name),
    facts: [textOf(dtype ?? type ?? ""), range, missing ? `${missing} missing` : ""]
      .filter(Boolean)
      .join(", "),
  };
}

function cellsOf(row: unknown, columns: Column[] | null): unknown[] {
  if (Array.isArray(row)) return row;
  if (typeof row !== "object" || row === null) return [row];
  const named = row as Record<string, unknown>;
  return columns ? columns.map((column) => named[column.name]) : Object.values(named);
}
