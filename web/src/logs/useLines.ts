import { type RefObject, useCallback, useLayoutEffect, useMemo, useRef, useState } from "react";
import { flushSync } from "react-dom";
import type { LogLine } from "../api/queries";
import { Heights, ROW } from "./heights";

const STEP = 8; // rows: less scrolling than this draws nothing
const BESIDE = 16; // rows above and below what is in sight
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
  ready: boolean;
  /** The first line that is drawn, and the one after the last. */
  from: number;
  to: number;
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

  const look = useCallback(() => {
    const element = area.current;
    const letter = (letters.current?.offsetWidth ?? 0) / (letters.current?.textContent.length || 1);
    if (!element || !letter) return;
    const width = element.clientWidth - NUMBERS - LETTERS * letter - 0.5;
    const next = {
      row: Math.floor(element.scrollTop / ROW / STEP) * STEP,
      rows: Math.ceil(element.clientHeight / ROW),
      columns: Math.max(10, Math.floor(width / letter)),
    };
    setView((now) => (isSame(now, next) ? now : next));
    onEnd(element.scrollHeight - element.scrollTop - element.clientHeight < NEAR);
  }, [area, letters, onEnd]);

  useLayoutEffect(() => {
    const element = area.current;
    if (!element) return;
    const watching = new ResizeObserver(look);
    watching.observe(element);
    return () => watching.disconnect();
  }, [area, look]);

  useLayoutEffect(() => {
    const element = area.current;
    if (element && following) element.scrollTop = element.scrollHeight;
    look();
  }, [area, following, total, heights, look]);

  const anchor = useRef({ heights, place: 0 });
  const show = useCallback(
    (index: number) => {
      const element = area.current;
      if (!element) return;
      element.scrollTop = heights.begin(index) * ROW - element.clientHeight / 2 + ROW;
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
    // what is scrolled to is drawn before it is seen
    flushSync(look);
    const top = heights.at((area.current?.scrollTop ?? 0) / ROW);
    anchor.current.place = shown[top] ?? 0;
  }, [area, look, heights, shown]);
  return {
    heights,
    height: total * ROW,
    ready: view.columns > 0,
    from: view.columns ? heights.at(view.row - BESIDE) : 0,
    to: view.columns
      ? Math.min(shown.length, heights.at(view.row + STEP + view.rows + BESIDE) + 1)
      : 0,
    onScroll,
    show,
  };
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
