import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { POLL, type Run, runQuery, type TaskRun, taskRunsQuery } from "./queries";

export type Liveness = "live" | "polling" | "ended" | "hidden";

/**
 * Keep a run and its tasks current: by server-sent events, which the browser resumes by itself,
 * and by looking again every few seconds where there is no stream. A hidden tab gets neither.
 */
export function useLiveRun(run: string, active: boolean): Liveness {
  const client = useQueryClient();
  const visible = useVisible();
  const [polling, setPolling] = useState(false);

  useEffect(() => {
    if (!active || !visible || polling) return;
    const source = new EventSource(`/api/v1/runs/${run}/events`);
    const runKey = runQuery(run).queryKey;
    const tasksKey = taskRunsQuery(run, false).queryKey;
    source.addEventListener("snapshot", (event) => {
      const seen = JSON.parse(event.data) as { run: Run; tasks: TaskRun[] };
      client.setQueryData(runKey, seen.run);
      client.setQueryData(tasksKey, seen.tasks);
    });
    source.addEventListener("run", (event) => {
      client.setQueryData(runKey, JSON.parse(event.data) as Run);
    });
    const changed = new Map<string, TaskRun>();
    let frame = 0;
    const show = () => {
      frame = 0;
      const seen = new Map(changed);
      changed.clear();
      client.setQueryData(
        tasksKey,
        (tasks: TaskRun[] | undefined) => tasks && withChanges(tasks, seen),
      );
    };
    source.addEventListener("task", (event) => {
      const seen = JSON.parse(event.data) as TaskRun;
      changed.set(keyOf(seen), seen); // all that come in one frame are shown together
      frame ||= requestAnimationFrame(show);
    });
    source.addEventListener("end", () => {
      source.close();
      void client.invalidateQueries({ queryKey: ["runs", run] });
    });
    source.addEventListener("error", () => {
      if (source.readyState === EventSource.CLOSED) setPolling(true);
    });
    return () => {
      cancelAnimationFrame(frame);
      source.close();
    };
  }, [run, active, visible, polling, client]);

  useEffect(() => {
    if (!active || !visible || !polling) return;
    const timer = setInterval(
      () => void client.invalidateQueries({ queryKey: ["runs", run] }),
      POLL,
    );
    return () => clearInterval(timer);
  }, [run, active, visible, polling, client]);

  if (!active) return "ended";
  if (!visible) return "hidden";
  return polling ? "polling" : "live";
}

/** A mapped task has its elements only when the list is known that it is mapped over. */
export function withChanges(tasks: TaskRun[], changed: Map<string, TaskRun>): TaskRun[] {
  const kept = tasks.map((task) => changed.get(keyOf(task)) ?? task);
  const known = new Set(kept.map(keyOf));
  const come = [...changed.values()].filter((task) => !known.has(keyOf(task)));
  if (come.length === 0) return kept;
  const mapped = new Set(come.map((task) => task.task));
  return [...kept.filter((task) => !mapped.has(task.task) || (task.map_index ?? -1) >= 0), ...come];
}

/** Which task, and which of its elements. */
function keyOf(task: TaskRun): string {
  return `${task.task}/${task.map_index ?? -1}`;
}

export function useVisible(): boolean {
  const [visible, setVisible] = useState(!document.hidden);
  useEffect(() => {
    const look = () => setVisible(!document.hidden);
    document.addEventListener("visibilitychange", look);
    return () => document.removeEventListener("visibilitychange", look);
  }, []);
  return visible;
}
