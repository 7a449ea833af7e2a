import TileLayer from "ol/layer/Tile";
import Projection from "ol/proj/Projection";
import TileImage from "ol/source/TileImage";
import TileGrid from "ol/tilegrid/TileGrid";
import View from "ol/View";

import type { Schemas } from "../client";
import { tilesAgain } from "./tileAgain";

/** How far below native pixels a reviewer may zoom: one mosaic pixel becomes 16 screen pixels. */
const DEEPER_THAN_NATIVE = 16;

type Tiles = Schemas["TileGridOut"];

/**
 * Build the projection of one mosaic: plain metres of its own surface. Nothing is reprojected, so
 * a facade, a strip without a place on earth and a UTM mosaic are drawn the same way.
 */
export function surfaceProjection(name: string, tiles: Tiles): Projection {
  return new Projection({
    code: `tenken:${name}`,
    units: "m",
    extent: [...tiles.extent_surface_m],
    metersPerUnit: 1,
  });
}

/** Build the layer of a mosaic; layers of one class share a canvas, so a second mosaic needs its own. */
export function mosaicLayer(
  tiles: Tiles,
  projection: Projection,
  className = "mosaic-layer",
): TileLayer<TileImage> {
  const grid = new TileGrid({
    origin: [...tiles.origin_surface_m],
    resolutions: tiles.resolutions_m_per_px,
    tileSize: tiles.tile_size_px,
    extent: [...tiles.extent_surface_m],
  });
  const source = new TileImage({
    projection,
    tileGrid: grid,
    interpolate: false,
    tileLoadFunction: tilesAgain(),
    tileUrlFunction: ([z, x, y]) =>
      tiles.url_template
        .replace("{z}", String(z))
        .replace("{x}", String(x))
        .replace("{y}", String(y)),
  });
  return new TileLayer({ source, className });
}

export function mosaicView(tiles: Tiles, projection: Projection): View {
  const native = tiles.resolutions_m_per_px.at(-1) ?? 1;
  const [left, bottom, right, top] = tiles.extent_surface_m;
  return new View({
    projection,
    center: [(left + right) / 2, (bottom + top) / 2],
    resolution: tiles.resolutions_m_per_px[0] ?? native,
    minResolution: native / DEEPER_THAN_NATIVE,
    maxResolution: (tiles.resolutions_m_per_px[0] ?? native) * 4,
    enableRotation: true,
  });
}
