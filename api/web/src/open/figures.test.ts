import { describe, expect, it } from "vitest";

import type { Schemas } from "../client";
import { filesOf, monthsOf, shares, trend } from "./figures";

const counted = (inspected: number | null, done: number | null, soundness = { I: 0, II: 0, III: 0, IV: 0 }) => ({
  assets: 10,
  published: 5,
  inspected_in_cycle: 5,
  inspected_percent: inspected,
  soundness,
  urgent: 2,
  urgent_done: 1,
  urgent_done_percent: done,
});

const month = (name: string, inspected: number | null, done: number | null = null) => ({
  month: name,
  taken_at: `${name}-28T00:00:00Z`,
  figures: { cycle: [2024, 2028], kinds: { bridge: counted(inspected, done) }, municipalities: [] },
});

describe("figures of months", () => {
  const months = monthsOf({
    months: [month("2026-05", 50, 20), month("2026-04", null), month("2026-03", 40)],
  } as unknown as Schemas["MonthlyList"]);

  it("stand in their order", () => {
    expect(months.map((one) => one.month)).toEqual(["2026-03", "2026-04", "2026-05"]);
  });

  it("are drawn as a line that breaks where nothing is known", () => {
    expect(trend(months, "bridge", "inspected_percent")).toBe("M0.00,60.00M100.00,50.00");
    expect(trend([months[0]!, months[2]!], "bridge", "inspected_percent")).toBe("M0.00,60.00L100.00,50.00");
    expect(trend(months, "bridge", "urgent_done_percent")).toBe("M100.00,80.00");
    expect(trend(months, "pavement_section", "inspected_percent")).toBe("");
    expect(trend(months.slice(0, 1), "bridge", "inspected_percent")).toBe("M0.00,60.00");
  });

  it("share the soundness out, all of it", () => {
    const found = shares(counted(1, 1, { I: 1, II: 2, III: 1, IV: 0 }));
    expect(found.map((one) => one.share)).toEqual([0.25, 0.5, 0.25, 0]);
    expect(found.reduce((sum, one) => sum + one.share, 0)).toBe(1);
    expect(shares(counted(1, 1))).toEqual([]);
  });
});

describe("files of open data", () => {
  it("are read out of the packages", () => {
    const file = { name: "bridges.csv", url: "/opendata/2026-05/bridges.csv", format: "CSV", size: 3 };
    const named = { ...file, name: "橋梁", name_translated: { ja: "橋梁", en: "Bridges" } };
    const answer = { result: { results: [{ resources: [file, named, { name: "broken" }] }, {}] } };
    const { url, format } = file;
    expect(filesOf(answer)).toEqual([
      { name: { ja: file.name, en: file.name }, url, format },
      { name: { ja: "橋梁", en: "Bridges" }, url, format },
    ]);
  });

  it.each([{}, { result: {} }, { result: { results: [] } }])("are none in %j", (answer) => {
    expect(filesOf(answer)).toEqual([]);
  });
});
