import createClient from "openapi-fetch";

import type { components, paths } from "./api.gen";

export type Session = components["schemas"]["SessionOut"];
export type Schemas = components["schemas"];
export type Defect = Schemas["DefectOut"];
export type DefectDetail = Schemas["DefectDetail"];
export type DamageClass = Schemas["DamageClassOut"];
export type Mosaic = Schemas["MosaicOut"];
export type SurveyDetail = Schemas["SurveyDetail"];
export type Quantity = Schemas["QuantityOut"];

export const api = createClient<paths>({ baseUrl: "" });

let csrf: string | null = null;

/** Keep what the service wants to see with every change; a page of somebody else does not know it. */
export function keepCsrf(word: string | null): void {
  csrf = word;
}

/** Give the headers that go along with every change. */
export function csrfHeaders(): Record<string, string> {
  return csrf === null ? {} : { "X-Tenken-CSRF": csrf };
}

api.use({
  onRequest({ request }) {
    for (const [name, value] of Object.entries(csrfHeaders())) request.headers.set(name, value);
    return request;
  },
});

/** What somebody else did to a thing since it was read. */
export interface Change {
  readonly subject: string;
  readonly who: string;
  readonly when: string;
  readonly what: string;
  readonly version: string;
}

/** Carry what the service said went wrong (RFC 9457), in its own words. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    detail: string,
    readonly meanwhile: readonly Change[] = [],
  ) {
    super(detail);
  }
}

/**
 * Give the data of an answer, or throw what went wrong in words that a person can act on.
 *
 * The caller names the schema: openapi-fetch widens the tuples of the document to arrays.
 */
export function told<Name extends keyof Schemas>(
  answer: { data?: unknown; error?: unknown; response: Response },
  _schema: Name,
): Schemas[Name] {
  if (answer.data !== undefined) return answer.data as Schemas[Name];
  const problem = answer.error as { detail?: unknown; meanwhile?: unknown } | undefined;
  const detail = problem?.detail;
  throw new Problem(
    answer.response.status,
    typeof detail === "string" ? detail : `HTTP ${answer.response.status}`,
    Array.isArray(problem?.meanwhile) ? (problem.meanwhile as Change[]) : [],
  );
}

const BUSY = 503;
const BUSY_MOST = 6;

/** Say whether a question is worth asking again: a service that is busy answers later. */
export function whileBusy(failures: number, error: Error): boolean {
  return error instanceof Problem && error.status === BUSY && failures < BUSY_MOST;
}
