import { createContext, useContext } from "react";

/** Whose value is shown: where its files are fetched from. */
export interface ValueOf {
  run: string;
  task: string;
  element?: number;
}

export const ValueSource = createContext<ValueOf | null>(null);

/** The address of a part of the value, by its JSON pointer; null where nobody knows the run. */
export function useFile(): (pointer: string, form?: string) => string | null {
  const of = useContext(ValueSource);
  return (pointer, form) => {
    if (!of) return null;
    const query = new URLSearchParams();
    if (pointer) query.set("part", pointer);
    if (form) query.set("as", form);
    if (of.element !== undefined && of.element >= 0) query.set("map_index", String(of.element));
    const path = `/api/v1/runs/${of.run}/tasks/${encodeURIComponent(of.task)}/value/download`;
    return query.size ? `${path}?${query}` : path;
  };
}

/** One step further down in a value. */
export function below(pointer: string, name: string | number): string {
  return `${pointer}/${String(name).replaceAll("~", "~0").replaceAll("/", "~1")}`;
}
