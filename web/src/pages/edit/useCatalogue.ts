import { useInfiniteQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo } from "react";
import { itemsOf } from "../../api/queries";
import { type At, type Fn, functionsQuery } from "../../api/repositories";
import type { Draft } from "./draft";

const MOST_PAGES = 25; // 5,000 files; past that, the search asks the server

export interface RepositoryFunctions {
  repository: string | undefined;
  at: At;
  functions: Fn[];
  loading: boolean;
  error: unknown;
  /** Undefined: not known yet; null: there is none. */
  functionOf: (path: string, name: string) => Fn | null | undefined;
}

/** The functions of the repository at what a deploy would take. */
export function useCatalogue(
  repository: string | undefined,
  draft: Pick<Draft, "fields">,
): RepositoryFunctions {
  const { git_update_policy, git_commit_sha, git_branch } = draft.fields;
  const pinned = git_update_policy === "pinned" && git_commit_sha;
  const at = useMemo<At>(
    () => (pinned ? { commit: git_commit_sha as string } : git_branch ? { ref: git_branch } : {}),
    [pinned, git_commit_sha, git_branch],
  );
  const query = useInfiniteQuery({
    ...functionsQuery(repository ?? "", at),
    enabled: Boolean(repository),
  });
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = query;
  const pages = query.data?.pages.length ?? 0;
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage && pages < MOST_PAGES) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage, pages]);
  const functions = useMemo(
    () => itemsOf(query.data).flatMap((file) => file.functions),
    [query.data],
  );
  const known = query.isSuccess && !hasNextPage;
  const functionOf = useCallback(
    (path: string, name: string) => {
      const found = functions.find((fn) => fn.path === path && fn.name === name);
      return found ?? (known ? null : undefined);
    },
    [functions, known],
  );
  return {
    repository,
    at,
    functions,
    loading: query.isFetching && !query.isSuccess,
    error: query.error,
    functionOf,
  };
}
