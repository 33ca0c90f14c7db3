import { queries } from "./cache";
import {
  gridCount,
  gridQuery,
  runGraphQuery,
  runQuery,
  taskRunsQuery,
  tasksQuery,
  workflowQuery,
} from "./queries";

/**
 * What a page shows first, by its route: asked for before the page is there to ask. Nobody waits
 * for it here, and what is refused is told where it is shown.
 */
export const first = {
  workflow: (id: string) => void queries.prefetchQuery(workflowQuery(id)),
  graph: (id: string) => {
    void queries.prefetchQuery(tasksQuery(id));
    void queries
      .fetchQuery(workflowQuery(id)) // the same request as the frame's
      .then(({ last_run }) => last_run && queries.prefetchQuery(taskRunsQuery(last_run.id, false)))
      .catch(() => undefined);
  },
  grid: (id: string, query: URLSearchParams) =>
    void queries.prefetchQuery(gridQuery(id, gridCount(query))),
  run: (id: string, query: URLSearchParams) => {
    if (query.has("task")) void import("../logs/Log");
    void queries.prefetchQuery(runQuery(id));
    void queries.prefetchQuery(taskRunsQuery(id, false));
    void queries.prefetchQuery(runGraphQuery(id));
  },
};
