import Stroke from "ol/style/Stroke";
import { describe, expect, it } from "vitest";

import type { Defect, Schemas } from "../client";
import { defectLayer, faded, showDefects, styleOf } from "./defectLayer";
import { mosaicLayer, mosaicView, surfaceProjection } from "./mosaicLayer";

const tiles: Schemas["TileGridOut"] = {
  url_template: "/api/surveys/s/tiles/{z}/{x}/{y}.webp?v=abc",
  tile_size_px: 256,
  origin_surface_m: [100, 50],
  resolutions_m_per_px: [0.008, 0.004, 0.002],
  extent_surface_m: [100, 48.2, 103, 50],
};

const crack = {
  defect_id: "d",
  damage_class: "crack",
  state: "candidate",
  outline: {
    type: "Polygon",
    coordinates: [[[100, 49], [101, 49], [101, 49.01], [100, 49]]],
  },
} as unknown as Defect;

describe("the mosaic layer", () => {
  const projection = surfaceProjection("abc", tiles);
  const layer = mosaicLayer(tiles, projection);
  const source = layer.getSource();

  it("asks for tiles from the top-left corner, row 0 at the top", () => {
    const url = source?.getTileUrlFunction()([2, 3, 1], 1, projection);
    expect(url).toBe("/api/surveys/s/tiles/2/3/1.webp?v=abc");
    const grid = source?.getTileGrid();
    expect(grid?.getTileCoordForCoordAndZ([100.001, 49.999], 2)).toEqual([2, 0, 0]);
    expect(grid?.getTileCoordForCoordAndZ([100.001, 49.4], 2)).toEqual([2, 0, 1]);
  });

  it("lets the reviewer zoom beyond native pixels, not endlessly", () => {
    const view = mosaicView(tiles, projection);
    expect(view.getMinResolution()).toBeCloseTo(0.002 / 16);
    expect(view.getProjection().getUnits()).toBe("m");
  });
});

describe("the defect layer", () => {
  it("keys features by defect and replaces them as a whole", () => {
    const layer = defectLayer();
    showDefects(layer, [crack], new Map(), undefined);
    showDefects(layer, [crack], new Map(), "d");
    expect(layer.getSource()?.getFeatures()).toHaveLength(1);
    expect(layer.getSource()?.getFeatureById("d")).not.toBeNull();
  });

  it("draws unreviewed damage dashed, confirmed solid, the chosen one with a halo", () => {
    const dash = (defect: Defect) =>
      styleOf(defect, "#d32f2f", false)[0]?.getStroke()?.getLineDash();
    expect(dash(crack)).toEqual([6, 4]);
    expect(dash({ ...crack, state: "confirmed" })).toBeNull();
    const chosen = styleOf(crack, "#d32f2f", true);
    expect(chosen).toHaveLength(2);
    expect(chosen[0]?.getStroke()).toBeInstanceOf(Stroke);
  });

  it("fades colours of the code-list", () => {
    expect(faded("#d32f2f", 0.5)).toBe("rgba(211, 47, 47, 0.5)");
  });
});
