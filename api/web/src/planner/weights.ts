import type { Schemas } from "../client";

export type Part = "L" | "C" | "T";
export const PARTS: readonly Part[] = ["L", "C", "T"];
export type Weights = Readonly<Record<Part, number>>;
export type Place = Schemas["PlaceOut"];

const HUNDREDTHS = 100;

/**
 * Move one weight and keep the sum at 1: the other two give or take in their own proportion.
 *
 * The result is in whole hundredths, so that what is shown is what is sent.
 */
export function moved(weights: Weights, part: Part, to: number): Weights {
  const wanted = clamp(Math.round(to * HUNDREDTHS), 0, HUNDREDTHS);
  const [one, other] = PARTS.filter((each) => each !== part) as [Part, Part];
  const rest = HUNDREDTHS - wanted;
  const before = weights[one] + weights[other];
  const share = before > 0 ? weights[one] / before : 0.5;
  const first = Math.round(rest * share);
  return {
    ...weights,
    [part]: wanted / HUNDREDTHS,
    [one]: first / HUNDREDTHS,
    [other]: (rest - first) / HUNDREDTHS,
  };
}

/** Write weights as the service reads them; none where they are the model's own. */
export function sent(weights: Weights | null): string | undefined {
  return weights === null ? undefined : PARTS.map((part) => weights[part]).join(",");
}

/** Say how many places an asset went up (above 0) or down since the model's own weights. */
export function risen(place: Pick<Place, "rank" | "model_rank">): number {
  return place.model_rank - place.rank;
}

/** Give the cell of the 5×5 matrix of a place: classes of likelihood and consequence, 0–4. */
export function cellOf(place: Pick<Place, "parts">): readonly [number, number] {
  const [likelihood, consequence] = place.parts as unknown as [number, number, number];
  return [classOf(likelihood), classOf(consequence)];
}

function classOf(value: number): number {
  return clamp(Math.floor(value / 20), 0, 4);
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}
