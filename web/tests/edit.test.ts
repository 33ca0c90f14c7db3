import { describe, expect, it } from "vitest";
import type { Task } from "../src/api/queries";
import type { Fn } from "../src/api/repositories";
import { draftTask, fieldsOf, newTask, sentTask } from "../src/pages/edit/draft";
import { warmOf, warmText } from "../src/pages/edit/EnvironmentFields";
import { cycle, localProblems } from "../src/pages/edit/problems";
import { wire } from "../src/pages/edit/wiring";

function fn(name: string, parameters: string[], required: string[] = []): Fn {
  return {
    name,
    path: `src/${name}.py`,
    takes_kwargs: false,
    parameters: parameters.map((parameter) => ({
      name: parameter,
      kind: "positional-or-keyword",
      is_required: required.includes(parameter),
    })),
  } as unknown as Fn;
}

describe("a draft", () => {
  const stored = {
    id: "1",
    workflow_id: "w",
    name: "train",
    script_path: "src/train.py",
    function_name: "train",
    python_callable: null,
    params: { epochs: 3 },
    dependencies: ["load"],
    retry_count: 1,
    retry_delay: 10,
    timeout: null,
    pool: "gpu",
    env: { A: "1" },
  } as unknown as Task;

  it("keeps what it does not edit", () => {
    expect(sentTask(draftTask(stored))).toMatchObject({
      pool: "gpu",
      env: { A: "1" },
      params: { epochs: 3 },
    });
  });

  it("loses nothing by a toggle, and sends one mode", () => {
    const toggled = {
      ...draftTask(stored),
      mode: "inline" as const,
      python_callable: "def f(): pass",
    };
    expect(sentTask(toggled)).toMatchObject({
      python_callable: "def f(): pass",
      script_path: null,
    });
    expect(sentTask({ ...toggled, mode: "git" })).toMatchObject({
      python_callable: null,
      script_path: "src/train.py",
    });
  });

  it("says of warm processes yes, no, or nothing", () => {
    expect([null, true, false].map((warm) => warmOf(warmText(warm)))).toEqual([null, true, false]);
    const workflow = { name: "w", warm: false, dependency_groups: ["gpu"] };
    expect(fieldsOf(workflow as never)).toEqual(workflow);
    expect(sentTask(draftTask({ ...stored, warm: true }))).toMatchObject({ warm: true });
  });

  it("gives new tasks names of their own", () => {
    const first = newTask([], "git");
    expect(newTask([first], "git").name).toBe("task_2");
  });
});

describe("wiring", () => {
  it("runs a function after the one that its parameter is called like", () => {
    const wired = wire([
      fn("load", []),
      fn("train", ["context", "load", "epochs"], ["load", "epochs"]),
    ]);
    expect(wired.tasks[1]?.dependencies).toEqual(["load"]);
    expect(wired.open).toEqual([{ task: "train", parameter: "epochs" }]);
  });

  it("never makes a circle", () => {
    const wired = wire([fn("a", ["b"], ["b"]), fn("b", ["a"], ["a"])]);
    expect(cycle(wired.tasks)).toBeNull();
    expect(wired.open).toEqual([{ task: "b", parameter: "a" }]);
  });
});

describe("problems while typing", () => {
  it("tells circles, doubles, and params that do not fit", () => {
    const a = newTask([], "git", {
      name: "a",
      script_path: "src/f.py",
      function_name: "f",
      dependencies: ["b"],
    });
    const b = newTask([a], "inline", { name: "b", dependencies: ["a"], python_callable: "1" });
    const again = { ...b, key: "other" };
    const found = localProblems([{ ...a, params: { strange: 1 } }, b, again], (path) =>
      path === "src/f.py" ? fn("f", ["x"], ["x"]) : null,
    ).map((problem) => problem.message);
    expect(found).toContain("f needs x");
    expect(found).toContain("f takes no strange");
    expect(found).toContain("Two tasks are called b");
    expect(found).toContain("b has no function");
    expect(found.some((message) => message.startsWith("These wait for each other"))).toBe(true);
  });
});
