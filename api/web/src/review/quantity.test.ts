import { describe, expect, it } from "vitest";

import type { Quantity } from "../client";
import { isVague, shown } from "./quantity";

const measured = (value: number, expanded_uncertainty: number | null): Quantity => ({
  value,
  expanded_uncertainty,
  limit: 2,
  below_limit: false,
  refused: null,
});
const none = { value: null, expanded_uncertainty: null };
const below: Quantity = { ...none, limit: 2, below_limit: true, refused: null };
const oblique: Quantity = { ...none, limit: 0, below_limit: false, refused: "too_oblique" };

describe("a quantity", () => {
  it("is shown with its uncertainty and unit", () => {
    expect(shown(measured(6.04, 1.96), "mm", 1)).toBe("6.0 ± 2.0 mm");
    expect(shown(measured(1.234, null), "m", 2)).toBe("1.23 m");
  });

  it("below its limit is never a number", () => {
    expect(shown(below, "mm", 1)).toBe("< 2.0 mm");
    // even if a faulty service sent a value along
    expect(shown({ ...below, value: 0.7 }, "mm", 1)).toBe("< 2.0 mm");
  });

  it("that is refused says why, and never that it is small", () => {
    expect(shown(oblique, "mm", 1)).toBe("測定不可 / not measurable (> 45°)");
    expect(isVague(oblique)).toBe(true);
  });

  it("is vague when its uncertainty is more than half of it", () => {
    expect(isVague(measured(6, 2.9))).toBe(false);
    expect(isVague(measured(6, 3.1))).toBe(true);
    expect(isVague(below)).toBe(true);
  });
});
