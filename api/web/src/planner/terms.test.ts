import { describe, expect, it } from "vitest";

import { fiscalYear, million, readBudgets, type TermsDraft, termsOf, worksByYear, type WorkLine } from "./terms";

const DRAFT: TermsDraft = { firstYear: "2027", years: "3", budgets: "120", priceList: "2026", compareWith: "" };

describe("terms", () => {
  it.each([
    [new Date(2027, 2, 31), 2026],
    [new Date(2027, 3, 1), 2027],
    [new Date(2027, 11, 31), 2027],
    [new Date(2028, 0, 1), 2027],
  ])("counts %s to the fiscal year %i", (day, year) => {
    expect(fiscalYear(day)).toBe(year);
  });

  it("takes one amount for all years, or one for each", () => {
    expect(readBudgets("120", 3)).toEqual([120e6, 120e6, 120e6]);
    expect(readBudgets("100, 0.5、８０", 3)).toEqual([100e6, 5e5, 80e6]);
    expect(readBudgets("0", 1)).toEqual([0]);
  });

  it.each(["", "a", "100 200", "-1", "1e99", "NaN", "Infinity"])("takes %j for no money of three years", (text) => {
    expect(readBudgets(text, 3)).toBeNull();
  });

  it("says what is asked for", () => {
    expect(termsOf(DRAFT, null)).toEqual({
      first_year: 2027,
      budgets_yen: [120e6, 120e6, 120e6],
      price_list: "2026",
      weights: null,
      compare_with: null,
    });
    const weighted = termsOf({ ...DRAFT, compareWith: "R9" }, { L: 0.1, C: 0.8, T: 0.1 });
    expect(weighted?.weights).toEqual({ L: 0.1, C: 0.8, T: 0.1 });
    expect(weighted?.compare_with).toBe("R9");
  });

  it.each([
    { firstYear: "1999" },
    { firstYear: "2027.5" },
    { firstYear: "" },
    { years: "0" },
    { years: "31" },
    { budgets: "" },
    { priceList: "" },
  ])("asks for nothing while %j", (change) => {
    expect(termsOf({ ...DRAFT, ...change }, null)).toBeNull();
  });

  it("writes money in millions", () => {
    expect(million(12_345_678)).toBe("12.3");
    expect(million(1_234_500_000)).toBe("1,234.5");
    expect(million(0)).toBe("0.0");
  });

  it("puts each work under its year and forgets none", () => {
    const line = (asset: string, year: number | null) =>
      ({ asset_id: asset, fiscal_year: year }) as unknown as WorkLine;
    const lines = [line("A", 2028), line("B", 2027), line("C", null), line("D", 2027)];
    const years = [2027, 2028].map((fiscal_year) => ({ fiscal_year, budget_yen: 1, spent_yen: 0, works: 0 }));
    const found = worksByYear({ years, lines });
    expect(found.map(([year, works]) => [year, works.map((work) => work.asset_id)])).toEqual([
      [2027, ["B", "D"]],
      [2028, ["A"]],
    ]);
  });
});
