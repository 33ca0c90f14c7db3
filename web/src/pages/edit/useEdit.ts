import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useState } from "react";
import { api } from "../../api/client";
import { tasksQuery, type Workflow } from "../../api/queries";
import { changedFields, type Draft, draftTask, fieldsOf, sameTasks, sentTask } from "./draft";
import { forget, keep, kept } from "./kept";

export interface Base {
  draft: Draft;
  /** Of the fields and of the tasks: the state that the draft began at. */
  etag: string;
  /** When the workflow was changed last, as it was read. */
  updatedAt: string;
}

/** The workflow as it is on the server, with the ETag that tells whether somebody else edits it. */
function useBase(id: string) {
  const client = useQueryClient();
  return useQuery({
    queryKey: ["edit", id],
    queryFn: async (): Promise<Base> => {
      const answer = await api.GET("/api/v1/workflows/{workflow_id}", {
        params: { path: { workflow_id: id } },
      });
      const tasks = await client.fetchQuery({ ...tasksQuery(id), staleTime: 0 });
      const workflow = answer.data as Workflow;
      return {
        draft: { fields: fieldsOf(workflow), tasks: tasks.map(draftTask) },
        etag: answer.response.headers.get("ETag") ?? "",
        updatedAt: workflow.updated_at,
      };
    },
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
}

/** A draft of a workflow: kept while it differs, saved only over what it began with. */
export function useEdit(id: string) {
  const client = useQueryClient();
  const base = useBase(id);
  const [draft, setDraft] = useState<Draft | null>(null);
  const [etag, setEtag] = useState("");
  const [restored, setRestored] = useState<string | null>(null);

  useEffect(() => {
    if (!base.data || draft) return;
    const before = kept(id);
    setDraft(before?.draft ?? base.data.draft);
    setEtag(before?.etag ?? base.data.etag);
    setRestored(before?.at ?? null);
  }, [base.data, draft, id]);

  const baseFields = base.data?.draft.fields;
  const draftFields = draft?.fields;
  const fields = useMemo(
    () => (baseFields && draftFields ? changedFields(baseFields, draftFields) : {}),
    [baseFields, draftFields],
  );
  const tasksChanged = draft && base.data ? !sameTasks(base.data.draft.tasks, draft.tasks) : false;
  const changed = Object.keys(fields).length > 0 || tasksChanged;

  useEffect(() => {
    if (!draft) return;
    if (changed) keep(id, draft, etag);
    else forget(id);
  }, [draft, changed, etag, id]);

  const reload = useCallback(async () => {
    forget(id);
    setRestored(null);
    setDraft(null);
    await client.resetQueries({ queryKey: ["edit", id] });
  }, [client, id]);

  const save = useCallback(
    async (over = false) => {
      if (!draft) return;
      const headers = over || !etag ? {} : { "If-Match": etag };
      const path = { workflow_id: id };
      if (Object.keys(fields).length > 0) {
        const answer = await api.PATCH("/api/v1/workflows/{workflow_id}", {
          params: { path },
          headers,
          body: fields as never,
        });
        // should the tasks be refused, the fields are saved: the next try begins with them
        const saved = fieldsOf(answer.data as Workflow);
        client.setQueryData(["edit", id], (known: Base | undefined) =>
          known ? { ...known, draft: { ...known.draft, fields: saved } } : known,
        );
      }
      if (tasksChanged) {
        await api.PUT("/api/v1/workflows/{workflow_id}/tasks", {
          params: { path },
          headers,
          body: draft.tasks.map(sentTask) as never,
        });
      }
      await reload();
      await client.invalidateQueries({ queryKey: ["workflows"] });
    },
    [draft, etag, fields, tasksChanged, id, reload, client],
  );

  return { base, draft, setDraft, fields, changed, save, reload, restored };
}
