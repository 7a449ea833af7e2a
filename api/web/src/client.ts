import createClient from "openapi-fetch";

import type { components, paths } from "./api.gen";

export type Schemas = components["schemas"];
export type Defect = Schemas["DefectOut"];
export type DefectDetail = Schemas["DefectDetail"];
export type DamageClass = Schemas["DamageClassOut"];
export type Mosaic = Schemas["MosaicOut"];
export type SurveyDetail = Schemas["SurveyDetail"];
export type Quantity = Schemas["QuantityOut"];

export const api = createClient<paths>({ baseUrl: "" });

/** Carry what the service said went wrong (RFC 9457), in its own words. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    detail: string,
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
  const detail = (answer.error as { detail?: unknown } | undefined)?.detail;
  throw new Problem(
    answer.response.status,
    typeof detail === "string" ? detail : `HTTP ${answer.response.status}`,
  );
}
