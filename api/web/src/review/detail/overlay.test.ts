import { describe, expect, it } from "vitest";

import { signed } from "./LastInspection";
import { cropAddress, middleOf, outlinePath, placeIn, windowOf } from "./overlay";
import type { Sighting } from "./queries";

const axis = (pairs: [number, number, number][]) => pairs.map(([distance_m, x_px, y_px]) => ({ distance_m, x_px, y_px }));

const SIGHTING: Sighting = {
  sha256: "a",
  name: "IMG_1.JPG",
  taken_at: null,
  url: "/photo",
  crop_url: "/crop.jpg?survey_id=s",
  width_px: 1000,
  height_px: 800,
  window_px: [0, 0, 100, 100],
  outline: { type: "Polygon", coordinates: [[[1, 2], [3, 4], [5, 6]]] },
  axis: axis([[0, 0, 0], [0.1, 10, 0], [0.2, 20, 10], [0.9, 90, 10], [1, 100, 10]]),
  shown_share: 1,
  gsd_mm_per_px: 1,
  incidence_deg: 3,
  distance_m: 2,
  sharpness_relative: 1,
  is_blurred: false,
  in_mosaic: true,
};

describe("a place in a photo", () => {
  it("lies between the places that are known", () => {
    expect(placeIn(SIGHTING, 0.05)).toEqual([5, 0]);
    const between = placeIn(SIGHTING, 0.15);
    expect(between?.[0]).toBeCloseTo(15, 9);
    expect(between?.[1]).toBeCloseTo(5, 9);
    expect(placeIn(SIGHTING, 1)).toEqual([100, 10]);
  });

  it("is nowhere where the photo does not show the crack", () => {
    expect(placeIn(SIGHTING, 0.5)).toBeNull(); // from 0.2 to 0.9 m it lies outside
    expect(placeIn(SIGHTING, 1.5)).toBeNull();
    expect(placeIn({ ...SIGHTING, axis: [] }, 0)).toBeNull();
  });
});

describe("what is looked at first", () => {
  it("is on the crack, or in the middle of an area", () => {
    expect(middleOf(SIGHTING)).toEqual([20, 10]);
    expect(middleOf({ ...SIGHTING, axis: [] })).toEqual([50, 50]);
  });
});

describe("an outline", () => {
  it("is drawn ring by ring", () => {
    expect(outlinePath(SIGHTING.outline)).toBe("M 1.0 2.0 L 3.0 4.0 L 5.0 6.0 Z");
    const two = { type: "MultiPolygon" as const, coordinates: [[[[0, 0], [1, 0], [1, 1]]], [[[5, 5], [6, 5], [6, 6]]]] };
    expect(outlinePath(two).match(/M/g)).toHaveLength(2);
  });
});

describe("a part of a photo", () => {
  it("is asked for by its pixels", () => {
    expect(cropAddress(SIGHTING, 300)).toBe("/crop.jpg?survey_id=s&size=300");
    expect(cropAddress(SIGHTING, 300, [1, 2, 3, 4])).toBe("/crop.jpg?survey_id=s&size=300&window=1,2,3,4");
  });

  it("is what a view shows of the photo, in whole pixels", () => {
    expect(windowOf([-50.2, -900, 100.4, -20.7], 1000, 800)).toEqual([0, 20, 101, 800]);
    expect(windowOf([10.2, -30.5, 20.1, -10.1], 1000, 800)).toEqual([10, 10, 21, 31]);
    expect(windowOf([2000, -30, 2100, -10], 1000, 800)).toBeNull();
    expect(windowOf([0, 10, 100, 50], 1000, 800)).toBeNull();
  });
});

describe("a difference", () => {
  it.each([
    [1.594, 2, "+1.59"],
    [-0.013, 3, "−0.013"],
    [-0.0001, 2, "0.00"],
  ])("%d with %d digits is %s", (value, digits, expected) => {
    expect(signed(value, digits)).toBe(expected);
  });
});
