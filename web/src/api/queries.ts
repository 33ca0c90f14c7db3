import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, body, type Schema } from "./client";

export type Workflow = Schema["WorkflowResponse"];
export type Task = Schema["TaskResponse"];
export type Release = Schema["ReleaseResponse"];
export type Run = Schema["RunResponse"];
export type TaskRun = Schema["TaskRunResponse"];
export type Timings = Schema["TaskTimings"];
export type LogLine = Schema["LogLineResponse"];
export type GridRun = Schema["GridRun"];
export type SealedTask = Schema["SealedTask"];
export type ReleaseTask = Schema["ReleaseTask"];
export type Behind = Schema["Behind"];

/** How often lists look again while they are seen; TanStack stops when the tab is hidden. */
export const POLL = 5000;

export interface WorkflowFilter {
  q?: string;
  last_run_state?: string[];
  held?: boolean;
  behind?: boolean;
  is_active?: boolean;
  is_deployed?: boolean;
  order_by?: string;
  limit?: number;
}

export const workflowsQuery = (filter: WorkflowFilter = {}) =>
  infiniteQueryOptions({
    queryKey: ["workflows", "list", filter],
    queryFn: ({ pageParam, signal }) =>
      body(
        api.GET("/api/v1/workflows", {
          params: { query: { ...filter, cursor: pageParam ?? undefined } as never },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    refetchInterval: POLL,
    placeholderData: keepPreviousData,
  });

export const workflowQuery = (id: string) =>
  queryOptions({
    queryKey: ["workflows", id],
    queryFn: ({ signal }) =>
      body(
        api.GET("/api/v1/workflows/{workflow_id}", {
          params: { path: { workflow_id: id } },
          signal,
        }),
      ),
    refetchInterval: POLL,
  });

export const tasksQuery = (workflow: string) =>
  queryOptions({
    queryKey: ["tasks", workflow],
    queryFn: async ({ signal }) => {
      const tasks: Task[] = [];
      let cursor: string | undefined;
      do {
        const page = await body(
          api.GET("/api/v1/tasks", {
            params: { query: { workflow_id: workflow, limit: 200, cursor } as never },
            signal,
          }),
        );
        tasks.push(...page.items);
        cursor = page.next_cursor ?? undefined;
      } while (cursor);
      return tasks;
    },
  });

export const releasesQuery = (workflow: string) =>
  infiniteQueryOptions({
    queryKey: ["releases", workflow],
    queryFn: ({ pageParam, signal }) =>
      body(
        api.GET("/api/v1/workflows/{workflow_id}/releases", {
          params: {
            path: { workflow_id: workflow },
            query: { limit: 30, cursor: pageParam ?? undefined },
          },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    refetchInterval: POLL,
  });

export const releaseQuery = (workflow: string, number: number) =>
  queryOptions({
    queryKey: ["releases", workflow, number],
    queryFn: ({ signal }) =>
      body(
        api.GET("/api/v1/workflows/{workflow_id}/releases/{number}", {
          params: { path: { workflow_id: workflow, number } },
          signal,
        }),
      ),
    refetchInterval: (query) => {
      const state = query.state.data?.state;
      return state === "ready" || state === "failed" ? false : 1000;
    },
  });

export const dagQuery = (workflow: string, number: number) =>
  queryOptions({
    queryKey: ["releases", workflow, number, "dag"],
    queryFn: ({ signal }) =>
      body(
        api.GET("/api/v1/workflows/{workflow_id}/releases/{number}/dag", {
          params: { path: { workflow_id: workflow, number } },
          parseAs: "text",
          signal,
        }),
      ),
    staleTime: Number.POSITIVE_INFINITY,
  });

export interface RunFilter {
  workflow_id?: string;
  state?: string[];
  trigger?: string;
  release?: number;
  created_after?: string;
  limit?: number;
}

export const runsQuery = (filter: RunFilter = {}) =>
  infiniteQueryOptions({
    queryKey: ["runs", "list", filter],
    queryFn: ({ pageParam, signal }) =>
      body(
        api.GET("/api/v1/runs", {
          params: { query: { ...filter, cursor: pageParam ?? undefined } as never },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    refetchInterval: POLL,
    placeholderData: keepPreviousData,
  });

export const GRID_COUNTS = ["25", "50", "100"];

/** How many runs an address wants to see. */
export function gridCount(query: URLSearchParams): number {
  const wanted = query.get("runs") ?? "";
  return Number(GRID_COUNTS.includes(wanted) ? wanted : GRID_COUNTS[0]);
}

/** Runs with the states of all their tasks: one request, however many there are. */
export const gridQuery = (workflow: string, limit: number) =>
  queryOptions({
    queryKey: ["runs", "grid", workflow, limit],
    queryFn: ({ signal }) =>
      body(
        api.GET("/api/v1/workflows/{workflow_id}/grid", {
          params: { path: { workflow_id: workflow }, query: { limit } },
          signal,
        }),
      ),
    refetchInterval: POLL,
    placeholderData: keepPreviousData,
  });

/** The tasks of a run as its release sealed them: they never change. */
export const runGraphQuery = (run: string) =>
  queryOptions({
    queryKey: ["runs", run, "graph"],
    queryFn: async ({ signal }) =>
      (
        await body(
          api.GET("/api/v1/runs/{run_id}/graph", { params: { path: { run_id: run } }, signal }),
        )
      ).items,
    staleTime: Number.POSITIVE_INFINITY,
  });

/** The tasks of a release, each with what its function takes. */
export const releaseGraphQuery = (workflow: string, number: number) =>
  queryOptions({
    queryKey: ["releases", workflow, number, "graph"],
    queryFn: async ({ signal }) =>
      (
        await body(
          api.GET("/api/v1/workflows/{workflow_id}/releases/{number}/graph", {
            params: { path: { workflow_id: workflow, number } },
            signal,
          }),
        )
      ).items,
    staleTime: Number.POSITIVE_INFINITY,
  });

export const metricsQuery = (workflow: string, limit: number) =>
  queryOptions({
    queryKey: ["runs", "metrics", workflow, limit],
    queryFn: async ({ signal }) =>
      (
        await body(
          api.GET("/api/v1/workflows/{workflow_id}/metrics", {
            params: { path: { workflow_id: workflow }, query: { limit } },
            signal,
          }),
        )
      ).items,
    refetchInterval: POLL * 3,
    placeholderData: keepPreviousData,
  });

export const isActive = (state: string | undefined) => state === "queued" || state === "running";

export const runQuery = (id: string) =>
  queryOptions({
    queryKey: ["runs", id],
    queryFn: ({ signal }) =>
      body(api.GET("/api/v1/runs/{run_id}", { params: { path: { run_id: id } }, signal })),
  });

export const taskRunsQuery = (run: string, ended: boolean) =>
  queryOptions({
    queryKey: ["runs", run, "tasks"],
    queryFn: async ({ signal }) =>
      (
        await body(
          api.GET("/api/v1/runs/{run_id}/tasks", { params: { path: { run_id: run } }, signal }),
        )
      ).items,
    staleTime: ended ? 60_000 : 0,
  });

export const readinessQuery = () =>
  queryOptions({
    queryKey: ["health"],
    queryFn: async ({ signal }): Promise<Schema["Readiness"]> => {
      // 503 is an answer here: it says which part does not work.
      const response = await fetch("/health/ready", { signal });
      return response.json();
    },
    refetchInterval: 10_000,
  });

export const stackQuery = () =>
  queryOptions({
    queryKey: ["stack"],
    queryFn: ({ signal }) => body(api.GET("/api/v1/stack", { signal })),
    staleTime: 60_000,
  });

export const versionQuery = () =>
  queryOptions({
    queryKey: ["version"],
    queryFn: ({ signal }) => body(api.GET("/version", { signal })),
    staleTime: Number.POSITIVE_INFINITY,
  });

/** The items of all pages that were loaded. */
export function itemsOf<T>(data: { pages: { items: T[] }[] } | undefined): T[] {
  return data?.pages.flatMap((page) => page.items) ?? [];
}
