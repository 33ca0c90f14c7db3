import { type RefObject, useCallback, useLayoutEffect, useMemo, useRef, useState } from "react";
import { flushSync } from "react-dom";
import type { LogLine } from "../api/queries";
import { Heights, ROW } from "./heights";

const STEP = 4; // rows: less scrolling than this draws nothing
const BESIDE = 8; // rows above and below what is in sight
const NUMBERS = 76; // pixels: the numbers of the lines and the gaps, as in log.css
const LETTERS = 8; // of the time
const NEAR = 40; // pixels from the end that are the end

interface View {
  row: number;
  rows: number;
  columns: number;
}

export interface Lines {
  heights: Heights;
  /** Of all of them, in pixels. */
  height: number;
  /** Whether it is known how wide it is. */
  isReady: boolean;
  /** The first line that is drawn, the one after the last, and where they begin, in pixels. */
  from: number;
  to: number;
  top: number;
  onScroll: () => void;
  show: (index: number) => void;
}

/**
 * Which lines of many are drawn. Heights are reckoned from the letters, so that any line of a
 * hundred thousand is found without drawing those before it.
 */
export function useLines(given: {
  area: RefObject<HTMLElement | null>;
  letters: RefObject<HTMLElement | null>;
  lines: LogLine[];
  shown: number[];
  following: boolean;
  onEnd: (isEnd: boolean) => void;
}): Lines {
  const { area, letters, lines, shown, following, onEnd } = given;
  const [view, setView] = useState<View>({ row: 0, rows: 0, columns: 0 });
  const [, setCorrected] = useState({});
  const heights = useMemo(
    () => new Heights(lines, shown, view.columns || 80),
    [lines, shown, view.columns],
  );
  heights.grow();
  const { total } = heights;

  // sizes are read when they change, not while it scrolls: that would lay it out each time
  const size = useRef({ height: 0, columns: 0 });
  const look = useCallback(() => {
    const { height, columns } = size.current;
    const top = area.current?.scrollTop ?? 0;
    const row = Math.floor(top / ROW / STEP) * STEP;
    const next = { row, rows: Math.ceil(height / ROW), columns };
    setView((now) => (isSame(now, next) ? now : next));
    onEnd(heights.total * ROW - top - height < NEAR);
    return top;
  }, [area, heights, onEnd]);

  useLayoutEffect(() => {
    const element = area.current;
    if (!element) return;
    const measure = () => {
      size.current = sizeOf(element, letters.current);
      look();
    };
    measure();
    const watching = new ResizeObserver(measure);
    watching.observe(element);
    return () => watching.disconnect();
  }, [area, letters, look]);

  useLayoutEffect(() => {
    if (area.current && following) area.current.scrollTop = heights.total * ROW;
    look();
  }, [area, following, total, heights, look]);

  const anchor = useRef({ heights, place: 0 });
  const show = useCallback(
    (index: number) => {
      const element = area.current;
      if (!element) return;
      const [begin, { height }] = [heights.begin(index) * ROW, size.current];
      const isSeen = begin >= element.scrollTop && begin + ROW <= element.scrollTop + height;
      if (!isSeen) element.scrollTop = begin - height / 2 + ROW;
      look();
    },
    [area, heights, look],
  );
  useLayoutEffect(() => {
    // other lines are shown, or the same in other rows: the reader stays at the one on top
    const element = area.current;
    if (element && anchor.current.heights !== heights && !following) {
      const found = shown.findIndex((place) => place >= anchor.current.place);
      element.scrollTop = heights.begin(found < 0 ? shown.length - 1 : found) * ROW;
      look();
    }
    anchor.current.heights = heights;
  }, [area, shown, heights, following, look]);

  useLayoutEffect(() => {
    if (area.current && measured(area.current, heights)) setCorrected({});
  });

  const onScroll = useCallback(() => {
    const top = flushSync(look); // what is scrolled to is drawn before it is seen
    anchor.current.place = shown[heights.at(top / ROW)] ?? 0;
  }, [look, heights, shown]);
  const isReady = view.columns > 0;
  const from = isReady ? heights.at(view.row - BESIDE) : 0;
  const last = heights.at(view.row + STEP + view.rows + BESIDE);
  return {
    heights,
    height: total * ROW,
    isReady,
    from,
    to: isReady ? Math.min(shown.length, last + 1) : 0,
    top: heights.begin(from) * ROW,
    onScroll,
    show,
  };
}

function sizeOf(area: HTMLElement, letters: HTMLElement | null) {
  const letter = (letters?.offsetWidth ?? 0) / (letters?.textContent.length || 1) || 8;
  const width = area.clientWidth - NUMBERS - LETTERS * letter - 0.5;
  return { height: area.clientHeight, columns: Math.max(10, Math.floor(width / letter)) };
}

function isSame(one: View, other: View): boolean {
  return one.row === other.row && one.rows === other.rows && one.columns === other.columns;
}

/** Put right the heights of drawn lines whose letters are not all as wide; whether one was wrong. */
function measured(area: HTMLElement, heights: Heights): boolean {
  let wrong = false;
  for (const drawn of area.querySelectorAll<HTMLElement>("[data-uneven]")) {
    const index = Number(drawn.dataset.uneven);
    const rows = Math.max(1, Math.round(drawn.offsetHeight / ROW));
    const more = rows - heights.rows(index);
    if (more === 0) continue;
    if (heights.begin(index) * ROW < area.scrollTop) area.scrollTop += more * ROW;
    heights.correct(index, rows);
    wrong = true;
  }
  return wrong;
}
