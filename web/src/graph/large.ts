import { stateWords } from "../components/State";
import type { TaskFlowNode, TaskNode } from "./Graph";
import { HEIGHT, isDownwards, type Places, WIDTH } from "./layout";

/** The nodes that were drawn last, by name. */
export type Reused = Map<string, TaskFlowNode>;

const FIRST = 40;

/** The nodes of a graph; what has not changed is the same object, and so is not drawn again. */
export function reused(
  known: Reused,
  tasks: TaskNode[],
  places: Places,
  selected: string | null,
  bare: boolean,
): TaskFlowNode[] {
  const down = isDownwards(tasks);
  const nodes = tasks.flatMap((task): TaskFlowNode[] => {
    const position = places[task.name];
    if (!position) return [];
    const before = known.get(task.name);
    const chosen = task.name === selected;
    const same =
      before?.selected === chosen &&
      before.position === position &&
      before.data.bare === bare &&
      before.data.down === down &&
      looksLike(before.data.task, task);
    if (same) return [before];
    return [
      {
        id: task.name,
        type: "task",
        position,
        data: { task, bare, down },
        selected: chosen,
        width: WIDTH,
        height: HEIGHT,
        ariaLabel: `Task ${task.name}${task.state ? `, ${stateWords(task.state)}` : ""}`,
      },
    ];
  });
  known.clear();
  for (const node of nodes) known.set(node.id, node);
  return nodes;
}

function looksLike(one: TaskNode, other: TaskNode): boolean {
  return (
    one.state === other.state &&
    one.detail === other.detail &&
    one.inline === other.inline &&
    one.problem === other.problem
  );
}

/** The tasks that begin it: what is in sight when it opens. */
export function firstSeen(places: Places): { id: string }[] {
  return Object.entries(places)
    .sort(([, one], [, other]) => one.x - other.x)
    .slice(0, FIRST)
    .map(([id]) => ({ id }));
}

/** One path for all dependencies. */
export function lines(tasks: [string, string[]][], places: Places): string {
  const drawn: string[] = [];
  for (const [name, dependencies] of tasks) {
    const to = places[name];
    for (const before of dependencies) {
      const from = places[before];
      if (!from || !to) continue;
      const [x, y, x2, y2] = [from.x + WIDTH, from.y + HEIGHT / 2, to.x, to.y + HEIGHT / 2];
      const middle = (x + x2) / 2;
      drawn.push(`M${x} ${y}C${middle} ${y} ${middle} ${y2} ${x2} ${y2}`);
    }
  }
  return drawn.join("");
}
