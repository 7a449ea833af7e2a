import { describe, expect, it } from "vitest";

import document from "../../../openapi.json";
import { firstLanguage } from "./language";
import { rooms, words } from "./words";

const schemas = document.components.schemas;
const states: string[] = schemas.ReviewState.enum;
const reasons: string[] = schemas.RejectReason.enum;

describe("words", () => {
  it("stand in one room each", () => {
    const all = Object.values(rooms).flatMap((room) => Object.keys(room));
    expect(all.sort()).toEqual(Object.keys(words).sort());
  });

  it.each(Object.entries(words))("%s exist in both languages", (_, word) => {
    expect(word.ja.trim()).not.toBe("");
    expect(word.en.trim()).not.toBe("");
  });

  const japanese = /[\u3040-\u30ff\u4e00-\u9fff]/;

  it.each(Object.entries(words))("%s say Japanese in Japanese and English in English", (_, word) => {
    expect(word.ja).toMatch(japanese);
    expect(word.en).not.toMatch(japanese);
    expect(Object.keys(word).sort()).toEqual(["en", "ja"]);
  });

  it.each(Object.entries(words))("%s name the same keys and numbers in both languages", (_, word) => {
    const marks = (text: string) => [...text.matchAll(/\b(?:[CRTUJKSMDNW]|GPS|ID|mm|px|\d+)\b/g)].map(String).sort();
    const shared = (text: string) => marks(text).filter((mark) => /^[CRTUJKSMDNW]$|^GPS$|^\d+$/.test(mark));
    expect(shared(word.ja)).toEqual(shared(word.en));
  });

  it("exist for every state and every reason of the API", () => {
    for (const code of [...states, ...reasons]) expect(words).toHaveProperty(code);
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
