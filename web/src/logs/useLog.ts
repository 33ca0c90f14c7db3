import { useEffect, useRef, useState } from "react";
import { api, body } from "../api/client";
import { useVisible } from "../api/live";
import { type LogLine, POLL } from "../api/queries";
import { asRefusal } from "../api/refusal";

const ENDED = new Set(["success", "failed", "skipped", "upstream_failed", "removed"]);

export interface LogState {
  /** It grows in place: `count` says how far. A new try has a list of its own. */
  lines: LogLine[];
  count: number;
  loading: boolean;
  live: boolean;
  error: unknown;
}

/** One try of a task run. */
export interface Try {
  run: string;
  task: string;
  tried: number;
  /** Which one of a mapped task. */
  element?: number;
}

interface Store {
  lines: LogLine[];
  of: string;
}

/**
 * The lines of one try: what is written is read at once, what comes is followed from there; after a
 * pause, too. Lines that come in one frame are shown together, and none is copied, so that a task
 * that writes much does not hold the page up.
 */
export function useLog({ run, task, tried, element }: Try, state: string): LogState {
  const of = `${run}/${task}/${element ?? -1}/${tried}`;
  const store = useRef<Store>({ lines: [], of });
  if (store.current.of !== of) store.current = { lines: [], of };
  const { lines } = store.current;
  const [, setShown] = useState({});
  const [read, setRead] = useState<string | null>(null);
  const [error, setError] = useState<unknown>(null);
  const visible = useVisible();
  const over = ENDED.has(state);

  useEffect(() => {
    if (!tried || !visible) return;
    const stop = new AbortController();
    setError(null);
    const one = { run, task, tried, element };
    readOn(one, lines, stop.signal)
      .then(() => {
        setRead(of);
        setShown({});
        if (!over) follow(one, lines, stop.signal, () => setShown({}));
      })
      .catch((reason) => {
        if (stop.signal.aborted) return;
        setError(asRefusal(reason));
        setRead(of);
      });
    return () => stop.abort();
  }, [run, task, tried, element, of, lines, over, visible]);

  return {
    lines,
    count: lines.length,
    loading: tried > 0 && read !== of,
    live: !over && tried > 0,
    error,
  };
}

/** Add what is written by now. */
async function readOn(
  { run, task, tried, element }: Try,
  lines: LogLine[],
  signal: AbortSignal,
): Promise<void> {
  const after = lines.length;
  const answer = await body(
    api.GET("/api/v1/runs/{run_id}/tasks/{task}/logs", {
      params: { path: { run_id: run, task }, query: { try: tried, after, map_index: element } },
      signal,
    }),
  );
  if (!signal.aborted) place(lines, after, (answer as { lines: LogLine[] }).lines);
}

function follow(one: Try, lines: LogLine[], signal: AbortSignal, show: () => void): void {
  if (signal.aborted) return;
  const { run, task, tried, element = -1 } = one;
  const path = `/api/v1/runs/${run}/tasks/${encodeURIComponent(task)}/logs/stream`;
  const source = new EventSource(`${path}?try=${tried}&after=${lines.length}&map_index=${element}`);
  let frame = 0;
  let timer = 0;
  const flush = () => {
    frame = 0;
    show();
  };
  source.addEventListener("line", (event) => {
    const number = Number(event.lastEventId.split(":")[1]); // the number of this line
    place(lines, number - 1, [JSON.parse(event.data) as LogLine]);
    frame ||= requestAnimationFrame(flush);
  });
  source.addEventListener("end", () => source.close());
  source.addEventListener("error", () => {
    if (source.readyState !== EventSource.CLOSED) return; // else the browser tries again by itself
    timer = window.setInterval(() => {
      readOn(one, lines, signal).then(show, () => undefined);
    }, POLL);
  });
  signal.addEventListener("abort", () => {
    cancelAnimationFrame(frame);
    clearInterval(timer);
    source.close();
  });
}

/** Each line has its place: what comes twice stands once. */
function place(lines: LogLine[], from: number, more: LogLine[]): void {
  more.forEach((line, index) => {
    if (from + index >= lines.length) lines.push(line);
  });
}
