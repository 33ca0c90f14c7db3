import dagre from "@dagrejs/dagre";
import { layered } from "./layered";

export interface GraphTask {
  name: string;
  dependencies: string[];
}

export type Places = Record<string, { x: number; y: number }>;

export const WIDTH = 210;
export const HEIGHT = 62;
const FEW = 40; // dagre has laid them out within a frame or two

const GAP = { x: 56, y: 22 };
const MARGIN = 12;
const DOWNWARDS = 12; // more tasks go to the right
const BOX = { width: 640, height: 430 }; // about what a page has for it

/** Whether a few tasks are read better from top to bottom: a chain is, at any width of the page. */
export function isDownwards(tasks: GraphTask[]): boolean {
  if (tasks.length > DOWNWARDS) return false;
  const levels = levelsOf(tasks);
  const deep = new Set(levels).size;
  const broad = Math.max(...levels.map((one) => levels.filter((other) => other === one).length));
  const scale = (width: number, height: number) => Math.min(BOX.width / width, BOX.height / height);
  const right = scale(deep * (WIDTH + 56), broad * (HEIGHT + 22));
  const down = scale(broad * (WIDTH + 22), deep * (HEIGHT + 40));
  return deep > 2 && down > right;
}

/** How many tasks come before each one, on the longest way to it. */
function levelsOf(tasks: GraphTask[]): number[] {
  const by = new Map(tasks.map((task) => [task.name, task]));
  const level = (task: GraphTask, way: string[]): number =>
    task.dependencies.reduce((most, name) => {
      const before = way.includes(name) ? undefined : by.get(name);
      return before ? Math.max(most, level(before, [...way, name]) + 1) : most;
    }, 0);
  return tasks.map((task) => level(task, [task.name]));
}

/** Where each task stands. Only names and dependencies matter. */
export function layout(tasks: GraphTask[]): Places {
  if (tasks.length > FEW) return layered(tasks, WIDTH + GAP.x, HEIGHT + GAP.y, MARGIN);
  const graph = new dagre.graphlib.Graph();
  const way = isDownwards(tasks)
    ? { rankdir: "TB", ranksep: 40 }
    : { rankdir: "LR", ranksep: GAP.x };
  graph.setGraph({ ...way, nodesep: GAP.y, marginx: MARGIN, marginy: MARGIN });
  graph.setDefaultEdgeLabel(() => ({}));
  const names = new Set(tasks.map((task) => task.name));
  for (const task of tasks) graph.setNode(task.name, { width: WIDTH, height: HEIGHT });
  for (const task of tasks) {
    for (const before of task.dependencies) if (names.has(before)) graph.setEdge(before, task.name);
  }
  dagre.layout(graph);
  return Object.fromEntries(
    tasks.map((task) => {
      const node = graph.node(task.name);
      return [task.name, { x: node.x - WIDTH / 2, y: node.y - HEIGHT / 2 }];
    }),
  );
}
