import type { Fn } from "../../api/repositories";

export interface Folder {
  /** Folders directly below, each with how many functions it holds. */
  folders: [string, number][];
  /** Files directly in it, each with its functions. */
  files: [string, Fn[]][];
}

/** What is directly in a folder of the repository, of what has functions. */
export function inFolder(functions: Fn[], folder: string): Folder {
  const folders = new Map<string, number>();
  const files = new Map<string, Fn[]>();
  const prefix = folder ? `${folder}/` : "";
  for (const fn of functions) {
    if (!fn.path.startsWith(prefix)) continue;
    const [first = "", ...rest] = fn.path.slice(prefix.length).split("/");
    if (rest.length > 0) folders.set(first, (folders.get(first) ?? 0) + 1);
    else files.set(fn.path, [...(files.get(fn.path) ?? []), fn]);
  }
  return {
    folders: [...folders].sort(([one], [other]) => one.localeCompare(other)),
    files: [...files].sort(([one], [other]) => one.localeCompare(other)),
  };
}

/** The folder to begin in: the one below which everything stands. */
export function commonFolder(functions: Fn[]): string {
  const [first, ...rest] = functions.map((fn) => fn.path.split("/").slice(0, -1));
  let common = first ?? [];
  for (const path of rest) {
    const differs = common.findIndex((part, index) => part !== path[index]);
    if (differs >= 0) common = common.slice(0, differs);
  }
  return common.join("/");
}
