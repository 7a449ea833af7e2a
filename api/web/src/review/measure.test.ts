import { describe, expect, it } from "vitest";

import { areaM2, lengthM, type Point, written } from "./measure";

const SQUARE: Point[] = [
  [10, 10],
  [12, 10],
  [12, 12],
  [10, 12],
];

describe("measuring on the mosaic", () => {
  it.each([
    [[], 0],
    [[[1, 1]], 0],
    [[[0, 0], [3, 4]], 5],
    [[[0, 0], [3, 4], [3, 4]], 5],
    [[[0, 0], [3, 4], [0, 0]], 10],
  ] as [Point[], number][])("length of %j is %f", (line, wanted) => {
    expect(lengthM(line)).toBeCloseTo(wanted, 12);
  });

  it("takes an area whichever way round, closed or not, wherever it lies", () => {
    expect(areaM2(SQUARE)).toBeCloseTo(4, 12);
    expect(areaM2([...SQUARE].reverse())).toBeCloseTo(4, 12);
    expect(areaM2([...SQUARE, SQUARE[0] as Point])).toBeCloseTo(4, 12);
    const far = SQUARE.map(([x, y]): Point => [x + 700_000, y + 4_000_000]);
    expect(areaM2(far)).toBeCloseTo(4, 3);
    expect(areaM2(SQUARE.slice(0, 2))).toBeCloseTo(0, 12);
  });

  it("writes with digits that fit the size", () => {
    expect(written("length", [[0, 0], [0.0123, 0]])).toBe("12.3 mm");
    expect(written("length", [[0, 0], [1.2345, 0]])).toBe("1.234 m");
    expect(written("area", SQUARE)).toBe("4.0000 m²");
    expect(written("area", [[0, 0], [0.05, 0], [0.05, 0.05], [0, 0.05]])).toBe("25.00 cm²");
  });
});
