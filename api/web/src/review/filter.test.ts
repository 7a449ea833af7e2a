import { describe, expect, it } from "vitest";

import type { Defect } from "../client";
import { couldBeAsWide, EVERYTHING, matching, neighbour, ordered, uncertainty } from "./filter";

const defect = (id: string, more: Partial<Defect>): Defect =>
  ({
    defect_id: id,
    damage_class: "crack",
    state: "candidate",
    length_m: null,
    width_mm: null,
    confidence: 0.9,
    area_m2: { value: 0.01, expanded_uncertainty: 0, limit: 0, below_limit: false, refused: null },
    ...more,
  }) as Defect;

const metres = (value: number) => ({
  value,
  expanded_uncertainty: 0.01,
  limit: 0,
  below_limit: false,
  refused: null,
});

const all = [
  defect("a", { length_m: metres(0.5) }),
  defect("b", { length_m: metres(2), state: "confirmed" }),
  defect("c", { damage_class: "pothole" }),
];

describe("the list of defects", () => {
  it("shows everything until somebody filters", () => {
    expect(matching(all, EVERYTHING)).toEqual(all);
  });

  it("is filtered by class and state together", () => {
    expect(matching(all, { ...EVERYTHING, damageClass: "crack" }).map((d) => d.defect_id)).toEqual([
      "a",
      "b",
    ]);
    expect(matching(all, { ...EVERYTHING, damageClass: "crack", state: "confirmed" })).toEqual([all[1]]);
    expect(matching(all, { ...EVERYTHING, damageClass: "pothole", state: "confirmed" })).toEqual([]);
  });

  it("begins with the largest and leaves the original order alone", () => {
    expect(ordered(all, "size").map((d) => d.defect_id)).toEqual(["b", "a", "c"]);
    expect(all.map((d) => d.defect_id)).toEqual(["a", "b", "c"]);
  });

  it("is walked step by step and stops at its ends", () => {
    expect(neighbour(all, "a", 1)?.defect_id).toBe("b");
    expect(neighbour(all, "a", -1)?.defect_id).toBe("a");
    expect(neighbour(all, "c", 1)?.defect_id).toBe("c");
    expect(neighbour(all, undefined, 1)?.defect_id).toBe("a");
    expect(neighbour([], "a", 1)).toBeUndefined();
  });
});

describe("widths", () => {
  const width = (value: number | null, u: number | null, limit: number) => ({
    width_mm: { value, expanded_uncertainty: u, limit, below_limit: value === null, refused: null },
  });

  it.each([
    [width(0.3, 0.1, 0.2), 0.2, true],
    [width(0.3, 0.1, 0.2), 0.4, true],
    [width(0.3, 0.1, 0.2), 0.41, false],
    [width(0.3, null, 0.2), 0.31, false],
    [width(null, null, 0.5), 0.3, true],
    [width(null, null, 0.5), 0.5, true],
    [width(null, null, 0.2), 0.3, false],
    [{ width_mm: null }, 9, true],
  ] as const)("%j could be %f mm wide: %s", (found, widthMm, wanted) => {
    expect(couldBeAsWide(found, widthMm)).toBe(wanted);
  });
});

describe("the queue", () => {
  it("knows least at one half", () => {
    expect(uncertainty({ confidence: 0.5 })).toBe(1);
    expect(uncertainty({ confidence: 1 })).toBe(0);
    expect(uncertainty({ confidence: 0.9 })).toBeCloseTo(uncertainty({ confidence: 0.1 }), 12);
  });

  const queue = [
    defect("sure", { length_m: metres(3), confidence: 0.99 }),
    defect("unsure", { length_m: metres(1), confidence: 0.5 }),
    defect("small", { length_m: metres(0.1), confidence: 0.5 }),
    defect("decided", { length_m: metres(9), confidence: 0.5, state: "confirmed" }),
  ];

  it("begins where a decision says most, and ends with what is decided", () => {
    expect(ordered(queue, "urgent").map((d) => d.defect_id)).toEqual(["unsure", "sure", "small", "decided"]);
  });

  it("of the uncertain does not mind the size", () => {
    expect(ordered(queue, "uncertain").map((d) => d.defect_id)).toEqual(["small", "unsure", "sure", "decided"]);
  });

  it("forgets nobody in any order", () => {
    for (const order of ["size", "urgent", "uncertain"] as const) {
      expect(ordered(queue, order).map((d) => d.defect_id).sort()).toEqual(["decided", "small", "sure", "unsure"]);
    }
  });
});
