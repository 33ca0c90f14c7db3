/* What a task of a run brought forth: its value, its record, its artifacts. */
import { queryOptions } from "@tanstack/react-query";
import { api, body } from "./client";

/** `element`: which one of a mapped task; all of them without. */
export const valueQuery = (run: string, task: string, tried: number, element?: number) =>
  queryOptions({
    queryKey: ["runs", run, "values", task, tried, element ?? null],
    queryFn: ({ signal }) =>
      body(
        api.GET("/api/v1/runs/{run_id}/tasks/{task}/value", {
          params: { path: { run_id: run, task }, query: { map_index: element } },
          signal,
        }),
      ),
    retry: false,
  });

/** What went into a task run: by digests, and with the runs that were given the same. Null where it
 * failed before it was given anything. */
export const recordQuery = (run: string, task: string, tried: number, element?: number) =>
  queryOptions({
    queryKey: ["runs", run, "records", task, tried, element ?? null],
    queryFn: async ({ signal }) =>
      (
        await body(
          api.GET("/api/v1/runs/{run_id}/tasks/{task}/records", {
            params: { path: { run_id: run, task }, query: { map_index: element } },
            signal,
          }),
        )
      ).items[0] ?? null,
    retry: false,
  });

export const artifactsQuery = (run: string, task: string, tried: number, element?: number) =>
  queryOptions({
    queryKey: ["runs", run, "artifacts", task, tried, element ?? null],
    queryFn: async ({ signal }) =>
      (
        await body(
          api.GET("/api/v1/runs/{run_id}/tasks/{task}/artifacts", {
            params: { path: { run_id: run, task }, query: { map_index: element } },
            signal,
          }),
        )
      ).items,
    retry: false,
  });
