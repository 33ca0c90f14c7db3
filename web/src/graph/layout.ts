import dagre from "@dagrejs/dagre";

export interface GraphTask {
  name: string;
  dependencies: string[];
}

export type Places = Record<string, { x: number; y: number }>;

export const WIDTH = 210;
export const HEIGHT = 62;

/** Where each task stands, from left to right. Only names and dependencies matter. */
export function layout(tasks: GraphTask[]): Places {
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({ rankdir: "LR", nodesep: 22, ranksep: 56, marginx: 12, marginy: 12 });
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
