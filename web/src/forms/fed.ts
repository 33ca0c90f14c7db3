import type { RJSFSchema } from "@rjsf/utils";

/** As much of a task as tells whose values it gets. */
export interface Fed {
  name: string;
  dependencies: string[];
  inputs?: Record<string, string>;
  expand?: Record<string, unknown>;
}

/** Parameters of a task that get a value without being asked for it, and where it is from. */
export function fedOf(task: Fed, tasks: Fed[]): Record<string, string> {
  const before = [...namesBefore(task, tasks)].map((name) => [name, `the task ${name}`]);
  const inputs = Object.entries(task.inputs ?? {});
  const expand = Object.entries(task.expand ?? {}).map(([name, of]) => [
    name,
    typeof of === "string" ? `each element of ${of}` : "its list of elements",
  ]);
  return Object.fromEntries([...before, ...inputs, ...expand]) as Record<string, string>;
}

/** All tasks that run before, directly or not. */
function namesBefore(task: Fed, tasks: Fed[]): Set<string> {
  const by = new Map(tasks.map((one) => [one.name, one]));
  const found = new Set<string>();
  const left = [...task.dependencies];
  for (let name = left.pop(); name !== undefined; name = left.pop()) {
    if (found.has(name) || name === task.name) continue;
    found.add(name);
    left.push(...(by.get(name)?.dependencies ?? []));
  }
  return found;
}

/** The schema without what somebody else gives; a param that is given all the same stays. */
export function askedFor(
  schema: RJSFSchema | undefined,
  fed: Record<string, string>,
  value: Record<string, unknown>,
): RJSFSchema | undefined {
  if (!schema) return undefined;
  const { title: _title, description: _description, ...rest } = schema;
  const isAsked = (name: string) => !(name in fed) || name in value;
  const properties = Object.entries(schema.properties ?? {}).filter(([name]) => isAsked(name));
  return {
    ...rest,
    properties: Object.fromEntries(properties),
    ...(schema.required ? { required: schema.required.filter(isAsked) } : {}),
  };
}
