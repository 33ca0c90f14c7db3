import { describe, expect, it } from "vitest";
import type { TaskNode } from "../src/graph/Graph";
import { firstSeen, lines, type Reused, reused } from "../src/graph/large";
import { layout } from "../src/graph/layout";

const names = Array.from({ length: 150 }, (_, number) => `task_${number}`);
const tasks = names.map(
  (name, number): TaskNode => ({
    name,
    dependencies: number ? [`task_${Math.floor((number - 1) / 2)}`] : [],
    detail: "inline",
    inline: true,
    state: "queued",
  }),
);
const places = layout(tasks);

describe("a large graph", () => {
  it("draws again only the tasks whose state has changed, each where it was", () => {
    const known: Reused = new Map();
    const before = reused(known, tasks, places, null, true);
    const later = tasks.map((task) =>
      task.name === "task_7" ? { ...task, state: "success" } : task,
    );
    const after = reused(known, later, places, null, true);
    const drawn = after.filter((node, index) => node !== before[index]);
    expect(drawn.map((node) => node.id)).toEqual(["task_7"]);
    expect(drawn[0]?.position).toBe(places.task_7);
    expect(drawn[0]?.ariaLabel).toBe("Task task_7, success");
  });

  it("draws again what is selected, and what was", () => {
    const known: Reused = new Map();
    const before = reused(known, tasks, places, "task_1", true);
    const after = reused(known, tasks, places, "task_2", true);
    const drawn = after.filter((node, index) => node !== before[index]);
    expect(drawn.map((node) => [node.id, node.selected])).toEqual([
      ["task_1", false],
      ["task_2", true],
    ]);
  });

  it("opens where it begins", () => {
    expect(firstSeen(places)[0]).toEqual({ id: "task_0" });
  });

  it("has a line for each dependency that is there", () => {
    const path = lines([["task_1", ["task_0", "gone"]]], places);
    expect(path.match(/M/g)).toHaveLength(1);
  });

  it("puts each task behind what it waits for, however many there are", () => {
    for (const task of tasks) {
      for (const before of task.dependencies) {
        expect(places[before]?.x).toBeLessThan(places[task.name]?.x ?? 0);
      }
    }
  });
});
