import { describe, expect, it } from "vitest";

import { cellOf, moved, PARTS, risen, sent, type Weights } from "./weights";

const OWN: Weights = { L: 0.5, C: 0.35, T: 0.15 };

function sum(weights: Weights): number {
  return PARTS.reduce((total, part) => total + Math.round(weights[part] * 100), 0);
}

describe("weights", () => {
  it.each(PARTS.flatMap((part) => [0, 0.01, 0.33, 0.5, 0.99, 1, 1.7, -0.2].map((to) => [part, to] as const)))(
    "moving %s to %f keeps the sum and no weight below 0",
    (part, to) => {
      const found = moved(OWN, part, to);
      expect(sum(found)).toBe(100);
      for (const each of PARTS) expect(found[each]).toBeGreaterThanOrEqual(0);
      expect(found[part]).toBe(Math.min(Math.max(Math.round(to * 100) / 100, 0), 1));
    },
  );

  it("lets the other two keep their proportion", () => {
    const found = moved({ L: 0.4, C: 0.4, T: 0.2 }, "L", 0.1);
    expect(found).toEqual({ L: 0.1, C: 0.6, T: 0.3 });
  });

  it("comes back from the edge, where the others had nothing", () => {
    const edge = moved(OWN, "L", 1);
    expect(edge).toEqual({ L: 1, C: 0, T: 0 });
    expect(moved(edge, "L", 0.5)).toEqual({ L: 0.5, C: 0.25, T: 0.25 });
  });

  it("sends nothing for the model's own weights", () => {
    expect(sent(null)).toBeUndefined();
    expect(sent({ L: 0.1, C: 0.8, T: 0.1 })).toBe("0.1,0.8,0.1");
  });

  it("says who rose", () => {
    expect(risen({ rank: 2, model_rank: 5 })).toBe(3);
    expect(risen({ rank: 5, model_rank: 2 })).toBe(-3);
  });

  it.each([
    [0, 0, 0, 0],
    [19.99, 20, 0, 1],
    [79.99, 80, 3, 4],
    [100, 100, 4, 4],
  ])("puts L %f and C %f into the cell %i, %i", (likelihood, consequence, row, column) => {
    expect(cellOf({ parts: [likelihood, consequence, 0] })).toEqual([row, column]);
  });
});
