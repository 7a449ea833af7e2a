import type { Defect } from "../client";

export const ORDERS = ["size", "urgent", "uncertain"] as const;
export type Order = (typeof ORDERS)[number];

export interface Filter {
  readonly damageClass: string | null;
  readonly state: Defect["state"] | null;
  /** Cracks that are surely thinner are left out, mm; null shows all. */
  readonly widthMm: number | null;
  /** Least confidence, 0–1. */
  readonly confidence: number;
}

export const EVERYTHING: Filter = { damageClass: null, state: null, widthMm: null, confidence: 0 };

export function matching(defects: readonly Defect[], filter: Filter): Defect[] {
  return defects.filter(
    (defect) =>
      (filter.damageClass === null || defect.damage_class === filter.damageClass) &&
      (filter.state === null || defect.state === filter.state) &&
      defect.confidence >= filter.confidence &&
      (filter.widthMm === null || couldBeAsWide(defect, filter.widthMm)),
  );
}

/**
 * Tell whether a crack may be as wide as somebody asks: its value with its uncertainty reaches that,
 * or the image could not have told. What has no width, such as a pothole, is not left out.
 */
export function couldBeAsWide(defect: Pick<Defect, "width_mm">, widthMm: number): boolean {
  const width = defect.width_mm;
  if (width === null) return true;
  if (width.value === null) return width.limit >= widthMm;
  return width.value + (width.expanded_uncertainty ?? 0) >= widthMm;
}

/** Size of a damage in metres: its length, or the side of a square of its area. */
export function sizeM(defect: Pick<Defect, "length_m" | "area_m2">): number {
  return defect.length_m?.value ?? Math.sqrt(defect.area_m2.value ?? 0);
}

/** How little the detector knew: 1 at confidence 0.5, 0 where it was sure. */
export function uncertainty(defect: Pick<Defect, "confidence">): number {
  return 4 * defect.confidence * (1 - defect.confidence);
}

const KEYS: Record<Order, (defect: Defect) => number> = {
  size: sizeM,
  // a decision says most where the detector knew least and the damage would be large
  urgent: (defect) => uncertainty(defect) * sizeM(defect),
  uncertain: uncertainty,
};

/** Put the largest first, or the most urgent to decide; what is decided comes last in a queue. */
export function ordered(defects: readonly Defect[], order: Order): Defect[] {
  const key = KEYS[order];
  const decided = (defect: Defect) => (order !== "size" && defect.state !== "candidate" ? 1 : 0);
  return [...defects].sort(
    (a, b) => decided(a) - decided(b) || key(b) - key(a) || a.defect_id.localeCompare(b.defect_id),
  );
}

/** Give the neighbour of a defect in a list; at the ends it stays where it is. */
export function neighbour(
  defects: readonly Defect[],
  defectId: string | undefined,
  step: 1 | -1,
): Defect | undefined {
  const at = defects.findIndex((defect) => defect.defect_id === defectId);
  if (at < 0) return defects[0];
  return defects[Math.min(defects.length - 1, Math.max(0, at + step))];
}
