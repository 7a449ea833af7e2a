import type { Quantity } from "../client";

/**
 * Write a measured number for people: value ± U, or "< limit" when the image cannot resolve it.
 * A value below the limit is never shown as a number.
 */
export function shown(quantity: Quantity, unit: string, digits: number): string {
  if (quantity.refused === "too_oblique") return "測定不可 / not measurable (> 45°)";
  if (quantity.below_limit || quantity.value === null) {
    return `< ${quantity.limit.toFixed(digits)} ${unit}`;
  }
  const value = quantity.value.toFixed(digits);
  if (quantity.expanded_uncertainty === null) return `${value} ${unit}`;
  return `${value} ± ${quantity.expanded_uncertainty.toFixed(digits)} ${unit}`;
}

/** Tell whether the uncertainty is more than half of the value: shown in grey. */
export function isVague(quantity: Quantity): boolean {
  if (quantity.value === null || quantity.expanded_uncertainty === null) {
    return quantity.below_limit || quantity.refused !== null;
  }
  return quantity.expanded_uncertainty > 0.5 * Math.abs(quantity.value);
}
