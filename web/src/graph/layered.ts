import type { GraphTask, Places } from "./layout";

const SWEEPS = 12;

/** What stands in a graph of many: numbers instead of names. */
interface Graph {
  before: number[][];
  after: number[][];
}

/**
 * Places for many tasks: columns by the longest way to each, and in a column an order in which the
 * lines are short. It knows no lines around tasks, as dagre does, and takes milliseconds for
 * what takes dagre seconds.
 */
export function layered(tasks: GraphTask[], column: number, row: number, margin: number): Places {
  const graph = graphOf(tasks);
  const columns = columnsOf(graph);
  const heights = heightsOf(graph, columns, row);
  const top = Math.min(...heights);
  const places: Places = {};
  columns.forEach((members, index) => {
    for (const task of members) {
      const name = tasks[task]?.name ?? "";
      places[name] = { x: margin + index * column, y: margin + (heights[task] ?? 0) - top };
    }
  });
  return places;
}

function graphOf(tasks: GraphTask[]): Graph {
  const numbers = new Map(tasks.map((task, index) => [task.name, index]));
  const after: number[][] = tasks.map(() => []);
  const before = tasks.map((task, index) => {
    const known = [...new Set(task.dependencies)].flatMap((name) => numbers.get(name) ?? []);
    for (const one of known) after[one]?.push(index);
    return known;
  });
  return { before, after };
}

/** Each task in the column behind all that it waits for; what waits for nothing, next to what
 * waits for it. Tasks that wait for each other stand where the first of them is reached. */
function columnsOf({ before, after }: Graph): number[][] {
  const left = before.map((some) => some.length);
  const rank = before.map(() => 0);
  const ready = left.flatMap((count, task) => (count === 0 ? [task] : []));
  for (let at = 0; at < ready.length; at++) {
    const task = ready[at] ?? 0;
    for (const next of after[task] ?? []) {
      rank[next] = Math.max(rank[next] ?? 0, (rank[task] ?? 0) + 1);
      left[next] = (left[next] ?? 0) - 1;
      if (left[next] === 0) ready.push(next);
    }
  }
  before.forEach((some, task) => {
    const followers = (after[task] ?? []).map((next) => rank[next] ?? 0);
    if (some.length === 0 && followers.length > 0)
      rank[task] = Math.max(0, Math.min(...followers) - 1);
  });
  const columns: number[][] = [];
  rank.forEach((column, task) => {
    while (columns.length <= column) columns.push([]);
    columns[column]?.push(task);
  });
  return columns;
}

/** Where each task stands in its column: from left to right and back, each near what it is tied to. */
function heightsOf({ before, after }: Graph, columns: number[][], row: number): number[] {
  const heights = before.map(() => 0);
  for (const members of columns)
    members.forEach((task, index) => (heights[task] = (index - members.length / 2) * row));
  const mean = (some: number[], task: number) =>
    some.length === 0
      ? (heights[task] ?? 0)
      : some.reduce((sum, one) => sum + (heights[one] ?? 0), 0) / some.length;
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const onwards = sweep % 2 === 0;
    const settled = sweep >= SWEEPS - 2; // at last between both sides, in the order that was found
    for (const members of onwards ? columns : [...columns].reverse()) {
      const wanted = new Map(
        members.map((task) => {
          const [one, other] = [before[task] ?? [], after[task] ?? []];
          return [task, mean(settled ? [...one, ...other] : onwards ? one : other, task)];
        }),
      );
      if (!settled) members.sort((one, other) => (wanted.get(one) ?? 0) - (wanted.get(other) ?? 0));
      const found = apart(
        members.map((task) => wanted.get(task) ?? 0),
        row,
      );
      members.forEach((task, index) => (heights[task] = found[index] ?? 0));
    }
  }
  return heights;
}

/** As near as can be to where they want to be, in this order and a row apart: those that push
 * each other move together. */
export function apart(wanted: number[], row: number): number[] {
  const blocks: { sum: number; count: number }[] = [];
  wanted.forEach((height, index) => {
    let block = { sum: height - index * row, count: 1 };
    for (let last = blocks.at(-1); last; last = blocks.at(-1)) {
      if (last.sum / last.count <= block.sum / block.count) break;
      block = { sum: last.sum + block.sum, count: last.count + block.count };
      blocks.pop();
    }
    blocks.push(block);
  });
  return blocks
    .flatMap(({ sum, count }) => Array<number>(count).fill(sum / count))
    .map((height, index) => height + index * row);
}
