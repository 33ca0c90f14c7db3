import type { Fn } from "../../api/repositories";
import { type DraftTask, newTask } from "./draft";

export interface Wiring {
  tasks: DraftTask[];
  /** A parameter that gets the value of another task. */
  wired: { task: string; parameter: string; from: string }[];
  /** Parameters that need something nobody gives. */
  open: { task: string; parameter: string }[];
}

/**
 * Tasks of functions: one whose parameter is called like another task runs after it, and gets its
 * value. What would make a circle is left open.
 */
export function wire(functions: Fn[]): Wiring {
  const tasks: DraftTask[] = [];
  for (const fn of functions) {
    tasks.push(
      newTask(tasks, "git", { name: fn.name, script_path: fn.path, function_name: fn.name }),
    );
  }
  const wiring: Wiring = { tasks, wired: [], open: [] };
  functions.forEach((fn, index) => {
    const task = tasks[index];
    if (!task) return;
    for (const parameter of fn.parameters) {
      if (parameter.name === "context" || parameter.kind.startsWith("var")) continue;
      const from = tasks.find((other) => other !== task && other.name === parameter.name);
      if (from && !leadsTo(task.name, from, tasks)) {
        task.dependencies.push(from.name);
        wiring.wired.push({ task: task.name, parameter: parameter.name, from: from.name });
      } else if (parameter.is_required) {
        wiring.open.push({ task: task.name, parameter: parameter.name });
      }
    }
  });
  return wiring;
}

/** Whether `from` already runs after `name`, directly or not. */
function leadsTo(name: string, from: DraftTask, tasks: DraftTask[]): boolean {
  return from.dependencies.some((before) => {
    if (before === name) return true;
    const task = tasks.find((other) => other.name === before);
    return task ? leadsTo(name, task, tasks) : false;
  });
}
