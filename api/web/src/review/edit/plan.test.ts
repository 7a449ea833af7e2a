import { describe, expect, it } from "vitest";

import document from "../../../../openapi.json";
import { Problem } from "../../client";
import { words } from "../../i18n/words";
import { didWord } from "./Meanwhile";
import { classesOf, drawable, drawnAs, EDIT_TOOLS, nextShown, obstacle, surelyUndone, TOOL_KEYS, toggled } from "./plan";

const MOSAIC = "a".repeat(64);
const seen = { state: "candidate", mosaic_sha256: MOSAIC } as const;

describe("a tool", () => {
  it("has one key each, which the hint names in both languages", () => {
    expect(Object.values(TOOL_KEYS).sort()).toEqual([...EDIT_TOOLS].sort());
    for (const key of Object.keys(TOOL_KEYS)) {
      const named = new RegExp(`(^|[ ・,])${key.toUpperCase()} `);
      expect(words.editKeys.ja).toMatch(named);
      expect(words.editKeys.en).toMatch(named);
      expect("CRTUJK").not.toContain(key.toUpperCase()); // those decide and step
    }
  });

  it.each(["split", "merge", "redraw"] as const)("%s needs a defect of this mosaic that counts", (tool) => {
    expect(obstacle(tool, undefined, MOSAIC)).toBe("chooseFirst");
    expect(obstacle(tool, { ...seen, state: "rejected" }, MOSAIC)).toBe("notEditable");
    expect(obstacle(tool, { ...seen, state: "superseded" }, MOSAIC)).toBe("notEditable");
    expect(obstacle(tool, seen, "b".repeat(64))).toBe("otherMosaic");
    expect(obstacle(tool, { ...seen, state: "confirmed" }, MOSAIC)).toBeNull();
  });

  it.each(["draw", "width"] as const)("%s needs none", (tool) => {
    expect(obstacle(tool, undefined, MOSAIC)).toBeNull();
  });
});

describe("what is drawn", () => {
  it("is a line for a crack and an outline for the rest", () => {
    expect(drawnAs("crack")).toBe("LineString");
    expect(drawnAs("deck_crack")).toBe("LineString");
    expect(drawnAs("alligator_crack")).toBe("Polygon");
    expect(drawnAs("spall")).toBe("Polygon");
  });

  it("is damage", () => {
    const codes = document.components.schemas.DamageClass.enum.map((code) => ({ code }));
    const offered = drawable(codes);
    expect(offered).toContain("crack");
    for (const none of ["joint", "manhole", "vegetation"]) expect(offered).not.toContain(none);
    expect(offered).toHaveLength(codes.length - 3);
  });
});

describe("what is merged", () => {
  const [a, b, c] = ["a", "b", "c"].map((id) => ({ defect_id: id }));
  it("is picked and left out again, but for the first", () => {
    if (!a || !b || !c) throw new Error("three picks");
    expect(toggled([a], b)).toEqual([a, b]);
    expect(toggled([a, b, c], b)).toEqual([a, c]);
    expect(toggled([a, b], a)).toEqual([a, b]);
    expect(toggled([], a)).toEqual([a]);
  });

  it("has each class once", () => {
    const classes = (["crack", "spall", "crack"] as const).map((damage_class) => ({ damage_class }));
    expect(classesOf(classes)).toEqual(["crack", "spall"]);
    expect(classesOf([])).toEqual([]);
  });
});

describe("after an edit", () => {
  it("what it brought is shown, else what it redrew", () => {
    expect(nextShown({ brought: ["new", "other"], redrawn: ["old"] })).toBe("new");
    expect(nextShown({ brought: [], redrawn: ["old"] })).toBe("old");
    expect(nextShown({ brought: [], redrawn: [] })).toBeUndefined();
  });
});

describe("what others did", () => {
  const { Action, EditKind, NoWidth, Blind } = document.components.schemas;
  it.each([...Action.enum, ...EditKind.enum])("has words for %s", (what) => {
    expect(didWord(what)).toBe(`did_${what}`);
  });

  it("is shown as it is where there is no word", () => {
    expect(didWord("something new")).toBeNull();
  });

  it.each([...NoWidth.enum, ...Blind.enum])("and there are words for no width by %s", (why) => {
    expect(words).toHaveProperty(why);
  });
});

describe("an edit that came back with an error", () => {
  it.each([
    [new Problem(409, "overtaken"), true],
    [new Problem(422, "no line"), true],
    [new Problem(502, "gateway"), false],
    [new Problem(503, "later"), false],
    [new TypeError("Failed to fetch"), false],
    [undefined, false],
  ])("%s was surely not done: %s", (error, expected) => {
    expect(surelyUndone(error)).toBe(expected);
  });
});
