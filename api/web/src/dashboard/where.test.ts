import { describe, expect, it } from "vitest";

import { ALL, todayInJapan, whereOf } from "./where";

describe("what is counted", () => {
  it("is everything unless something is chosen", () => {
    expect(whereOf(ALL, ALL)).toEqual({});
    expect(whereOf("bridge", ALL)).toEqual({ kind: "bridge" });
    expect(whereOf(ALL, "七尾市")).toEqual({ municipality: "七尾市" });
  });

  it("may be what has no municipality", () => {
    expect(whereOf(ALL, "")).toEqual({ municipality: "" });
  });
});

describe("today", () => {
  it("is the day in Japan", () => {
    expect(todayInJapan(new Date("2026-03-31T14:59:00Z"))).toBe("2026-03-31");
    expect(todayInJapan(new Date("2026-03-31T15:00:00Z"))).toBe("2026-04-01");
  });
});
