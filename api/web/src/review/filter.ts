import type { Defect } from "../client";

export interface Filter {
  damageClass: string | null;
  state: Defect["state"] | null;
}

export const EVERYTHING: Filter = { damageClass: null, state: null };

export function matching(defects: readonly Defect[], filter: Filter): Defect[] {
  return defects.filter(
    (defect) =>
      (filter.damageClass === null || defect.damage_class === filter.damageClass) &&
      (filter.state === null || defect.state === filter.state),
  );
}

/** Longest or largest first, so that a reviewer meets the obvious damage first. */
export function bySize(defects: readonly Defect[]): Defect[] {
  const size = (defect: Defect) => defect.length_m?.value ?? Math.sqrt(defect.area_m2.value ?? 0);
  return [...defects].sort(
    (a, b) => size(b) - size(a) || a.defect_id.localeCompare(b.defect_id),
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
