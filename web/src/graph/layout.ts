import dagre from "@dagrejs/dagre";

export interface GraphTask {
  name: string;
  dependencies: string[];
}

export type Places = Record<string, { x: number; y: number }>;

export const WIDTH = 210;
export const HEIGHT = 62;
export const FEW = 40; // laid out within a frame or two

/** Where each task stands, from left to right. Only names and dependencies matter. */
export function layout(tasks: GraphTask[]): Places {
  const graph = new dagre.graphlib.Graph();
  // the best ranks take three times as long, which a few tasks do not show
  const ranker = tasks.length > FEW ? "tight-tree" : "network-simplex";
  graph.setGraph({ rankdir: "LR", nodesep: 22, ranksep: 56, marginx: 12, marginy: 12, ranker });
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
