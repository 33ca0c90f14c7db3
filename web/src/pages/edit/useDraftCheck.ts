import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useCallback, useMemo, useRef } from "react";
import { api, body, type Schema } from "../../api/client";
import { asRefusal, Refusal } from "../../api/refusal";
import { type Draft, sentTask } from "./draft";
import type { EditProblem } from "./problems";

const PAUSE = 700; // milliseconds without a key before the server is asked

export interface DraftCheck {
  /** What the server said of the draft, or of the one before while it is asked. */
  problems: EditProblem[] | null;
  /** Whether that is about the draft as it is now. */
  fresh: boolean;
  checking: boolean;
  commit: string | null;
  /** Of inline tasks, by name: what their functions take. */
  schemas: Record<string, object>;
  error: unknown;
  again: () => void;
}

/**
 * The deploy check of what is on the page, whenever somebody stops typing. Nothing is saved. The
 * commit of the first answer is kept, so that typing asks the Git host for nothing.
 */
export function useDraftCheck(
  id: string,
  draft: Draft,
  fields: Record<string, unknown>,
): DraftCheck {
  const taken = useRef<{ of: string; commit: string } | null>(null);
  const payload = useMemo(
    () => JSON.stringify({ workflow: fields, tasks: draft.tasks.map(sentTask) }),
    [fields, draft.tasks],
  );
  const [settled] = useDebouncedValue(payload, PAUSE);
  const { git_repository, git_branch, git_update_policy, git_commit_sha } = draft.fields;
  const of = JSON.stringify([git_repository, git_branch, git_update_policy, git_commit_sha]);
  const query = useQuery({
    queryKey: ["check", id, settled],
    queryFn: async ({ signal }) => {
      const commit = taken.current?.of === of ? taken.current.commit : null;
      try {
        const answer = (await body(
          api.POST("/api/v1/workflows/{workflow_id}/check", {
            params: { path: { workflow_id: id } },
            body: { ...JSON.parse(settled), commit } as never,
            signal,
          }),
        )) as Schema["CheckResponse"];
        if (answer.commit) taken.current = { of, commit: answer.commit };
        return {
          commit: answer.commit,
          problems: answer.problems as EditProblem[],
          schemas: answer.params_schemas as Record<string, object>,
        };
      } catch (error) {
        const found = refused(error, draft);
        if (!found) throw error;
        return { commit: null, problems: found, schemas: {} };
      }
    },
    placeholderData: keepPreviousData,
    staleTime: 30_000,
    gcTime: 60_000,
    retry: false,
  });
  const refetch = query.refetch;
  const again = useCallback(() => {
    taken.current = null;
    void refetch();
  }, [refetch]);
  return {
    problems: query.data?.problems ?? null,
    fresh: settled === payload && query.isSuccess && !query.isPlaceholderData,
    checking: query.isFetching || settled !== payload,
    commit: query.data?.commit ?? null,
    schemas: query.data?.schemas ?? {},
    error: query.error,
    again,
  };
}

/** What cannot be read as a draft at all is a problem of it: each at its task or field. */
export function refused(error: unknown, draft: Pick<Draft, "tasks">): EditProblem[] | null {
  if (!(error instanceof Refusal) || error.problem.status !== 422) return null;
  const entries = error.problem.errors ?? [];
  if (entries.length === 0) {
    const { problem } = asRefusal(error);
    return [
      {
        severity: "error",
        task: null,
        message: problem.detail,
        hint: problem.hint,
        code: problem.code,
      },
    ];
  }
  return entries.map((entry) => {
    const [kind, place, ...rest] = entry.pointer.replace(/^\//, "").split("/");
    const task = kind === "tasks" ? draft.tasks[Number(place)] : undefined;
    const pointer = task ? `/tasks/${task.name}/${rest.join("/")}` : `/${place ?? ""}`;
    return {
      severity: "error",
      task: task?.name ?? null,
      message: entry.message,
      hint: entry.hint,
      code: entry.code,
      pointer,
    };
  });
}
