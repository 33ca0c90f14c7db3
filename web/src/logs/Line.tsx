import { memo } from "react";
import { exact } from "../components/time";
import { Ansi } from "./Ansi";
import type { LogLine } from "../api/queries";
import { isLoud, ROW } from "./heights";

/** One line; its number is a link to it. */
export const Line = memo(function Line({
  line,
  number,
  rows,
  uneven,
  found,
  linked,
  onLink,
}: {
  line: LogLine;
  number: number;
  rows: number;
  /** Its index, where what it takes has to be measured. */
  uneven?: number;
  found: string;
  linked: boolean;
  onLink: (line: number) => void;
}) {
  return (
    <div
      className={`log-line log-${line.level.toLowerCase()}${rows > 1 ? " log-long" : ""}${linked ? " log-linked" : ""}`}
      style={{ height: uneven === undefined ? rows * ROW : undefined }}
      data-uneven={uneven}
    >
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
        {isLoud(line) && <b>{line.level.toUpperCase()} </b>}
        <Ansi text={line.text} found={found} />
      </span>
    </div>
  );
});
