import { Text } from "@mantine/core";
import { Link } from "react-router";
import type { Schema } from "../../api/client";
import { CopyThis } from "../../components/Commit";
import { Time } from "../../components/Time";

type Line = Schema["AuditResponse"];

export function AuditRow({ line, names }: { line: Line; names: Map<string, string> }) {
  return (
    <tr>
      <td>
        <Time at={line.created_at} />
      </td>
      <td>
        <Text size="sm">{line.who}</Text>
        {line.client && (
          <Text size="xs" c="dimmed">
            {line.client}
          </Text>
        )}
      </td>
      <td>
        <code className="mono">{line.action}</code>
      </td>
      <td>
        {line.kind === "workflow" ? (
          <Link to={`/workflows/${line.subject_id}`}>{line.name}</Link>
        ) : (
          <span>{line.name}</span>
        )}
        <Text size="xs" c="dimmed">
          {line.kind}
        </Text>
      </td>
      <td style={{ maxWidth: 420, overflowWrap: "anywhere" }}>
        <Difference before={line.before} after={line.after} names={names} />
      </td>
      <td>{line.request_id && <CopyThis text={line.request_id} what="the request's id" />}</td>
    </tr>
  );
}

function Difference({
  before,
  after,
  names: known,
}: {
  before: Line["before"];
  after: Line["after"];
  names: Map<string, string>;
}) {
  const words = (value: unknown) => short(named(value, known));
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  return (
    <>
      {names.slice(0, 6).map((name) => (
        <Text key={name} size="xs">
          <b>{name}</b> {before && name in before ? `${words(before[name])} → ` : ""}
          {words(after?.[name])}
        </Text>
      ))}
      {names.length > 6 && (
        <Text size="xs" c="dimmed">
          and {names.length - 6} more
        </Text>
      )}
    </>
  );
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** A task names its workflow and the tasks before it by their ids: people know them by name. */
function named(value: unknown, names: Map<string, string>): unknown {
  if (Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === "string"))
    return value.map((one) => names.get(one) ?? one).join(", ");
  return typeof value === "string" ? (names.get(value) ?? value) : value;
}

function short(value: unknown): string {
  if (value === undefined) return "–";
  if (value === null) return "none";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  if (/^[0-9a-f]{40,64}$/.test(text)) return text.slice(0, 12);
  if (UUID.test(text)) return `${text.slice(0, 8)}…`;
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}
