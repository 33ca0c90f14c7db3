import createClient from "openapi-fetch";
import { callerName } from "./caller";
import { Refusal, type Problem, unreachable } from "./refusal";
import type { components, paths } from "./schema";

export type Schema = components["schemas"];

/** The public API, typed from docs/reference/openapi.json. Every refusal is thrown. */
export const api = createClient<paths>({ baseUrl: "" });

api.use({
  onRequest({ request }) {
    const name = callerName();
    if (name) request.headers.set("X-Taxiway-Actor", name);
    return request;
  },
  async onResponse({ response }) {
    if (!response.ok && response.status !== 304) throw await refusalOf(response);
  },
  onError({ error }) {
    return error instanceof Refusal ? error : unreachable();
  },
});

async function refusalOf(response: Response): Promise<Refusal> {
  try {
    return new Refusal((await response.clone().json()) as Problem);
  } catch {
    return new Refusal({
      status: response.status,
      code: "answer-unreadable",
      detail: `The server answered ${response.status} without saying why`,
      hint: "Try again; the server's log has the rest.",
    });
  }
}

/** What a call answered; its refusal was thrown before. */
export async function body<T>(call: Promise<{ data?: T }>): Promise<T> {
  return (await call).data as T;
}
