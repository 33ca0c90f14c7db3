import { QueryClient } from "@tanstack/react-query";
import { Refusal } from "./refusal";

/** What was read from the server. */
export const queries = new QueryClient({
  defaultOptions: {
    mutations: { networkMode: "always" },
    queries: {
      staleTime: 2000,
      networkMode: "always", // the server is often on this machine, where there is no network to miss
      // What the server refuses it refuses again; what does not answer may be restarting.
      retry: (count, error) =>
        count < 3 &&
        !(
          error instanceof Refusal &&
          error.problem.status in { 400: 1, 403: 1, 404: 1, 409: 1, 422: 1 }
        ),
      retryDelay: (count) => Math.min(1000 * 2 ** count, 5000),
    },
  },
});
