import { useMemo } from "react";
import { type GraphTask, layout, type Places } from "./layout";

/** Places for a graph; made again only when names or dependencies change, never for a state. */
export function usePlaces(tasks: GraphTask[]): Places {
  const structure = JSON.stringify(tasks.map(({ name, dependencies }) => [name, dependencies]));
  return useMemo(() => layout(tasksOf(structure)), [structure]);
}

function tasksOf(structure: string): GraphTask[] {
  return (JSON.parse(structure) as [string, string[]][]).map(([name, dependencies]) => ({
    name,
    dependencies,
  }));
}
