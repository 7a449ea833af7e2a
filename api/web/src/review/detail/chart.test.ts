import { describe, expect, it } from "vitest";

import { bandPath, type Frame, highestMm, kindOf, linePath, nearest, runsOf, scaleOf, ticks } from "./chart";
import type { Profile, ProfilePoint } from "./queries";

const FRAME: Frame = { width: 200, height: 120, left: 20, right: 0, top: 10, bottom: 10 };

function point(distance: number, value: number | null, u = 0.5, piece = 0): ProfilePoint {
  return {
    piece,
    distance_m: distance,
    surface_m: [distance, 0],
    width_mm: {
      value,
      expanded_uncertainty: value === null ? null : u,
      limit: 0.3,
      below_limit: value === null,
      refused: null,
    },
    method: "trough_fit",
    photo_sha256: "a",
    photo_px: [0, 0],
    incidence_deg: 0,
    trusted: true,
  };
}

const unread = (distance: number): ProfilePoint => ({ ...point(distance, null), width_mm: null, method: null });

function profile(points: ProfilePoint[], limits: number[] = []): Profile {
  return {
    defect_id: "d",
    survey_id: "s",
    observation_id: "o",
    length_m: 2,
    pieces: [{ start_m: 0, end_m: 2 }],
    points,
    segments: [],
    greatest: null,
    representative_mm: null,
    method: "trough_fit",
    limits: limits.map((width_mm) => ({ width_mm, scheme: "x/1", ja: "大", en: "large" })),
    photos: [],
    calibration: "drawn",
    why_no_points: null,
  };
}

describe("the scale", () => {
  it("holds every band, and a limit that is not far above", () => {
    const points = [point(0, 2), point(1, 4), point(2, 3)];
    expect(highestMm(profile(points))).toBeGreaterThan(4.5);
    expect(highestMm(profile(points))).toBeLessThan(5);
    expect(highestMm(profile(points, [6]))).toBeGreaterThan(6);
    expect(highestMm(profile(points, [60]))).toBeLessThan(5);
  });

  it("maps distance and width to the frame and back", () => {
    const scale = scaleOf(profile([point(0, 2), point(2, 4)]), FRAME);
    expect(scale.x(0)).toBe(20);
    expect(scale.x(2)).toBe(200);
    expect(scale.y(0)).toBe(110);
    expect(scale.y(scale.highestMm)).toBe(10);
    expect(scale.y(99)).toBe(10);
    for (const metres of [0, 0.3, 1.7, 2]) expect(scale.distanceAt(scale.x(metres))).toBeCloseTo(metres, 9);
    expect(scale.distanceAt(-50)).toBe(0);
    expect(scale.distanceAt(5000)).toBe(2);
  });

  it("is not spoilt by one wild place among many", () => {
    const calm = Array.from({ length: 200 }, (_, i) => point(i / 100, 2, 0.2));
    expect(highestMm(profile([...calm, point(2, 90, 40)]))).toBeLessThan(3);
    expect(highestMm(profile([]))).toBeGreaterThan(0);
  });
});

describe("runs", () => {
  const points = [point(0, 2), point(0.1, 2.1), point(0.2, null), unread(0.3), point(0.4, 2), point(0.5, 2, 0.5, 1)];

  it("end where another kind or another branch begins", () => {
    expect(runsOf(points).map(({ kind, points: own }) => [kind, own.length])).toEqual([
      ["read", 2],
      ["below", 1],
      ["unread", 1],
      ["read", 1],
      ["read", 1],
    ]);
    expect(points.map(kindOf)).toEqual(["read", "read", "below", "unread", "read", "read"]);
    expect(runsOf([])).toEqual([]);
  });

  it("show nothing where every photo is too oblique", () => {
    const refused = { value: null, expanded_uncertainty: null, limit: 0, below_limit: false, refused: "too_oblique" as const };
    expect(kindOf({ ...unread(0), width_mm: refused })).toBe("unread");
  });

  it("never draw a number below the limit, but all that it may be", () => {
    const scale = scaleOf(profile(points), FRAME);
    const below = runsOf(points)[1];
    if (!below) throw new Error("no run below the limit");
    const band = bandPath(below, scale);
    expect(band).toContain(scale.y(0).toFixed(1));
    expect(band).toContain(scale.y(0.3).toFixed(1));
    const missing = runsOf(points)[2];
    expect(missing && bandPath(missing, scale)).toBe("");
  });

  it("draw the band from value − U to value + U, not below nothing", () => {
    const own = [point(0, 2, 0.5), point(2, 1, 3)];
    const scale = scaleOf(profile(own), FRAME);
    const [run] = runsOf(own);
    if (!run) throw new Error("no run");
    const ys = [...bandPath(run, scale).matchAll(/[\d.]+ ([\d.]+)/g)].map((match) => Number(match[1]));
    expect(ys).toHaveLength(4);
    expect(ys[0]).toBeCloseTo(scale.y(2.5), 0);
    expect(ys[3]).toBeCloseTo(scale.y(1.5), 0);
    expect(Math.max(...ys)).toBeLessThanOrEqual(scale.y(0));
    expect(linePath(run, scale)).toMatch(/^M [\d.]+ [\d.]+ L [\d.]+ [\d.]+$/);
  });
});

describe("marks", () => {
  it.each([
    [10, [0, 2, 4, 6, 8, 10]],
    [0.47, [0, 0.1, 0.2, 0.3, 0.4]],
    [1.03, [0, 0.5, 1]],
  ])("up to %d are round", (highest, expected) => {
    expect(ticks(highest)).toEqual(expected);
  });

  it("find the nearest place", () => {
    const points = [point(0, 2), point(1, 2), point(1.2, 2)];
    expect(nearest(points, 1.05)?.distance_m).toBe(1);
    expect(nearest(points, 99)?.distance_m).toBe(1.2);
    expect(nearest([], 1)).toBeUndefined();
  });
});
