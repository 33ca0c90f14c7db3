import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import { BLOCK, isSame, type Sight, stretch } from "./sight";

const ALL = 6000; // cells that a browser scrolls more smoothly than it draws them meanwhile

/**
 * What is drawn of a grid that scrolls: what is in sight, at first its newest runs, and a block
 * beside it. Of a grid that is not very large the rest is drawn too, while nothing else is done.
 */
export function useSight(
  scroller: RefObject<HTMLElement | null>,
  names: RefObject<HTMLElement | null>,
  rows: number,
  runs: number,
): [Sight, () => void] {
  const [sight, setSight] = useState<Sight>({ rows: { from: 0, to: 0 }, runs: { from: 0, to: 0 } });
  const [beside, setBeside] = useState(1);
  const opened = useRef(false);
  const look = useCallback(() => {
    const area = scroller.current;
    if (!area) return;
    const width = area.clientWidth - (names.current?.offsetWidth ?? 0);
    const next = {
      rows: stretch(area.scrollTop, area.clientHeight, rows, beside),
      runs: stretch(area.scrollLeft, width, runs, beside),
    };
    setSight((now) => (isSame(now, next) ? now : next));
  }, [scroller, names, rows, runs, beside]);
  useLayoutEffect(() => {
    const area = scroller.current;
    if (!area) return;
    if (!opened.current) area.scrollLeft = area.scrollWidth;
    opened.current = true; // afterwards the scroll is the reader's
    look();
    const watching = new ResizeObserver(look);
    watching.observe(area);
    return () => watching.disconnect();
  }, [scroller, look]);
  useEffect(() => {
    if (rows * runs > ALL || beside * BLOCK > Math.max(rows, runs)) return;
    return whenIdle(() => setBeside(beside + 1));
  }, [rows, runs, beside]);
  return [sight, look];
}

/** Safari has no idle callbacks. */
function whenIdle(act: () => void): () => void {
  if (!("requestIdleCallback" in window)) {
    const timer = setTimeout(act, 50);
    return () => clearTimeout(timer);
  }
  const asked = requestIdleCallback(act);
  return () => cancelIdleCallback(asked);
}
