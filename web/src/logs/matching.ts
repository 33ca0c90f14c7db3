import { useMemo } from "react";
import type { LogLine } from "../api/queries";

export const LEVELS = ["debug", "info", "warning", "error", "critical"];

export interface Wanted {
  found: string;
  level: string;
  platform: boolean;
}

/** Lines of what carries the task, not of the task. */
export function isPlatform(line: LogLine): boolean {
  return (
    line.stream === "task" ||
    line.stream.startsWith("airflow") ||
    line.stream.startsWith("taxiway.")
  );
}

/** Add the places of the lines that are wanted, from one on. */
export function match(lines: LogLine[], wanted: Wanted, from: number, places: number[]): number[] {
  const lowest = LEVELS.indexOf(wanted.level);
  const loud = LEVELS.indexOf("error");
  const text = wanted.found.toLowerCase();
  for (let place = from; place < lines.length; place++) {
    const line = lines[place];
    if (!line) continue;
    const rank = LEVELS.indexOf(line.level.toLowerCase());
    if (rank >= 0 && rank < lowest) continue;
    if (!wanted.platform && rank < loud && isPlatform(line)) continue;
    if (text && !line.text.toLowerCase().includes(text)) continue;
    places.push(place);
  }
  return places;
}

/** The places of the lines that are wanted. Of a log that grows only what is new is looked at. */
export function useMatching(lines: LogLine[], count: number, wanted: Wanted): number[] {
  const { found, level, platform } = wanted;
  const places = useMemo(
    () => ({ lines, wanted: { found, level, platform }, upto: 0, found: [] as number[] }),
    [lines, found, level, platform],
  );
  if (places.upto < count) {
    match(lines, places.wanted, places.upto, places.found);
    places.upto = lines.length;
  }
  return places.found;
}

/** The first of these places that is not before one. */
export function firstFrom(places: number[], place: number): number {
  const index = places.findIndex((one) => one >= place);
  return index < 0 ? places.length - 1 : index;
}
