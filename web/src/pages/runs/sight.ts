/** A cell of the grid with its gap, and how many of them come and go together. */
export const CELL = 22;
export const BLOCK = 8;

/** The cells from one on and up to another that are drawn, along one side of the grid. */
export interface Stretch {
  from: number;
  to: number;
}

export interface Sight {
  rows: Stretch;
  runs: Stretch;
}

/** What is seen of so many cells, and so many blocks on either side of it. */
export function stretch(at: number, extent: number, count: number, beside: number): Stretch {
  const block = BLOCK * CELL;
  const from = (Math.floor(at / block) - beside) * BLOCK;
  const to = (Math.ceil((at + extent) / block) + beside) * BLOCK;
  return { from: Math.max(0, Math.min(from, count)), to: Math.max(0, Math.min(to, count)) };
}

/** The first cells of the blocks of a stretch, and of the one that holds a cell beside it. */
export function blocks({ from, to }: Stretch, beside = -1): number[] {
  const found = new Set<number>();
  for (let first = from - (from % BLOCK); first < to; first += BLOCK) found.add(first);
  if (beside >= 0) found.add(beside - (beside % BLOCK));
  return [...found].sort((one, other) => one - other);
}

/** How far what begins at one cell is from the end of what is drawn before it, in pixels. */
export function gap(places: number[], index: number, size: number): number {
  const before = index > 0 ? (places[index - 1] ?? 0) + size : 0;
  return ((places[index] ?? 0) - before) * CELL;
}

export function isSame(one: Sight, other: Sight): boolean {
  return (
    one.rows.from === other.rows.from &&
    one.rows.to === other.rows.to &&
    one.runs.from === other.runs.from &&
    one.runs.to === other.runs.to
  );
}

/** A cell: row 0 holds the runs, and the tasks come after it. */
export interface Place {
  row: number;
  run: number;
}

const STEPS: Record<string, [number, number]> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

/**
 * Where an arrow key leads: over what is empty, to the next cell that there is; from the grid
 * itself to the newest run. Null for other keys, and at the edge.
 */
export function stepped(
  key: string,
  from: Place | null,
  size: { rows: number; runs: number },
  isThere: (place: Place) => boolean,
): Place | null {
  const way = STEPS[key];
  if (!way) return null;
  let place = from
    ? { row: from.row + way[0], run: from.run + way[1] }
    : { row: 0, run: size.runs - 1 };
  while (place.row >= 0 && place.row < size.rows && place.run >= 0 && place.run < size.runs) {
    if (isThere(place)) return place;
    place = { row: place.row + way[0], run: place.run + way[1] };
  }
  return null;
}
