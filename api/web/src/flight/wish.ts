import type { Schemas } from "../client";

export type Pattern = Schemas["Pattern"];
export type FlightPlan = Schemas["FlightPlanOut"];
export type Wish = Schemas["FlightPlanIn"];

export interface Shape {
  type: "Point" | "LineString" | "Polygon";
  coordinates: readonly unknown[];
}

/** What the form holds: numbers as they were typed, empty where nothing is said. */
export interface Draft {
  pattern: Pattern;
  camera: string;
  drone: string;
  gsdMmPerPx: string;
  crackWidthMm: string;
  windMS: string;
  overlapFront: string;
  overlapSide: string;
  widthM: string;
  bottomM: string;
  topM: string;
  heightM: string;
  radiusM: string;
}

export const FIRST_DRAFT: Draft = {
  pattern: "corridor",
  camera: "",
  drone: "",
  gsdMmPerPx: "5",
  crackWidthMm: "",
  windMS: "",
  overlapFront: "",
  overlapSide: "",
  widthM: "8",
  bottomM: "0",
  topM: "6",
  heightM: "6",
  radiusM: "1",
};

type Measure = "widthM" | "bottomM" | "topM" | "heightM" | "radiusM";

/** Which lengths a pattern asks for, beside its shape on the map. */
export const MEASURES: Record<Pattern, readonly Measure[]> = {
  area: [],
  corridor: ["widthM"],
  facade: ["bottomM", "topM"],
  soffit: ["heightM"],
  orbit: ["radiusM", "bottomM", "topM"],
};

/** Which shape of the map a pattern is drawn with. */
export const SHAPES: Record<Pattern, Shape["type"]> = {
  area: "Polygon",
  corridor: "LineString",
  facade: "LineString",
  soffit: "Polygon",
  orbit: "Point",
};

const numberOf = (typed: string): number | null =>
  typed.trim() === "" || !Number.isFinite(Number(typed)) ? null : Number(typed);

/** Turn the form and the shapes into what the service plans. */
export function wishOf(
  draft: Draft,
  shapes: readonly Shape[],
  language: "ja" | "en",
  takeoffLonLat: readonly [number, number] | null = null,
): Wish {
  const asked = new Set(MEASURES[draft.pattern]);
  const given = (measure: Measure) => (asked.has(measure) ? numberOf(draft[measure]) : null);
  const width = numberOf(draft.crackWidthMm);
  return {
    name: "plan",
    pattern: draft.pattern,
    features: shapes.map((shape, index) => ({
      name: String(index + 1),
      geometry: { type: shape.type, coordinates: [...shape.coordinates] },
      width_m: given("widthM"),
      bottom_m: given("bottomM"),
      top_m: given("topM"),
      height_m: given("heightM"),
      radius_m: given("radiusM"),
    })),
    camera: draft.camera,
    drone: draft.drone === "" ? null : draft.drone,
    gsd_mm_per_px: width === null ? numberOf(draft.gsdMmPerPx) : null,
    crack_width_mm: width,
    wind_m_s: numberOf(draft.windMS),
    overlap_front: numberOf(draft.overlapFront),
    overlap_side: numberOf(draft.overlapSide),
    takeoff_latlon_deg: takeoffLonLat && [takeoffLonLat[1], takeoffLonLat[0]],
    language,
  } as Wish;
}

/** Say whether there is enough to ask for a plan. */
export function isReady(draft: Draft, shapes: readonly Shape[]): boolean {
  const fine = numberOf(draft.crackWidthMm) ?? numberOf(draft.gsdMmPerPx);
  const lengths = MEASURES[draft.pattern].every((measure) => numberOf(draft[measure]) !== null);
  return shapes.length > 0 && draft.camera !== "" && fine !== null && fine > 0 && lengths;
}

/** Find the shapes of one kind in a GeoJSON text; none when it is no GeoJSON. */
export function shapesIn(text: string, type: Shape["type"]): Shape[] {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    return [];
  }
  const found: Shape[] = [];
  const look = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    const { type: kind, features, geometry, geometries, coordinates } = value as Record<string, unknown>;
    for (const part of [features, geometries]) if (Array.isArray(part)) part.forEach(look);
    look(geometry);
    if (!Array.isArray(coordinates)) return;
    if (kind === type) found.push({ type, coordinates });
    if (kind === `Multi${type}`) {
      for (const part of coordinates) found.push({ type, coordinates: part as unknown[] });
    }
  };
  look(read);
  return found;
}

export interface SidePoint {
  alongM: number;
  heightM: number;
}

interface PhotoFeature {
  geometry: { type: string; coordinates: [number, number, number] };
  properties: { what: string };
}

const M_PER_DEGREE = 111_320;

/** Lay the photos out along the line through the first and the farthest of them, for a view from the side. */
export function sideView(photos: FlightPlan["photos"]): SidePoint[] {
  const features = (photos as { features?: PhotoFeature[] }).features ?? [];
  const places = features
    .filter((feature) => feature.properties.what === "photo")
    .map((feature) => feature.geometry.coordinates);
  const first = places[0];
  if (first === undefined) return [];
  const scale = Math.cos((first[1] * Math.PI) / 180);
  const flat = places.map(([lon, lat, height]) => ({
    x: (lon - first[0]) * M_PER_DEGREE * scale,
    y: (lat - first[1]) * M_PER_DEGREE,
    height,
  }));
  const far = flat.reduce((best, here) => (Math.hypot(here.x, here.y) > Math.hypot(best.x, best.y) ? here : best));
  const reach = Math.hypot(far.x, far.y) || 1;
  return flat.map(({ x, y, height }) => ({
    alongM: (x * far.x + y * far.y) / reach,
    heightM: height,
  }));
}
