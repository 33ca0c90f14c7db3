import { useQueries, useQuery } from "@tanstack/react-query";
import { useCallback } from "react";
import { api, body } from "../../api/client";
import { tasksQuery } from "../../api/queries";

export interface Use {
  id: string;
  name: string;
  task: string;
}

/** Which tasks of which workflows run a function of this repository. */
export function useUses(url: string): (path: string, fn: string) => Use[] {
  const workflows = useQuery({
    queryKey: ["workflows", "of-repository", url],
    queryFn: ({ signal }) =>
      body(
        api.GET("/api/v1/workflows", {
          params: { query: { git_repository: url, limit: 50 } },
          signal,
        }),
      ),
    retry: false,
  });
  const items = workflows.data?.items ?? [];
  const tasks = useQueries({ queries: items.map((workflow) => tasksQuery(workflow.id)) });
  const known = tasks.map((answer) => answer.data);
  return useCallback(
    (path, fn) =>
      items.flatMap((workflow, index) =>
        (known[index] ?? [])
          .filter((task) => task.script_path === path && task.function_name === fn)
          .map((task) => ({ id: workflow.id, name: workflow.name, task: task.name })),
      ),
    [items, known],
  );
}
