import { describe, expect, it } from "vitest";
import type { LogLine } from "../src/api/queries";
import { apart } from "../src/graph/layered";
import { layout } from "../src/graph/layout";
import { Heights, isUneven, rowsOf } from "../src/logs/heights";
import { blocks, gap, stepped, stretch } from "../src/pages/runs/sight";

const line = (text: string, level = "info"): LogLine => ({
  text,
  level,
  stream: "stdout",
  timestamp: null,
});

describe("the rows of a line", () => {
  it("are those of the letters that are seen", () => {
    expect(rowsOf(line("x".repeat(20)), 20)).toBe(1);
    expect(rowsOf(line("x".repeat(21)), 20)).toBe(2);
    expect(rowsOf(line(`\u001b[1;32m${"x".repeat(20)}\u001b[0m`), 20)).toBe(1);
    expect(rowsOf(line(""), 20)).toBe(1);
  });

  it("count the level that stands in front, and lines within it", () => {
    expect(rowsOf(line("x".repeat(15), "error"), 20)).toBe(2); // "ERROR " is six letters
    expect(rowsOf(line("one\ntwo\n"), 20)).toBe(3);
  });

  it("have to be measured where letters are not all as wide", () => {
    expect(isUneven(line("\u001b[32mplain\u001b[0m ~!"))).toBe(false);
    expect(["é", "日本", "a\tb", "one\ntwo"].map((text) => isUneven(line(text)))).not.toContain(
      false,
    );
  });
});

describe("the heights of a log", () => {
  const lines = [line("a"), line("b".repeat(25)), line("c"), line("d")];
  const shown = [0, 1, 3];

  it("say which line a row is of", () => {
    const heights = new Heights(lines, shown, 10);
    heights.grow();
    expect(heights.total).toBe(5);
    expect([0, 1, 3, 4, 99].map((row) => heights.at(row))).toEqual([0, 1, 1, 2, 2]);
    expect(shown.map((_, index) => heights.begin(index))).toEqual([0, 1, 4]);
  });

  it("grow with the lines, and move what stands below one that was measured", () => {
    const some = [0];
    const heights = new Heights(lines, some, 10);
    heights.grow();
    some.push(1, 2);
    heights.grow();
    heights.correct(1, 2);
    expect(heights.total).toBe(4);
    expect(heights.begin(2)).toBe(3);
  });
});

describe("what is drawn of a grid", () => {
  it("is what is in sight, and blocks beside it", () => {
    expect(stretch(0, 440, 100, 1)).toEqual({ from: 0, to: 32 });
    expect(stretch(1000, 440, 100, 1)).toEqual({ from: 32, to: 80 });
    expect(stretch(1760, 440, 100, 9)).toEqual({ from: 8, to: 100 });
    expect(stretch(0, 440, 0, 1)).toEqual({ from: 0, to: 0 });
  });

  it("holds the cell that has the focus, wherever it is", () => {
    const drawn = blocks({ from: 32, to: 48 }, 7);
    expect(drawn).toEqual([0, 32, 40]);
    expect(drawn.map((_, index) => gap(drawn, index, 8))).toEqual([0, 24 * 22, 0]);
  });

  it("is led through by keys, over what is empty and not beyond the edge", () => {
    const size = { rows: 4, runs: 3 };
    const isThere = ({ row, run }: { row: number; run: number }) => row !== 2 || run !== 1;
    expect(stepped("ArrowDown", null, size, isThere)).toEqual({ row: 0, run: 2 });
    expect(stepped("ArrowDown", { row: 1, run: 1 }, size, isThere)).toEqual({ row: 3, run: 1 });
    expect(stepped("ArrowLeft", { row: 2, run: 2 }, size, isThere)).toEqual({ row: 2, run: 0 });
    expect(stepped("ArrowRight", { row: 0, run: 2 }, size, isThere)).toBeNull();
    expect(stepped("x", { row: 0, run: 0 }, size, isThere)).toBeNull();
  });
});

describe("the places of many tasks", () => {
  it("stay apart, and as near to where they want to be as that leaves", () => {
    expect(apart([0, 100], 10)).toEqual([0, 100]);
    expect(apart([50, 50, 50], 10)).toEqual([40, 50, 60]);
    expect(apart([0, 0, 100], 10)).toEqual([-5, 5, 100]);
  });

  it("are never the same, also where tasks wait for each other", () => {
    const tasks = Array.from({ length: 90 }, (_, number) => ({
      name: `task_${number}`,
      dependencies: number % 9 ? [`task_${number - 1}`] : [`task_${(number + 8) % 90}`, "gone"],
    }));
    const places = Object.values(layout(tasks)).map(({ x, y }) => `${x} ${y}`);
    expect(new Set(places).size).toBe(90);
    expect(Math.min(...Object.values(layout(tasks)).map(({ y }) => y))).toBe(12);
  });
});
