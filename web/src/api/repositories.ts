import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api, body, type Schema } from "./client";

export type Repository = Schema["RepositoryResponse"];
export type Ref = Schema["RefResponse"];
export type Commit = Schema["CommitResponse"];
export type Entry = Schema["EntryResponse"];
export type FunctionFile = Schema["FunctionFile"];
export type Fn = Schema["FunctionResponse"];
export type DifferenceFile = Schema["DifferenceFile"];

/** A ref or a commit; neither: the default branch. */
export interface At {
  ref?: string;
  commit?: string;
}

const path = (id: string) => ({ repository_id: id });

export function register(url: string, credential?: string | null): Promise<Repository> {
  const given = credential ? { url, git_credential_id: credential } : { url };
  return body(api.POST("/api/v1/repositories", { body: given })) as Promise<Repository>;
}

/** The repository of an address: registered when it was not. */
export const repositoryByUrl = (url: string, credential?: string | null) =>
  queryOptions({
    queryKey: ["repositories", "by-url", url, credential ?? null],
    queryFn: () => register(url, credential),
    enabled: url.trim().length > 0,
    staleTime: 60_000,
    retry: false,
  });

export const repositoriesQuery = (q?: string) =>
  infiniteQueryOptions({
    queryKey: ["repositories", "list", q ?? ""],
    queryFn: ({ pageParam, signal }) =>
      body(
        api.GET("/api/v1/repositories", {
          params: { query: { q: q || undefined, limit: 50, cursor: pageParam ?? undefined } },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
  });

export const repositoryQuery = (id: string) =>
  queryOptions({
    queryKey: ["repositories", id],
    queryFn: ({ signal }) =>
      body(api.GET("/api/v1/repositories/{repository_id}", { params: { path: path(id) }, signal })),
  });

export const refsQuery = (id: string, q?: string) =>
  queryOptions({
    queryKey: ["repositories", id, "refs", q ?? ""],
    queryFn: ({ signal }) =>
      body(
        api.GET("/api/v1/repositories/{repository_id}/refs", {
          params: { path: path(id), query: { limit: 200, q: q || undefined } },
          signal,
        }),
      ),
    staleTime: 30_000,
    retry: false,
  });

export const commitsQuery = (id: string, ref?: string) =>
  infiniteQueryOptions({
    queryKey: ["repositories", id, "commits", ref ?? ""],
    queryFn: ({ pageParam, signal }) =>
      body(
        api.GET("/api/v1/repositories/{repository_id}/commits", {
          params: { path: path(id), query: { ref, limit: 50, cursor: pageParam ?? undefined } },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
  });

export const treeQuery = (id: string, at: At, folder: string) =>
  queryOptions({
    queryKey: ["repositories", id, "tree", at, folder],
    queryFn: ({ signal }) =>
      body(
        api.GET("/api/v1/repositories/{repository_id}/tree", {
          params: { path: path(id), query: { ...at, path: folder, limit: 1000 } },
          signal,
        }),
      ),
    staleTime: 30_000,
  });

export const fileQuery = (id: string, at: At, file: string) =>
  queryOptions({
    queryKey: ["repositories", id, "file", at, file],
    queryFn: ({ signal }) =>
      body(
        api.GET("/api/v1/repositories/{repository_id}/file", {
          params: { path: path(id), query: { ...at, path: file } },
          signal,
        }),
      ),
    staleTime: 60_000,
    retry: false,
  });

export const readmeQuery = (id: string, at: At, folder: string) =>
  queryOptions({
    queryKey: ["repositories", id, "readme", at, folder],
    queryFn: ({ signal }) =>
      body(
        api.GET("/api/v1/repositories/{repository_id}/readme", {
          params: { path: path(id), query: { ...at, path: folder } },
          signal,
        }),
      ),
    staleTime: 60_000,
    retry: false,
  });

export const functionsQuery = (id: string, at: At, below = "", q = "") =>
  infiniteQueryOptions({
    queryKey: ["repositories", id, "functions", at, below, q],
    queryFn: ({ pageParam, signal }) =>
      body(
        api.GET("/api/v1/repositories/{repository_id}/functions", {
          params: {
            path: path(id),
            query: {
              ...at,
              path: below,
              q: q || undefined,
              limit: 200,
              cursor: pageParam ?? undefined,
            },
          },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    staleTime: 30_000,
    retry: false,
  });

export const diffQuery = (id: string, base: string, head: string) =>
  queryOptions({
    queryKey: ["repositories", id, "diff", base, head],
    queryFn: ({ signal }) =>
      body(
        api.GET("/api/v1/repositories/{repository_id}/diff", {
          params: { path: path(id), query: { base, head } },
          signal,
        }),
      ),
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
