import type { ReleaseTask, SealedTask } from "../../api/queries";
import { Refusal } from "../../api/refusal";

/** Params by task, as a run is given them. */
export type Params = Record<string, Record<string, unknown>>;

/** What the form begins with: the release's params, with those of the run before on top. */
export interface Start {
  params: Params;
  /** What the run before was given and this release does not take, as `train.epochs`. */
  left: string[];
}

export function startOf(tasks: ReleaseTask[], before: SealedTask[]): Start {
  const known = new Map(tasks.map((task) => [task.name, task]));
  const params: Params = Object.fromEntries(tasks.map((task) => [task.name, { ...task.params }]));
  const left: string[] = [];
  for (const { name, params: had } of before) {
    for (const [param, value] of Object.entries(had)) {
      const task = known.get(name);
      const mine = params[name];
      if (task && mine && takes(task, param)) mine[param] = value;
      else left.push(`${name}.${param}`);
    }
  }
  return { params, left };
}

interface ParamsSchema {
  properties?: Record<string, unknown>;
  required?: string[];
  additionalProperties?: unknown;
}

function takes(task: ReleaseTask, param: string): boolean {
  const schema = task.params_schema as ParamsSchema | null;
  if (!schema || schema.additionalProperties !== false) return true;
  return param in (schema.properties ?? {});
}

/** Whether there is something to ask for: unknown is not nothing. */
export function asks(task: ReleaseTask, fed: Record<string, string>): boolean {
  const schema = task.params_schema as ParamsSchema | null;
  if (!schema || Object.keys(task.params).length > 0) return true;
  const open = Object.keys(schema.properties ?? {}).filter((name) => !(name in fed));
  return open.length > 0 || (schema.additionalProperties ?? true) !== false;
}

/**
 * The schema of a task's form: what is left empty is the release's param, before the function's. A
 * param that the function takes by `**kwargs` has a field too.
 */
export function formSchema(task: ReleaseTask): object | undefined {
  const schema = task.params_schema as ParamsSchema | null;
  if (!schema) return undefined;
  const properties = { ...schema.properties };
  for (const [name, value] of Object.entries(task.params)) {
    const known = properties[name];
    if (known === undefined) properties[name] = { ...typeOf(value), default: value };
    else if (typeof known === "object") properties[name] = { ...known, default: value };
  }
  const required = (schema.required ?? []).filter((name) => !(name in task.params));
  return { ...schema, properties, required };
}

function typeOf(value: unknown): { type?: string } {
  const type = typeof value;
  return type === "number" || type === "string" || type === "boolean" ? { type } : {};
}

/** What a run has to be given: that which is not the release's anyway. */
export function ownOf(tasks: ReleaseTask[], params: Params): Params {
  const own = tasks.map((task) => {
    const given = Object.entries(params[task.name] ?? {});
    const other = given.filter(([name, value]) => !same(value, task.params[name]));
    return [task.name, Object.fromEntries(other)] as const;
  });
  return Object.fromEntries(own.filter(([, given]) => Object.keys(given).length > 0));
}

export interface Said {
  /** By param. */
  fields: Record<string, string>;
  /** Of the task as a whole. */
  whole: string[];
}

/** What the server said of a task's params, as long as they are what it was asked about. */
export function saidOf(error: unknown, task: string, sent: Params | undefined, now: Params): Said {
  const said: Said = { fields: {}, whole: [] };
  if (!(error instanceof Refusal)) return said;
  for (const entry of error.problem.errors ?? []) {
    const [first, name, param] = partsOf(entry.pointer);
    if (first !== "params" || name !== task) continue;
    if (param === undefined) {
      if (same(sent?.[task], now[task])) said.whole.push(entry.message);
    } else if (same(sent?.[task]?.[param], now[task]?.[param])) {
      said.fields[param] = entry.message;
    }
  }
  return said;
}

function partsOf(pointer: string): string[] {
  const parts = pointer.split("/").slice(1);
  return parts.map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
