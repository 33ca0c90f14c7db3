import { describe, expect, it } from "vitest";
import { withChanges } from "../src/api/live";
import type { Schema } from "../src/api/client";
import type { TaskRun } from "../src/api/queries";
import { Refusal } from "../src/api/refusal";
import type { Fn } from "../src/api/repositories";
import { placesOf } from "../src/components/Trend";
import { behindWords } from "../src/components/Behind";
import { draftTask, type Draft } from "../src/pages/edit/draft";
import { commonFolder, inFolder } from "../src/pages/edit/folders";
import { differences } from "../src/pages/edit/Meanwhile";
import { pairsOf } from "../src/pages/edit/PairsField";
import { fieldOf, merged } from "../src/pages/edit/problems";
import { refused } from "../src/pages/edit/useDraftCheck";
import { byTask, countWords, nameOf } from "../src/pages/run/elements";
import { pointsOf } from "../src/pages/runs/Trends";
import { below } from "../src/values/source";
import { columnOf } from "../src/values/Table";

function taskRun(task: string, state: string, map_index = -1): TaskRun {
  return { task, state, map_index } as unknown as TaskRun;
}

function draft(tasks: { name: string; retries?: number }[], fields = {}): Draft {
  return {
    fields: { name: "w", git_branch: "main", ...fields } as Draft["fields"],
    tasks: tasks.map(({ name, retries = 0 }) =>
      draftTask({
        id: name,
        name,
        python_callable: `def ${name}(): ...`,
        params: {},
        dependencies: [],
        retry_count: retries,
      } as never),
    ),
  };
}

describe("mapped tasks", () => {
  const runs = [taskRun("a", "success"), taskRun("b", "success", 1), taskRun("b", "failed", 0)];

  it("are one task with the worst of their elements", () => {
    const [a, b] = byTask(runs);
    expect([a?.isMapped, a?.state]).toEqual([false, "success"]);
    expect([b?.isMapped, b?.state]).toEqual([true, "failed"]);
    expect(b?.elements.map((one) => one.map_index)).toEqual([0, 1]);
    expect(countWords(b?.elements.map((one) => one.state) ?? [])).toBe("1 failed, 1 success");
    expect(nameOf(runs[1] as TaskRun)).toBe("b [1]");
  });

  it("get their elements while they are followed", () => {
    const seen = withChanges(
      [taskRun("a", "success"), taskRun("b", "scheduled")],
      new Map([
        ["b/0", taskRun("b", "running", 0)],
        ["b/1", taskRun("b", "queued", 1)],
      ]),
    );
    expect(seen.map(nameOf)).toEqual(["a", "b [0]", "b [1]"]);
  });
});

describe("problems of a draft that cannot be read", () => {
  const refusal = new Refusal({
    status: 422,
    code: "validation-failed",
    detail: "2 things are wrong",
    errors: [
      { pointer: "/tasks/1/retry_count", field: "tasks.1.retry_count", code: "x", message: "no" },
      { pointer: "/workflow/schedule", field: "workflow.schedule", code: "y", message: "bad" },
    ],
  });

  it("stand at their task or their field", () => {
    const found = refused(refusal, draft([{ name: "a" }, { name: "b" }])) ?? [];
    expect(found.map((one) => one.task)).toEqual(["b", null]);
    expect(found[0]?.pointer).toBe("/tasks/b/retry_count");
    expect(found.map(fieldOf)).toEqual([null, "schedule"]);
  });

  it("are no answer where the server fails otherwise", () => {
    const gone = new Refusal({ status: 503, code: "airflow-unreachable", detail: "down" });
    expect(refused(gone, draft([]))).toBeNull();
  });

  it("are said once, by the server where it has said something", () => {
    const said = { severity: "error" as const, task: "a", message: "f takes no x" };
    const mine = { severity: "error" as const, task: "a", message: "a takes no x" };
    const other = { severity: "error" as const, task: "b", message: "b needs y" };
    expect(merged([said], [mine, other])).toEqual([said, other]);
  });
});

describe("what somebody else has saved", () => {
  it("is told by name, and a commit that a deploy wrote is not", () => {
    const before = draft([{ name: "a" }, { name: "b" }], { git_commit_sha: "1" });
    const after = draft([{ name: "a", retries: 2 }], { git_commit_sha: "2", git_branch: "dev" });
    expect(differences(before, after)).toEqual(["git_branch", "task a", "task b"]);
    expect(differences(before, before)).toEqual([]);
  });
});

describe("the function picker", () => {
  const fns = ["src/train.py", "src/deep/er/eval.py", "src/load.py"].map(
    (path) => ({ path, name: path }) as unknown as Fn,
  );

  it("shows what is directly in a folder", () => {
    expect(commonFolder(fns)).toBe("src");
    const { folders, files } = inFolder(fns, "src");
    expect(folders).toEqual([["deep", 1]]);
    expect(files.map(([path]) => path)).toEqual(["src/load.py", "src/train.py"]);
    expect(inFolder(fns, "").folders).toEqual([["src", 3]]);
  });
});

describe("pairs", () => {
  it("are texts, or JSON where lists are meant; a line without a name is none", () => {
    const rows: [string, string][] = [
      ["seed", "[1, 2]"],
      ["", "x"],
      ["of", "load"],
    ];
    expect(pairsOf(rows, true)).toEqual({ seed: [1, 2], of: "load" });
    expect(pairsOf([["A", "[1"]], true)).toEqual({ A: "[1" });
    expect(pairsOf([["A", "[1]"]], false)).toEqual({ A: "[1]" });
  });
});

describe("a trend", () => {
  const point = (value: number, release: number | null) => ({
    key: String(value),
    to: "",
    value,
    release,
    words: "",
  });

  it("marks where a release began, and stands in the middle where nothing differs", () => {
    const places = placesOf([point(1, 1), point(2, 1), point(3, 2)], false);
    expect(places.releases.map((one) => one.number)).toEqual([1, 2]);
    expect([places.low, places.high]).toEqual([1, 3]);
    expect(placesOf([point(4, 1), point(4, 1)], false).at.map((one) => one.y)).toEqual([60, 60]);
  });

  it("has one point a run, the mean of a mapped task's elements", () => {
    const points = [0, 1].map((map_index) => ({
      run_id: "r",
      map_index,
      value: map_index,
      release: 1,
      commit: null,
      at: "2026-01-01T00:00:00Z",
    }));
    const [found, ...rest] = pointsOf({ task: "t", name: "n", points } as Schema["MetricSeries"]);
    expect(rest).toEqual([]);
    expect([found?.value, found?.words.endsWith("mean of 2 elements")]).toEqual([0.5, true]);
  });
});

describe("words", () => {
  it("say how far a workflow is behind", () => {
    const behind = { branch: "main", head: "a", is_behind: true, commits: 3, checked_at: "" };
    expect(behindWords(behind)).toBe("3 commits behind main");
    expect(behindWords({ ...behind, commits: 1 })).toBe("1 commit behind main");
    expect(behindWords({ ...behind, commits: null })).toBe("main has moved");
    expect(behindWords({ ...behind, is_behind: false })).toBe("at the head of main");
  });

  it("name a part of a value by its place", () => {
    expect(below(below("", "a/b~c"), 0)).toBe("/a~1b~0c/0");
  });

  it("tell of a column what is known", () => {
    expect(columnOf({ name: "x", dtype: "int64", min: 1, max: 9, nan: 2 })).toEqual({
      name: "x",
      facts: "int64, 1 … 9, 2 missing",
    });
    expect(columnOf("x")).toEqual({ name: "x", facts: "" });
  });
});
