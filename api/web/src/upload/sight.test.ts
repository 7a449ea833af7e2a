import { describe, expect, it } from "vitest";

import document from "../../../openapi.json";
import type { Schemas, SurveyDetail } from "../client";
import { words } from "../i18n/words";
import { sayLeft, sayTime } from "./ProcessCard";
import { poorOf } from "./SetAside";

type Photo = Schemas["PhotoOut"];
type Rejection = Schemas["RejectionOut"];

const photo = (name: string, concerns: Photo["concerns"]) => ({ name, sha256: `sha-${name}`, concerns }) as Photo;
const aside = (file: string, reason: Rejection["reason"], sha256: string | null = `sha-${file}`): Rejection => ({
  file,
  reason,
  detail: "why",
  sha256,
});
const survey = (photos: Photo[], rejections: Rejection[]) => ({ photos, rejections }) as unknown as SurveyDetail;

describe("what is set aside", () => {
  it("stands before what is poor but kept; copies and good photos are no trouble", () => {
    const poor = poorOf(
      survey(
        [photo("a.jpg", []), photo("b.jpg", ["soft", "dark"])],
        [aside("c.jpg", "truncated"), aside("a (1).jpg", "duplicate"), aside("d.jpg", "no_gps", null)],
      ),
    );
    expect(poor.map(({ file, codes, isUsed }) => [file, codes, isUsed])).toEqual([
      ["c.jpg", ["truncated"], false],
      ["d.jpg", ["no_gps"], false],
      ["b.jpg", ["soft", "dark"], true],
    ]);
  });

  it("says when a photo of the same name has come since", () => {
    const poor = poorOf(survey([photo("c.jpg", [])], [aside("c.jpg", "truncated"), aside("e.jpg", "empty")]));
    expect(poor.map(({ hasSuccessor }) => hasSuccessor)).toEqual([true, false]);
  });

  const { schemas } = document.components;
  it.each([...schemas.RejectionReason.enum, ...schemas.Concern.enum])("%s has words for why and what to do", (code) => {
    expect(words).toHaveProperty(`why_${code}`);
    expect(words).toHaveProperty(`do_${code}`);
  });

  it.each(schemas.Unplaced.enum)("%s has words on the map", (code) => {
    expect(words).toHaveProperty(`un_${code}`);
  });

  it.each(schemas.Reach.enum)("%s has words in the legend", (code) => {
    expect(words).toHaveProperty(`reach_${code}`);
  });
});

describe("the time that is left", () => {
  it.each([
    [0.2, "en", "1 sec"],
    [42, "en", "42 sec"],
    [89, "en", "89 sec"],
    [91, "en", "2 min"],
    [600, "en", "10 min"],
    [5399, "en", "90 min"],
    [9000, "en", "2.5 hr"],
    [42, "ja", "42 秒"],
    [600, "ja", "10 分"],
    [9000, "ja", "2.5 時間"],
  ] as const)("%d s in %s is %s", (seconds, language, words) => {
    expect(sayTime(seconds, language)).toBe(words);
  });

  it("is a span unless both ends are the same to a person", () => {
    expect(sayLeft({ low_s: 100, high_s: 400 }, "en")).toBe("2 min – 7 min");
    expect(sayLeft({ low_s: 115, high_s: 125 }, "en")).toBe("2 min");
  });
});
