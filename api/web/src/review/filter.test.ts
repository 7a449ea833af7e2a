import { describe, expect, it } from "vitest";

import { beside, choiceOf, EVERYTHING, gradesOf, queryOf, UNGRADED } from "./filter";

describe("a filter", () => {
  it("asks for nothing until somebody narrows", () => {
    expect(choiceOf(EVERYTHING)).toEqual({});
    expect(queryOf(EVERYTHING, 3)).toBe("revision=3");
  });

  it("says the same to the list and to the tiles", () => {
    const filter = {
      damageClass: "crack",
      state: "candidate",
      grade: "e",
      again: true,
      widthMm: 0.3,
      confidence: 0.5,
    } as const;
    expect(choiceOf(filter)).toEqual({
      damage_class: ["crack"],
      state: ["candidate"],
      grade: ["e"],
      again: true,
      width_mm: 0.3,
      confidence: 0.5,
    });
    expect(queryOf(filter, 12)).toBe(
      "damage_class=crack&state=candidate&grade=e&again=true&width_mm=0.3&confidence=0.5&revision=12",
    );
  });
});

describe("grades to choose from", () => {
  it("are those of the survey, the worst first, what has none last", () => {
    expect(gradesOf({ [UNGRADED]: 9, b: 2, e: 1, c: 0 }, null)).toEqual(["e", "c", "b", UNGRADED]);
    expect(gradesOf({ I: 1, "III-2": 1, "III-1": 2 }, null)).toEqual(["III-2", "III-1", "I"]);
  });

  it("keep the chosen one when nothing has it any more", () => {
    expect(gradesOf({ [UNGRADED]: 3 }, "e")).toEqual(["e", UNGRADED]);
    expect(gradesOf({}, null)).toEqual([]);
  });
});

describe("the way from defect to defect", () => {
  const rows = ["a", "b", "c"].map((defect_id) => ({ defect_id, mark: `at ${defect_id}` }));
  const [a, b, c] = rows;

  it("begins at the first", () => {
    expect(beside(rows, undefined, 1)).toBe(a);
    expect(beside(rows, undefined, -1)).toBe(a);
    expect(beside([], undefined, 1)).toBeUndefined();
  });

  it("goes step by step while the rows know", () => {
    expect(beside(rows, a, 1)).toBe(b);
    expect(beside(rows, c, -1)).toBe(b);
  });

  it("does not know beyond the rows that were read", () => {
    expect(beside(rows, c, 1)).toBeUndefined();
    expect(beside(rows, a, -1)).toBeUndefined();
    expect(beside(rows, { defect_id: "x", mark: "at x" }, 1)).toBeUndefined();
  });

  it("does not follow a row that a decision has moved", () => {
    expect(beside(rows, { defect_id: "b", mark: "where b was" }, 1)).toBeUndefined();
  });
});
