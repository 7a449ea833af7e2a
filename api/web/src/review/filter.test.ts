import { describe, expect, it } from "vitest";

import type { Defect } from "../client";
import { bySize, EVERYTHING, matching, neighbour } from "./filter";

const defect = (id: string, more: Partial<Defect>): Defect =>
  ({
    defect_id: id,
    damage_class: "crack",
    state: "candidate",
    length_m: null,
    area_m2: { value: 0.01, expanded_uncertainty: 0, limit: 0, below_limit: false },
    ...more,
  }) as Defect;

const metres = (value: number) => ({
  value,
  expanded_uncertainty: 0.01,
  limit: 0,
  below_limit: false,
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
    expect(matching(all, { damageClass: "crack", state: null }).map((d) => d.defect_id)).toEqual([
      "a",
      "b",
    ]);
    expect(matching(all, { damageClass: "crack", state: "confirmed" })).toEqual([all[1]]);
    expect(matching(all, { damageClass: "pothole", state: "confirmed" })).toEqual([]);
  });

  it("begins with the largest and leaves the original order alone", () => {
    expect(bySize(all).map((d) => d.defect_id)).toEqual(["b", "a", "c"]);
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
