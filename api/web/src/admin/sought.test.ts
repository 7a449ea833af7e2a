import { describe, expect, it } from "vitest";

import { conditionsOf, searchOf, type Sought } from "./sought";

const nothing: Sought = { actor: "", action: "", first: "", last: "" };

describe("what is looked for in the log", () => {
  it("is everything unless something is said", () => {
    expect(conditionsOf({ ...nothing, actor: "  " })).toEqual({});
    expect(searchOf(nothing)).toBe("");
  });

  it("is written into the address of the file", () => {
    const sought = { ...nothing, actor: " hanako ", action: "users add", first: "2026-04-01" };
    expect(searchOf(sought)).toBe("?actor=hanako&action=users+add&first=2026-04-01");
  });
});
