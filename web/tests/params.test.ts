import { describe, expect, it } from "vitest";
import type { ReleaseTask, SealedTask } from "../src/api/queries";
import { Refusal } from "../src/api/refusal";
import { askedFor, fedOf } from "../src/forms/fed";
import { asks, formSchema, ownOf, saidOf, startOf } from "../src/pages/workflow/runParams";
import { paramErrors } from "../src/pages/edit/problems";

function task(name: string, params: object, properties: object | null, more = {}): ReleaseTask {
  const schema = properties && { type: "object", properties, additionalProperties: false };
  return { name, params, params_schema: schema, dependencies: [], ...more } as never;
}

const INTEGER = { type: "integer", default: 3 };
const load = task("load", {}, { rows: INTEGER });
const train = task(
  "train",
  { epochs: 5 },
  { load: {}, epochs: INTEGER },
  { dependencies: ["load"] },
);
const report = task("report", {}, { train: {} }, { dependencies: ["train"] });
const tasks = [load, train, report];

describe("what a task is asked for", () => {
  it("leaves out what tasks before it give, directly or not", () => {
    expect(fedOf(train, tasks)).toEqual({ load: "the task load" });
    expect(Object.keys(fedOf(report, tasks))).toEqual(["train", "load"]);
    expect(asks(train, fedOf(train, tasks))).toBe(true);
    expect(asks(report, fedOf(report, tasks))).toBe(false);
  });

  it("leaves out inputs and lists, by the name of the parameter", () => {
    const other = { ...report, inputs: { score: "train.score" }, expand: { seed: [1, 2] } };
    expect(fedOf(other, tasks)).toMatchObject({
      score: "train.score",
      seed: "its list of elements",
    });
  });

  it("asks for a param that is given all the same", () => {
    const schema = { properties: { a: INTEGER, b: INTEGER }, required: ["a", "b"] } as never;
    const fed = { a: "the task a" };
    expect(askedFor(schema, fed, {})).toMatchObject({ properties: { b: INTEGER } });
    expect(askedFor(schema, fed, {})?.required).toEqual(["b"]);
    expect(askedFor(schema, fed, { a: 1 })?.required).toEqual(["a", "b"]);
  });

  it("stays with the release's param where nothing is typed", () => {
    expect(formSchema(train)).toMatchObject({ properties: { epochs: { default: 5 } } });
    const open = task("open", { rate: 0.1, layers: [1] }, {});
    expect(formSchema(open)).toMatchObject({
      properties: { rate: { type: "number", default: 0.1 }, layers: { default: [1] } },
    });
    expect(formSchema(task("x", {}, null))).toBeUndefined();
  });
});

describe("the params of a run", () => {
  it("are those that are not the release's", () => {
    const { params } = startOf(tasks, []);
    expect(params).toEqual({ load: {}, train: { epochs: 5 }, report: {} });
    expect(ownOf(tasks, params)).toEqual({});
    expect(ownOf(tasks, { ...params, train: { epochs: 9 } })).toEqual({ train: { epochs: 9 } });
    expect(ownOf(tasks, { ...params, train: {} })).toEqual({});
  });

  it("are those of the run before, as far as the release takes them", () => {
    const before = [
      { name: "train", params: { epochs: 1, rate: 0.1 } },
      { name: "gone", params: { x: 1 } },
    ] as unknown as SealedTask[];
    const { params, left } = startOf(tasks, before);
    expect(params.train).toEqual({ epochs: 1 });
    expect(left).toEqual(["train.rate", "gone.x"]);
    expect(tasks[1]?.params).toEqual({ epochs: 5 });
  });
});

describe("what the server says of params", () => {
  const entry = (pointer: string, message: string) => ({ pointer, field: "", code: "c", message });
  const refusal = new Refusal({
    status: 422,
    code: "params-refused",
    detail: "no",
    errors: [entry("/params/train/epochs", "too many"), entry("/params/train", "needs rate")],
  });

  it("stands at its field until another value is typed there", () => {
    const sent = { train: { epochs: 99 } };
    const said = saidOf(refusal, "train", sent, sent);
    expect(said).toEqual({ fields: { epochs: "too many" }, whole: ["needs rate"] });
    expect(saidOf(refusal, "train", sent, { train: { epochs: 9 } }).fields).toEqual({});
    expect(saidOf(refusal, "load", sent, sent)).toEqual({ fields: {}, whole: [] });
  });

  it("stands at its field while a workflow is edited, too", () => {
    const problems = [
      { severity: "error", task: "train", message: "m", pointer: "/tasks/train/params/a/0" },
      { severity: "warning", task: "train", message: "w", pointer: "/tasks/train/params/b" },
    ] as const;
    expect(paramErrors([...problems], "train")).toEqual({ a: "m" });
  });
});
