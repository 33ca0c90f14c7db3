import { memo } from "react";
import { exact } from "../components/time";
import { Ansi } from "./Ansi";
import type { LogLine } from "../api/queries";

/** One line; its number is a link to it. */
export const Line = memo(function Line({
  line,
  number,
  found,
  linked,
  onLink,
}: {
  line: LogLine;
  number: number;
  found: string;
  linked: boolean;
  onLink: (line: number) => void;
}) {
  return (
    <div className={`log-line log-${line.level.toLowerCase()} ${linked ? "log-linked" : ""}`}>
      <button
        type="button"
        tabIndex={-1}
        aria-label={`Link to line ${number}`}
        onClick={() => onLink(number)}
      >
        {number}
      </button>
      <span className="log-time" title={line.timestamp ? exact(line.timestamp) : undefined}>
        {line.timestamp?.slice(11, 19) ?? ""}
      </span>
      <span className="log-text">
        {loud(line.level) && <b>{line.level.toUpperCase()} </b>}
        <Ansi text={line.text} found={found} />
      </span>
    </div>
  );
});

function loud(level: string): boolean {
  return ["warning", "error", "critical"].includes(level.toLowerCase());
}
