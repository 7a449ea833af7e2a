import type { Profile, ProfilePoint } from "./queries";

/** Where a chart stands in its picture, px. */
export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export interface Scale {
  readonly x: (distanceM: number) => number;
  readonly y: (widthMm: number) => number;
  readonly distanceAt: (x: number) => number;
  readonly highestMm: number;
}

/** A stretch of neighbouring places that are drawn as one line. */
export interface Run {
  readonly kind: "read" | "below" | "unread";
  readonly points: readonly ProfilePoint[];
}

/** Limits this many times above all that was measured are left out: they would flatten the curve. */
const LIMIT_ABOVE = 1.6;

/** Give the highest width that a chart must hold, in round steps. */
export function highestMm(profile: Profile): number {
  const tops = profile.points.flatMap(({ width_mm }) => {
    if (width_mm === null) return [];
    return [width_mm.value === null ? width_mm.limit : width_mm.value + (width_mm.expanded_uncertainty ?? 0)];
  });
  for (const { width_mm } of profile.segments) {
    tops.push(width_mm.value === null ? width_mm.limit : width_mm.value + (width_mm.expanded_uncertainty ?? 0));
  }
  // one wild place in fifty may leave the picture
  const sorted = [...tops].sort((a, b) => a - b);
  const measured = sorted[Math.max(0, Math.ceil(sorted.length * 0.98) - 1)] ?? 1;
  const greatest = profile.greatest?.width_mm.value ?? 0;
  const limits = profile.limits.map((limit) => limit.width_mm).filter((mm) => mm <= LIMIT_ABOVE * measured);
  return 1.06 * Math.max(measured, greatest, ...limits);
}

export function scaleOf(profile: Profile, frame: Frame): Scale {
  const highest = highestMm(profile);
  const length = Math.max(profile.length_m, 1e-6);
  const wide = frame.width - frame.left - frame.right;
  const high = frame.height - frame.top - frame.bottom;
  return {
    x: (distanceM) => frame.left + (wide * distanceM) / length,
    y: (widthMm) => frame.top + high * (1 - Math.min(widthMm, highest) / highest),
    distanceAt: (x) => Math.min(length, Math.max(0, ((x - frame.left) / wide) * length)),
    highestMm: highest,
  };
}

/** Say what is known at a place. */
export function kindOf({ width_mm }: ProfilePoint): Run["kind"] {
  if (width_mm === null || width_mm.refused !== null) return "unread";
  return width_mm.value === null ? "below" : "read";
}

/** Cut a profile into runs of one kind; lines of a branched crack are never joined. */
export function runsOf(points: readonly ProfilePoint[]): Run[] {
  const runs: { kind: Run["kind"]; points: ProfilePoint[] }[] = [];
  for (const point of points) {
    const last = runs.at(-1);
    const before = last?.points.at(-1);
    if (last && before && last.kind === kindOf(point) && before.piece === point.piece) last.points.push(point);
    else runs.push({ kind: kindOf(point), points: [point] });
  }
  return runs;
}

const at = (x: number, y: number) => `${x.toFixed(1)} ${y.toFixed(1)}`;

export function linePath({ points }: Run, scale: Scale): string {
  const corners = points.map(({ distance_m, width_mm }) => at(scale.x(distance_m), scale.y(width_mm?.value ?? 0)));
  return corners.length > 0 ? `M ${corners.join(" L ")}` : "";
}

/** Draw what the width may be: value ± U, or everything from nothing to the limit. */
export function bandPath({ kind, points }: Run, scale: Scale): string {
  if (kind === "unread" || points.length === 0) return "";
  const reach = points.map(({ distance_m, width_mm }) => {
    const value = width_mm?.value;
    if (width_mm === null || value === null || value === undefined) {
      return { x: scale.x(distance_m), low: scale.y(0), high: scale.y(width_mm?.limit ?? 0) };
    }
    const u = width_mm.expanded_uncertainty ?? 0;
    return { x: scale.x(distance_m), low: scale.y(Math.max(0, value - u)), high: scale.y(value + u) };
  });
  const there = reach.map(({ x, high }) => at(x, high));
  const back = reach.toReversed().map(({ x, low }) => at(x, low));
  return `M ${[...there, ...back].join(" L ")} Z`;
}

/** Give three to six round numbers from 0 up to a highest one. */
export function ticks(highest: number, most = 5): number[] {
  const rough = highest / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= rough) ?? rough;
  return Array.from({ length: Math.floor(highest / step + 1e-9) + 1 }, (_, i) => Number((i * step).toPrecision(6)));
}

/** Give the place nearest to a distance along the crack. */
export function nearest(points: readonly ProfilePoint[], distanceM: number): ProfilePoint | undefined {
  let best: ProfilePoint | undefined;
  for (const point of points) {
    if (best === undefined || Math.abs(point.distance_m - distanceM) < Math.abs(best.distance_m - distanceM)) best = point;
  }
  return best;
}
