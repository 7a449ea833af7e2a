import { describe, expect, it } from "vitest";

import { FIRST_DRAFT, isReady, MEASURES, SHAPES, shapesIn, sideView, wishOf } from "./wish";

const LINE = { type: "LineString", coordinates: [[136.6, 36.5], [136.7, 36.5]] } as const;
const DRAFT = { ...FIRST_DRAFT, camera: "dji_m3e_wide" };

describe("a wish", () => {
  it("carries the lengths of its pattern and no others", () => {
    const corridor = wishOf({ ...DRAFT, widthM: "7.5" }, [LINE], "ja");
    expect(corridor.features[0]).toMatchObject({ width_m: 7.5, top_m: null, radius_m: null });
    expect(corridor).toMatchObject({ gsd_mm_per_px: 5, crack_width_mm: null, language: "ja", drone: null });
    const facade = wishOf({ ...DRAFT, pattern: "facade", topM: "9" }, [LINE], "en");
    expect(facade.features[0]).toMatchObject({ width_m: null, bottom_m: 0, top_m: 9 });
  });

  it("asks for a crack width instead of a pixel size when one is typed", () => {
    const wish = wishOf({ ...DRAFT, crackWidthMm: "0.2" }, [LINE], "en");
    expect(wish).toMatchObject({ gsd_mm_per_px: null, crack_width_mm: 0.2 });
  });

  it("names take-off as latitude, longitude, and overlaps only where they are typed", () => {
    const wish = wishOf({ ...DRAFT, overlapFront: "0.7" }, [LINE], "en", [136.6, 36.5]);
    expect(wish).toMatchObject({ takeoff_latlon_deg: [36.5, 136.6], overlap_front: 0.7, overlap_side: null });
    expect(wishOf(DRAFT, [LINE], "en").takeoff_latlon_deg).toBeNull();
  });

  it("is ready with a shape, a camera, a fineness and every length", () => {
    expect(isReady(DRAFT, [LINE])).toBe(true);
    expect(isReady(DRAFT, [])).toBe(false);
    expect(isReady({ ...DRAFT, camera: "" }, [LINE])).toBe(false);
    expect(isReady({ ...DRAFT, gsdMmPerPx: "0" }, [LINE])).toBe(false);
    expect(isReady({ ...DRAFT, gsdMmPerPx: "fine" }, [LINE])).toBe(false);
    expect(isReady({ ...DRAFT, widthM: "" }, [LINE])).toBe(false);
    expect(isReady({ ...DRAFT, pattern: "area", widthM: "" }, [LINE])).toBe(true);
  });

  it("knows a shape and lengths for every pattern", () => {
    expect(Object.keys(SHAPES).sort()).toEqual(Object.keys(MEASURES).sort());
  });
});

describe("a GeoJSON file", () => {
  it("gives the shapes of the kind that is planned, whatever holds them", () => {
    const multi = { type: "MultiLineString", coordinates: [LINE.coordinates, LINE.coordinates] };
    const collection = {
      type: "FeatureCollection",
      features: [
        { type: "Feature", properties: {}, geometry: LINE },
        { type: "Feature", properties: null, geometry: { type: "Point", coordinates: [1, 2] } },
        { type: "Feature", properties: {}, geometry: { type: "GeometryCollection", geometries: [multi] } },
      ],
    };
    expect(shapesIn(JSON.stringify(collection), "LineString")).toHaveLength(3);
    expect(shapesIn(JSON.stringify(collection), "Point")).toEqual([{ type: "Point", coordinates: [1, 2] }]);
    expect(shapesIn(JSON.stringify(LINE), "LineString")).toHaveLength(1);
  });

  it("gives nothing when it is something else", () => {
    for (const text of ["", "{", "null", "[]", '"Point"', '{"type":"Point"}', '{"features":7}']) {
      expect(shapesIn(text, "Point")).toEqual([]);
    }
  });
});

describe("the view from the side", () => {
  const photo = (lon: number, lat: number, height: number) => ({
    geometry: { type: "Point", coordinates: [lon, lat, height] },
    properties: { what: "photo" },
  });

  it("lays photos out along the face, in metres", () => {
    const footprint = { geometry: { type: "Polygon", coordinates: [] }, properties: { what: "footprint" } };
    const places = sideView({ features: [photo(136, 0, 3), footprint, photo(136.001, 0, 5), photo(136.0005, 0, 5)] });
    expect(places.map((place) => Math.round(place.alongM))).toEqual([0, 111, 56]);
    expect(places.map((place) => place.heightM)).toEqual([3, 5, 5]);
  });

  it("is empty without photos, and one place with one", () => {
    expect(sideView({})).toEqual([]);
    expect(sideView({ features: [photo(136, 36, 3)] })).toEqual([{ alongM: 0, heightM: 3 }]);
  });
});
