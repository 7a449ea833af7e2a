import Stroke from "ol/style/Stroke";
import { describe, expect, it } from "vitest";

import type { Defect, Schemas } from "../client";
import RenderFeature from "ol/render/Feature";

import { chosenLayer, defectLayer, faded, pointStyleOf, showChosen, styleOf, tileStyle } from "./defectLayer";
import { mosaicLayer, mosaicView, surfaceProjection } from "./mosaicLayer";

const tiles: Schemas["TileGridOut"] = {
  url_template: "/api/surveys/s/tiles/{z}/{x}/{y}.webp?v=abc",
  tile_size_px: 256,
  origin_surface_m: [100, 50],
  resolutions_m_per_px: [0.008, 0.004, 0.002],
  extent_surface_m: [100, 48.2, 103, 50],
};

const drawn: Schemas["TileGridOut"] = {
  ...tiles,
  url_template: "/api/surveys/s/defects/tiles/{z}/{x}/{y}.mvt",
  tile_size_px: 512,
  resolutions_m_per_px: [0.004, 0.002],
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
  const projection = surfaceProjection("abc", tiles);

  it("asks for vector tiles in the mosaic's grid, with the choice and the revision", () => {
    const source = defectLayer(drawn, projection, "state=candidate&revision=7", new Map()).getSource();
    const url = source?.getTileUrlFunction()([1, 2, 0], 1, projection);
    expect(url).toBe("/api/surveys/s/defects/tiles/1/2/0.mvt?state=candidate&revision=7");
    expect(source?.getTileGrid()?.getTileCoordForCoordAndZ([101.03, 49.9], 1)).toEqual([1, 1, 0]);
  });

  it("shows the chosen one by its outline, or by its box where that lies elsewhere", () => {
    const layer = chosenLayer();
    const look = { id: "d", state: "candidate", damageClass: "crack", boxM: [100, 49, 101, 49.5] } as const;
    showChosen(layer, { ...look, outline: crack.outline }, new Map());
    expect(layer.getSource()?.getFeatureById("d")?.getGeometry()?.getExtent()).toEqual([100, 49, 101, 49.01]);
    showChosen(layer, { ...look, outline: null }, new Map());
    expect(layer.getSource()?.getFeatures()).toHaveLength(1);
    expect(layer.getSource()?.getFeatureById("d")?.getGeometry()?.getExtent()).toEqual(look.boxM);
    showChosen(layer, undefined, new Map());
    expect(layer.getSource()?.getFeatures()).toHaveLength(0);
  });

  it("makes each look once and points where a shape is too small", () => {
    const feature = (kind: "Point" | "Polygon", state: string) =>
      new RenderFeature(kind, [0, 0], [2], 2, { class: "crack", state }, "d");
    const style = tileStyle(new Map([["crack", { colour: "#00ff00" } as never]]), 0.002);
    const area = style(feature("Polygon", "confirmed"), 0.002);
    expect(style(feature("Polygon", "confirmed"), 0.004)).toBe(area);
    expect(area[0]?.getStroke()?.getColor()).toBe("#00ff00");
    expect(style(feature("Polygon", "candidate"), 0.008)[0]?.getStroke()?.getLineDash()).toEqual([6, 4]);
    expect(style(feature("Polygon", "candidate"), 0.016)[0]?.getStroke()?.getLineDash()).toBeNull();
    const point = style(feature("Point", "confirmed"), 0.002);
    expect(point[0]?.getImage()).not.toBeNull();
    expect(style(feature("Point", "rejected"), 0.002)).not.toEqual(point);
    expect(pointStyleOf({ state: "candidate" }, "#00ff00").getStroke()).toBeNull();
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
