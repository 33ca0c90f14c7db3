import { Tooltip } from "@mantine/core";
import { useEffect, useState } from "react";
import { ago, exact, seconds, span } from "./time";

/** A moment as people say it, with the exact one on hover. */
export function Time({ at, empty = "–" }: { at: string | null | undefined; empty?: string }) {
  useTick(15_000, Boolean(at));
  if (!at) return <span>{empty}</span>;
  return (
    <Tooltip label={exact(at)}>
      <time dateTime={at} style={{ whiteSpace: "nowrap" }}>
        {ago(at)}
      </time>
    </Tooltip>
  );
}

/** How long it took, or takes so far. */
export function Duration({ from, to }: { from?: string | null; to?: string | null }) {
  useTick(1000, Boolean(from && !to));
  return <span style={{ whiteSpace: "nowrap" }}>{seconds(span(from, to))}</span>;
}

export function useTick(every: number, on = true): number {
  const [tick, setTick] = useState(0);
  useEffect(() => {
    if (!on) return;
    const timer = setInterval(() => setTick((value) => value + 1), every);
    return () => clearInterval(timer);
  }, [every, on]);
  return tick;
}
