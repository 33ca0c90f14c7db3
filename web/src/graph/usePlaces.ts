import { useEffect, useMemo, useState } from "react";
import { FEW, type GraphTask, layout, type Places } from "./layout";

/** Places for a graph; made again only when names or dependencies change, never for a state. */
export function usePlaces(tasks: GraphTask[]): Places | null {
  const structure = JSON.stringify(tasks.map(({ name, dependencies }) => [name, dependencies]));
  const small = useMemo(() => {
    const given = tasksOf(structure);
    return given.length <= FEW ? layout(given) : null;
  }, [structure]);
  const [large, setLarge] = useState<{ structure: string; places: Places } | null>(null);
  useEffect(() => {
    const given = tasksOf(structure);
    if (given.length <= FEW) return;
    const worker = new Worker(new URL("./layout.worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = (event: MessageEvent<Places>) => setLarge({ structure, places: event.data });
    worker.postMessage(given);
    return () => worker.terminate();
  }, [structure]);
  return small ?? (large?.structure === structure ? large.places : null);
}

function tasksOf(structure: string): GraphTask[] {
  return (JSON.parse(structure) as [string, string[]][]).map(([name, dependencies]) => ({
    name,
    dependencies,
  }));
}
