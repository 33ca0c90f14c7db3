import { useEffect, useRef, useState } from "react";
import { api, body } from "../api/client";
import { useVisible } from "../api/live";
import type { LogLine } from "../api/queries";
import { asRefusal } from "../api/refusal";

const ENDED = new Set(["success", "failed", "skipped", "upstream_failed", "removed"]);

export interface LogState {
  lines: LogLine[];
  loading: boolean;
  live: boolean;
  error: unknown;
}

/**
 * The lines of one try: read at once when it has ended, else as they come. Lines that come in one
 * frame are shown together, so that a task that writes much does not hold the page up.
 */
export function useLog(run: string, task: string, tried: number, state: string): LogState {
  const [lines, setLines] = useState<LogLine[]>([]);
  const [loading, setLoading] = useState(true);
  const [error, setError] = useState<unknown>(null);
  const visible = useVisible();
  const count = useRef(0);
  const over = ENDED.has(state);

  useEffect(() => {
    count.current = 0;
    setLines([]);
    setLoading(true);
    setError(null);
  }, [run, task, tried]);

  useEffect(() => {
    if (!tried || !visible) return;
    if (over) {
      const stop = new AbortController();
      readAll(run, task, tried, stop.signal)
        .then((found) => {
          count.current = found.length;
          setLines(found);
          setLoading(false);
        })
        .catch((reason) => {
          if (!stop.signal.aborted) {
            setError(asRefusal(reason));
            setLoading(false);
          }
        });
      return () => stop.abort();
    }
    return follow(run, task, tried, count, (more, from) => {
      setLoading(false);
      setLines((known) => [...known.slice(0, from), ...more]);
    });
  }, [run, task, tried, over, visible]);

  return { lines, loading: loading && tried > 0, live: !over && tried > 0, error };
}

async function readAll(
  run: string,
  task: string,
  tried: number,
  signal: AbortSignal,
): Promise<LogLine[]> {
  const answer = await body(
    api.GET("/api/v1/runs/{run_id}/tasks/{task}/logs", {
      params: { path: { run_id: run, task }, query: { try: tried } },
      signal,
    }),
  );
  return (answer as { lines: LogLine[] }).lines;
}

function follow(
  run: string,
  task: string,
  tried: number,
  count: { current: number },
  show: (lines: LogLine[], from: number) => void,
): () => void {
  const path = `/api/v1/runs/${run}/tasks/${encodeURIComponent(task)}/logs/stream?try=${tried}`;
  const source = new EventSource(path);
  let waiting: LogLine[] = [];
  let first = 0; // how many lines were known before those that wait
  let frame = 0;
  const flush = () => {
    frame = 0;
    show(waiting, first);
    count.current = first + waiting.length;
    first = count.current;
    waiting = [];
  };
  source.addEventListener("line", (event) => {
    const number = Number(event.lastEventId.split(":")[1]); // the number of this line
    if (waiting.length === 0) first = number - 1;
    waiting.push(JSON.parse(event.data) as LogLine);
    frame ||= requestAnimationFrame(flush);
  });
  source.addEventListener("end", () => source.close());
  return () => {
    cancelAnimationFrame(frame);
    source.close();
  };
}
