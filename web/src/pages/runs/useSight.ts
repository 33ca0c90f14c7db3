import { type RefObject, useCallback, useLayoutEffect, useRef, useState } from "react";
import { isSame, type Sight, stretch } from "./sight";

/** What is in sight of a grid that scrolls: at first its newest runs. */
export function useSight(
  scroller: RefObject<HTMLElement | null>,
  names: RefObject<HTMLElement | null>,
  rows: number,
  runs: number,
): [Sight, () => void] {
  const [sight, setSight] = useState<Sight>({ rows: { from: 0, to: 0 }, runs: { from: 0, to: 0 } });
  const opened = useRef(false);
  const look = useCallback(() => {
    const area = scroller.current;
    if (!area) return;
    const width = area.clientWidth - (names.current?.offsetWidth ?? 0);
    const next = {
      rows: stretch(area.scrollTop, area.clientHeight, rows),
      runs: stretch(area.scrollLeft, width, runs),
    };
    setSight((now) => (isSame(now, next) ? now : next));
  }, [scroller, names, rows, runs]);
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
  return [sight, look];
}
