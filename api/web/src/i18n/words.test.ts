import { describe, expect, it } from "vitest";

import { firstLanguage } from "./language";
import { words } from "./words";

describe("words", () => {
  it.each(Object.entries(words))("%s exist in both languages", (_, word) => {
    expect(word.ja.trim()).not.toBe("");
    expect(word.en.trim()).not.toBe("");
  });
});

describe("the first language", () => {
  it.each([
    [null, "ja-JP", "ja"],
    [null, "en-GB", "en"],
    [null, "de", "en"],
    ["en", "ja-JP", "en"],
    ["ja", "en-GB", "ja"],
    ["xx", "ja", "ja"],
  ] as const)("for %s chosen and %s preferred is %s", (stored, preferred, expected) => {
    expect(firstLanguage(stored, preferred)).toBe(expected);
  });
});
