import { describe, expect, it } from "vitest";
import type { LogLine, TaskRun } from "../src/api/queries";
import { partName } from "../src/components/parts";
import { isWeb } from "../src/components/SafeLink";
import { ago, seconds } from "../src/components/time";
import validator from "../src/forms/validator";
import { layout } from "../src/graph/layout";
import { match, type Wanted } from "../src/logs/matching";
import { barsOf } from "../src/pages/run/phases";

const line = (text: string, level = "info", stream = "stdout"): LogLine => ({
  text,
  level,
  stream,
  timestamp: null,
});

describe("a log", () => {
  const lines = [
    line("::group::", "info", "task"),
    line("one"),
    line("two", "warning"),
    line("broken", "error", "task"),
  ];

  const everything: Wanted = { found: "", level: "debug", platform: true };

  it("keeps the numbers of its lines, whatever is left out", () => {
    expect(match(lines, { ...everything, platform: false }, 0, [])).toEqual([1, 2, 3]);
  });

  it("is searched, and narrowed by level", () => {
    expect(match(lines, { ...everything, found: "TWO" }, 0, [])).toEqual([2]);
    expect(match(lines, { ...everything, level: "warning" }, 0, [])).toEqual([2, 3]);
  });

  it("is looked at from where the last look ended", () => {
    expect(match([...lines, line("new")], everything, 4, [0, 1])).toEqual([0, 1, 4]);
  });
});

describe("a link", () => {
  it.each(["javascript:alert(1)", "data:text/html,x", "//host/x", "mailto:a@b"])(
    "to %s is none",
    (href) => {
      expect(isWeb(href)).toBe(false);
    },
  );
});

describe("a gantt", () => {
  it("puts the phases one after the other", () => {
    const task = {
      queued_at: "2026-01-01T00:00:00Z",
      ended_at: "2026-01-01T00:00:04Z",
      timings: { queued: 1, airflow: null, import: 2, function: 1 },
    } as unknown as TaskRun;
    const bars = barsOf(task, Date.now());
    expect(bars.map((bar) => [bar.phase?.key, (bar.to - bar.from) / 1000])).toEqual([
      ["queued", 1],
      ["import", 2],
      ["function", 1],
    ]);
  });

  it("shows what a task told nothing of as one bar", () => {
    const failed = {
      queued_at: "2026-01-01T00:00:00Z",
      ended_at: "2026-01-01T00:00:05Z",
      timings: { queued: 2 },
    } as unknown as TaskRun;
    expect(barsOf(failed, Date.now()).map((bar) => [bar.phase?.key, bar.to - bar.from])).toEqual([
      ["queued", 2000],
      [undefined, 3000],
    ]);
  });
});

describe("a form", () => {
  it("is validated without compiling anything", () => {
    const schema = {
      type: "object",
      properties: { epochs: { type: "integer", maximum: 16 } },
      required: ["rate"],
    } as const;
    const { errors } = validator.validateFormData({ epochs: 99 }, schema as never);
    expect(errors.map((error) => error.property)).toEqual([".rate", ".epochs"]);
  });
});

describe("parts of the stack", () => {
  it("are called as people call them", () => {
    expect(["database", "airflow_api", "airflow_dag_processor"].map(partName)).toEqual([
      "Database",
      "Airflow's API",
      "Airflow's DAG processor",
    ]);
  });
});

describe("times", () => {
  it("are relative, and short", () => {
    expect(ago(new Date(1_000_000), 1_000_000 + 120_000)).toBe("2 minutes ago");
    expect(seconds(0.05)).toBe("50 ms");
    expect(seconds(75)).toBe("1 min 15 s");
  });
});

describe("a graph", () => {
  it("stands from left to right, and ignores what it does not know", () => {
    const places = layout([
      { name: "a", dependencies: ["gone"] },
      { name: "b", dependencies: ["a"] },
    ]);
    expect(places.b!.x).toBeGreaterThan(places.a!.x);
  });
});
