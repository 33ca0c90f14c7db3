import { Button, Text } from "@mantine/core";
import { ArrowDown } from "lucide-react";
import { useCallback, useEffect, useRef, useState } from "react";
import "./log.css";
import type { LogLine } from "../api/queries";
import { Loading } from "../components/Loading";
import { Refused } from "../components/Refused";
import { isUneven } from "./heights";
import { Line } from "./Line";
import { LogBar } from "./LogBar";
import { firstFrom, useMatching } from "./matching";
import { useLines } from "./useLines";
import { useLog } from "./useLog";
import { useLogView } from "./useLogView";

const UPWARDS = new Set(["ArrowUp", "PageUp", "Home"]);
const LETTERS = "x".repeat(50);

/** A task's log: it follows until the reader scrolls up, and never takes the scroll from them. */
export default function Log({
  run,
  task,
  element,
  state,
  tries,
}: {
  run: string;
  task: string;
  /** Which one of a mapped task. */
  element?: number;
  state: string;
  tries: number;
}) {
  const view = useLogView();
  const tried = view.tried ?? tries;
  const log = useLog({ run, task, tried, element }, tried < tries ? "failed" : state);
  const { lines } = log;
  const { found, level, change } = view;
  const platform = view.platform || view.line > 0;
  const shown = useMatching(lines, log.count, { found, level, platform });
  const link = useCallback(
    (line: number) => change({ line: String(line), try: String(tried) }, true),
    [change, tried],
  );
  if (!tries) return <Nothing text="It has not begun yet." />;
  return (
    <div>
      <LogBar
        view={view}
        tried={tried}
        tries={tries}
        download={log.count ? () => download(lines, `${task}-try${tried}.log`) : null}
      />
      <Refused error={log.error} />
      {log.loading ? (
        <Loading what="Reading the log" />
      ) : (
        <Lines
          key={tried}
          label={`Log of ${task}`}
          lines={lines}
          shown={shown}
          found={found}
          linked={view.line}
          link={link}
          live={log.live}
        />
      )}
      <Text size="xs" c="dimmed" mt={4} role="status">
        {shown.length === log.count
          ? `${log.count.toLocaleString("en")} lines`
          : `${shown.length.toLocaleString("en")} of ${log.count.toLocaleString("en")} lines`}
        {log.live ? ", live" : ""}
      </Text>
    </div>
  );
}

/** The lines that are in sight, of however many. */
function Lines({
  label,
  lines,
  shown,
  found,
  linked,
  link,
  live,
}: {
  label: string;
  lines: LogLine[];
  shown: number[];
  found: string;
  linked: number;
  link: (line: number) => void;
  live: boolean;
}) {
  const [following, setFollowing] = useState(!linked);
  const [atEnd, setAtEnd] = useState(true);
  const wasAtEnd = useRef(true);
  const onEnd = useCallback((isEnd: boolean) => {
    if (isEnd && !wasAtEnd.current) setFollowing(true); // who scrolls to the end wants what comes
    wasAtEnd.current = isEnd;
    setAtEnd(isEnd);
  }, []);
  const area = useRef<HTMLDivElement>(null);
  const letters = useRef<HTMLSpanElement>(null);
  const drawn = useLines({ area, letters, lines, shown, following, onEnd });
  const hasLines = shown.length > 0;
  useEffect(() => {
    if (!linked) return;
    setFollowing(false);
    if (hasLines && drawn.isReady) drawn.show(firstFrom(shown, linked - 1));
    // when the lines are there, and when another one is linked: not whenever a line comes
  }, [linked, hasLines, drawn.isReady]);
  return (
    <div
      className="log"
      role="log"
      aria-live="off"
      aria-label={label}
      // only the reader ends it: lines may come faster than the end is reached
      onWheel={(event) => event.deltaY < 0 && setFollowing(false)}
      onTouchMove={() => setFollowing(false)}
      onPointerDown={(event) => event.target === area.current && setFollowing(false)}
      onKeyDown={(event) => UPWARDS.has(event.key) && setFollowing(false)}
    >
      {!hasLines && (
        <Nothing text={lines.length ? "No line is like that." : "No line was written yet."} />
      )}
      <div className="log-lines" ref={area} tabIndex={0} onScroll={drawn.onScroll}>
        <span ref={letters} className="log-letters" aria-hidden>
          {LETTERS}
        </span>
        <div className="log-all" style={{ height: drawn.height }}>
          <div className="log-drawn" style={{ top: drawn.top }}>
            {shown.slice(drawn.from, drawn.to).map((place, offset) => {
              const line = lines[place];
              const index = drawn.from + offset;
              return (
                line && (
                  <Line
                    key={place}
                    line={line}
                    number={place + 1}
                    rows={drawn.heights.rows(index)}
                    uneven={isUneven(line) ? index : undefined}
                    found={found}
                    linked={place + 1 === linked}
                    onLink={link}
                  />
                )
              );
            })}
          </div>
        </div>
      </div>
      {!atEnd && !(following && live) && hasLines && (
        <Button
          className="log-end"
          size="compact-xs"
          leftSection={<ArrowDown size={12} />}
          onClick={() => {
            setFollowing(true);
            area.current?.scrollTo({ top: area.current.scrollHeight });
          }}
        >
          {live ? "Follow" : "To the end"}
        </Button>
      )}
    </div>
  );
}

function Nothing({ text }: { text: string }) {
  return (
    <Text size="sm" c="dimmed" p="sm">
      {text}
    </Text>
  );
}

function download(lines: LogLine[], name: string): void {
  const text = lines.map((line) => `${line.timestamp ?? ""} ${line.level} ${line.text}\n`).join("");
  const address = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  const anchor = document.createElement("a");
  anchor.href = address;
  anchor.download = name;
  anchor.click();
  URL.revokeObjectURL(address);
}
