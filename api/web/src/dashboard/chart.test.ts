import { describe, expect, it } from "vitest";

import { bars, ceiling, daysText, percentText, periodName } from "./chart";

describe("a chart", () => {
  it.each([
    [[], 1],
    [[0, 0], 1],
    [[1], 1],
    [[3, 1], 5],
    [[10, 2], 10],
    [[11], 20],
    [[49, 51], 100],
    [[8123], 10000],
  ])("of %j reaches up to %d", (values, top) => {
    expect(ceiling(values)).toBe(top);
  });

  it("has a bar for each value, side by side within the box", () => {
    const drawn = bars([0, 5, 10]);
    expect(drawn.map((bar) => bar.height)).toEqual([0, 50, 100]);
    expect(drawn.map((bar) => bar.y + bar.height)).toEqual([100, 100, 100]);
    for (const [i, bar] of drawn.entries()) {
      expect(bar.x).toBeGreaterThanOrEqual((100 * i) / 3);
      expect(bar.x + bar.width).toBeLessThanOrEqual((100 * (i + 1)) / 3 + 1e-9);
    }
    expect(bars([])).toEqual([]);
  });

  it("names months and days", () => {
    expect(periodName({ first: "2026-05-01", last: "2026-05-12" }, "month")).toBe("2026-05");
    expect(periodName({ first: "2026-05-12", last: "2026-05-12" }, "day")).toBe("2026-05-12");
    expect(periodName({ first: "2026-05-01", last: "2026-05-01" }, "month")).toBe("2026-05");
  });

  it("says days, what is at least so long, and nothing of nothing", () => {
    expect(daysText({ days: 12, at_least: false }, "days")).toBe("12 days");
    expect(daysText({ days: 400, at_least: true }, "日")).toBe("≥ 400 日");
    expect(daysText(null, "days")).toBe("–");
    expect(percentText(33.3)).toBe("33.3 %");
    expect(percentText(0)).toBe("0.0 %");
    expect(percentText(null)).toBe("–");
  });
});
