/** One thing that is wrong with what was sent. */
export interface FieldProblem {
  pointer: string;
  field: string;
  code: string;
  message: string;
  hint?: string;
}

/** RFC 9457, as the server sends it. */
export interface Problem {
  status: number;
  code: string;
  detail: string;
  hint?: string;
  request_id?: string;
  errors?: FieldProblem[];
  [extension: string]: unknown;
}

/** The server's no, with its words. */
export class Refusal extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail);
    this.name = "Refusal";
  }

  get code(): string {
    return this.problem.code;
  }
}

export function unreachable(): Refusal {
  return new Refusal({
    status: 0,
    code: "server-unreachable",
    detail: "The Taxiway server does not answer",
    hint: "It may be restarting: this page tries again by itself. Nothing that you typed is lost.",
  });
}

export function asRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  return new Refusal({
    status: 0,
    code: "page-broken",
    detail: error instanceof Error ? error.message : String(error),
    hint: "This is a fault of the page. Load it again.",
  });
}

/** What is said about one field, by its name. */
export function fieldErrors(error: unknown): Record<string, string> {
  if (!(error instanceof Refusal)) return {};
  return Object.fromEntries((error.problem.errors ?? []).map((p) => [p.field, p.message]));
}
