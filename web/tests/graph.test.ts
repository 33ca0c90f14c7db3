import { describe, expect, it } from "vitest";
import type { TaskNode } from "../src/graph/Graph";
import { firstSeen, lines, type Reused, reused } from "../src/graph/large";
import { isDownwards, layout } from "../src/graph/layout";

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

describe("a small graph", () => {
  const chain = names.slice(0, 4).map((name, number) => ({
    name,
    dependencies: number ? [`task_${number - 1}`] : [],
  }));

  it("goes down when it is a chain, and its names are large", () => {
    expect(isDownwards(chain)).toBe(true);
    const found = layout(chain);
    expect(found.task_0?.x).toBe(found.task_3?.x);
    expect(found.task_0?.y).toBeLessThan(found.task_3?.y ?? 0);
  });

  it("goes to the right when many tasks stand side by side", () => {
    const broad = names.slice(1, 9).map((name) => ({ name, dependencies: ["task_0"] }));
    expect(isDownwards([{ name: "task_0", dependencies: [] }, ...broad])).toBe(false);
  });

  it("ends although its dependencies go round", () => {
    const round = chain.map((task) => ({ ...task, dependencies: ["task_0", "task_3"] }));
    expect(() => layout(round)).not.toThrow();
  });
});
