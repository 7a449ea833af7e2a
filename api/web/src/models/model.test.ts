import { describe, expect, it } from "vitest";

import {
  amountOf,
  classesOf,
  comparedRows,
  isSamePlace,
  keyOf,
  megapixels,
  type ModelRow,
  shareText,
  stateOf,
  threeOf,
  type Trial,
  tried,
  windowOf,
} from "./model";

const northUp = { surface_from_px: [0.002, 0, 100, 0, -0.002, 50] as [number, number, number, number, number, number], width_px: 1500, height_px: 900 };

describe("a window", () => {
  it("is the part of the mosaic that the map shows, clamped to it", () => {
    expect(windowOf([100, 48.2, 103, 50], northUp)).toEqual([0, 0, 1500, 900]);
    expect(windowOf([100.2, 49.6, 101, 49.8], northUp)).toEqual([100, 100, 500, 200]);
    expect(windowOf([0, 0, 1000, 1000], northUp)).toEqual([0, 0, 1500, 900]);
  });

  it("is none where too little of the mosaic is shown", () => {
    expect(windowOf([100, 49, 100.12, 50], northUp)).toBeNull();
    expect(windowOf([0, 0, 10, 10], northUp)).toBeNull();
  });

  it("has a size", () => {
    expect(megapixels([0, 0, 2000, 500])).toBe(1);
  });
});

const row = (changes: Partial<ModelRow>): ModelRow => ({
  name: "own",
  own_model_id: "u",
  sha256: "",
  origin: "uploaded",
  standing: null,
  words: "",
  card: null,
  workers: 0,
  is_default: false,
  upload: null,
  ...changes,
});

describe("a model", () => {
  const job = { active: true } as NonNullable<NonNullable<ModelRow["upload"]>["job"]>;
  const upload = { file_sha256: "ab", job } as NonNullable<ModelRow["upload"]>;

  it.each([
    [{ standing: "usable" }, "standing_usable"],
    [{ standing: "changed" }, "standing_changed"],
    [{ upload: { ...upload, file_sha256: "" } }, "modelWaitsForFile"],
    [{ upload }, "modelTrying"],
    [{ upload: { ...upload, job: { ...job, active: false } } }, "modelRefused"],
    [{ upload: { ...upload, job: null } }, "modelRefused"],
  ] as const)("that is %j is said to be %s", (changes, expected) => {
    expect(stateOf(row(changes as Partial<ModelRow>))).toBe(expected);
  });

  it("is known by its upload, else by its name", () => {
    expect(keyOf(row({}))).toBe("u");
    expect(keyOf(row({ own_model_id: null }))).toBe("own");
  });
});

describe("what is tried", () => {
  const [a, b] = [row({ own_model_id: null, name: "a" }), row({ own_model_id: null, name: "b" })];
  const names = (first: string, second: string) => tried([a, b], first, second).map((one) => one.name);

  it("is the first model and the second, where one is chosen", () => {
    expect(names("", "")).toEqual(["a"]);
    expect(names("b", "a")).toEqual(["b", "a"]);
  });

  it("is one model once, whatever was chosen before", () => {
    expect(names("b", "b")).toEqual(["b"]);
    expect(names("", "a")).toEqual(["a"]);
    expect(names("gone", "gone")).toEqual(["a"]);
    expect(tried([], "a", "b")).toEqual([]);
  });
});

describe("channels and numbers", () => {
  it("give their classes once", () => {
    expect(classesOf(["background", "crack", "spall", "crack"])).toEqual(["crack", "spall"]);
  });

  it.each([
    [".485 .456 .406", [0.485, 0.456, 0.406]],
    ["0, 0, 0", [0, 0, 0]],
    ["1 2", null],
    ["1 2 x", null],
    ["", null],
  ])("%s are three numbers or none", (text, expected) => {
    expect(threeOf(text)).toEqual(expected);
  });

  it("say lengths of cracks, surfaces of the rest, and small shares exactly", () => {
    expect(amountOf({ length_m: 1.234, area_m2: 0.01 })).toBe("1.23 m");
    expect(amountOf({ length_m: null, area_m2: 0.0123 })).toBe("123.0 cm²");
    expect(amountOf({ length_m: null, area_m2: 2.5 })).toBe("2.50 m²");
    expect([shareText(0.00012), shareText(0.25)]).toEqual(["0.012 %", "25.0 %"]);
  });
});

describe("a comparison", () => {
  const figures = (damage_class: string, count: number) => ({ damage_class, count, area_m2: 1, length_m: null, share: 0.1 });
  const side = (rows: [string, "both" | "otherwise" | "only", number][]) => ({
    trial: {} as Trial,
    outlines: [],
    rows: rows.map(([damage_class, agreement, count]) => ({ damage_class, agreement, figures: figures(damage_class, count) })),
  });

  it("has one row for each class of either side", () => {
    const rows = comparedRows({
      first: side([["spall", "only", 1], ["crack", "both", 2], ["crack", "only", 3]]),
      second: side([["crack", "both", 4], ["rust_stain", "otherwise", 5]]),
    } as never);
    expect(rows.map((one) => one.damageClass)).toEqual(["crack", "rust_stain", "spall"]);
    expect(rows[0]?.first.both?.count).toBe(2);
    expect(rows[0]?.first.only?.count).toBe(3);
    expect(rows[0]?.first.otherwise).toBeNull();
    expect(rows[0]?.second.both?.count).toBe(4);
    expect(rows[1]?.second.otherwise?.count).toBe(5);
  });

  it("is of the same place only", () => {
    const trial = { mosaic_sha256: "a", window_px: [0, 0, 64, 64] } as unknown as Trial;
    expect(isSamePlace(trial, { ...trial })).toBe(true);
    expect(isSamePlace(trial, { ...trial, window_px: [0, 0, 65, 64] } as Trial)).toBe(false);
    expect(isSamePlace(trial, { ...trial, mosaic_sha256: "b" })).toBe(false);
  });
});
