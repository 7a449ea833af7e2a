import { describe, expect, it } from "vitest";

import type { DefectDetail } from "../client";
import { type Before, before, decideAll, inverse, type Tally } from "./verdicts";

const CRACK: Before = { state: "candidate", damageClass: "crack", reason: null };

describe("undo", () => {
  it.each([
    ["candidate", "confirmed", { action: "reopen", note: "undo" }],
    ["candidate", "rejected", { action: "reopen", note: "undo" }],
    ["confirmed", "rejected", { action: "confirm", note: "undo" }],
    ["confirmed", "candidate", { action: "confirm", note: "undo" }],
    ["rejected", "candidate", { action: "reject", reason: "joint", note: "undo" }],
    ["rejected", "confirmed", { action: "reject", reason: "joint", note: "undo" }],
  ] as const)("from %s, now %s", (state, now, wanted) => {
    const was = { ...CRACK, state, reason: "joint" } as const;
    expect(inverse(was, { state: now, damage_class: "crack" }, "undo")).toEqual(wanted);
  });

  it("puts a class back", () => {
    expect(inverse(CRACK, { state: "candidate", damage_class: "pothole" }, "")).toEqual({
      action: "reclassify",
      damageClass: "crack",
      note: "",
    });
  });

  it("has nothing to do where nothing changed", () => {
    expect(inverse(CRACK, { state: "candidate", damage_class: "crack" }, "")).toBeNull();
  });

  it("rejects again for the reason that was last given", () => {
    const history = [
      { action: "reject", reason: "shadow" },
      { action: "confirm", reason: null },
      { action: "reject", reason: "stain" },
      { action: "reclassify", reason: null },
    ];
    const defect = { state: "rejected", damage_class: "crack", history } as unknown as DefectDetail;
    expect(before(defect)).toEqual({ state: "rejected", damageClass: "crack", reason: "stain" });
    expect(before({ ...defect, history: [] }).reason).toBeNull();
  });
});

describe("a decision about many", () => {
  const items = ["a", "b", "c", "d"].map((defect_id) => ({ defect_id }));

  it("goes on after one that fails, and tells it", async () => {
    const steps: Tally[] = [];
    const found = await decideAll(
      items,
      ({ defect_id }) => (defect_id === "b" ? Promise.reject(new Error("changed")) : Promise.resolve()),
      (tally) => steps.push(tally),
    );
    expect(found).toEqual({ done: 3, failed: [{ defectId: "b", why: "changed" }] });
    expect(steps.map((step) => step.done + step.failed.length)).toEqual([1, 2, 3, 4]);
  });

  it("stops where somebody says so, and counts what was done", async () => {
    let sent = 0;
    const found = await decideAll(items, async () => void sent++, () => {}, () => sent >= 2);
    expect(found).toEqual({ done: 2, failed: [] });
    expect(sent).toBe(2);
  });

  it("sends each once and in order", async () => {
    const order: string[] = [];
    await decideAll(items, async ({ defect_id }) => void order.push(defect_id), () => {});
    expect(order).toEqual(["a", "b", "c", "d"]);
  });
});
