import type { Schemas } from "../../client";
import type { Sighting } from "./queries";

type Geometry = Schemas["Geometry"];
type Xy = readonly [number, number];

/** Draw the rings of a projected outline as the path of an SVG in photo pixels. */
export function outlinePath(outline: Geometry): string {
  const polygons = (outline.type === "MultiPolygon" ? outline.coordinates : [outline.coordinates]) as number[][][][];
  return polygons
    .flat()
    .map((ring) => `M ${ring.map(([x, y]) => `${(x ?? 0).toFixed(1)} ${(y ?? 0).toFixed(1)}`).join(" L ")} Z`)
    .join(" ");
}

/** Find the place at a distance along the crack in a photo, px; null where the photo does not show it. */
export function placeIn(sighting: Sighting, distanceM: number): Xy | null {
  const { axis } = sighting;
  const gap = typicalGap(axis.map((place) => place.distance_m));
  for (let i = 0; i + 1 < axis.length; i++) {
    const [a, b] = [axis[i], axis[i + 1]];
    if (!a || !b || distanceM < a.distance_m || distanceM > b.distance_m) continue;
    if (b.distance_m - a.distance_m > 2.5 * gap) return null; // what lies between is outside the photo
    const share = b.distance_m > a.distance_m ? (distanceM - a.distance_m) / (b.distance_m - a.distance_m) : 0;
    return [a.x_px + share * (b.x_px - a.x_px), a.y_px + share * (b.y_px - a.y_px)];
  }
  return null;
}

/** Give a pixel on the damage to look at first: half-way along a crack, else the middle of the part. */
export function middleOf({ axis, window_px: [x0, y0, x1, y1] }: Sighting): Xy {
  const half = axis[Math.floor(axis.length / 2)];
  return half ? [half.x_px, half.y_px] : [(x0 + x1) / 2, (y0 + y1) / 2];
}

function typicalGap(distances: readonly number[]): number {
  const gaps = distances.slice(1).map((each, i) => each - (distances[i] ?? 0));
  return [...gaps].sort((a, b) => a - b)[Math.floor(gaps.length / 2)] ?? 0;
}

/** Name the address of a part of a photo: at most `size` px long, never enlarged. */
export function cropAddress(sighting: Sighting, size: number, window?: readonly number[]): string {
  const part = window ? `&window=${window.join(",")}` : "";
  return `${sighting.crop_url}&size=${size}${part}`;
}

/** Give the pixels of a photo that a view of it shows: whole ones, inside the photo; null for none. */
export function windowOf(
  [left, bottom, right, top]: readonly number[],
  widthPx: number,
  heightPx: number,
): [number, number, number, number] | null {
  const x0 = Math.max(0, Math.floor(left ?? 0));
  const x1 = Math.min(widthPx, Math.ceil(right ?? 0));
  const y0 = Math.max(0, Math.floor(-(top ?? 0)));
  const y1 = Math.min(heightPx, Math.ceil(-(bottom ?? 0)));
  return x0 < x1 && y0 < y1 ? [x0, y0, x1, y1] : null;
}
