import MVT from "ol/format/MVT";
import GeoJSON from "ol/format/GeoJSON";
import Feature from "ol/Feature";
import type { FeatureLike } from "ol/Feature";
import { fromExtent } from "ol/geom/Polygon";
import VectorLayer from "ol/layer/Vector";
import VectorTileLayer from "ol/layer/VectorTile";
import type Projection from "ol/proj/Projection";
import VectorSource from "ol/source/Vector";
import VectorTile from "ol/source/VectorTile";
import Circle from "ol/style/Circle";
import Fill from "ol/style/Fill";
import Stroke from "ol/style/Stroke";
import Style from "ol/style/Style";
import TileGrid from "ol/tilegrid/TileGrid";

import type { DamageClass, Defect, Schemas } from "../client";

const format = new GeoJSON();
const POINT_PX = 3.5;
const REJECTED = "#8a949e";
const UNKNOWN = "#d32f2f";
/** What is drawn beyond the edge of a tile, px: half the widest stroke. */
const RENDER_BUFFER_PX = 8;

/** Fade a colour of the code-list, #rrggbb, to a fill that lets the concrete show through. */
export function faded(colour: string, alpha: number): string {
  const [r, g, b] = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
  return `rgba(${r}, ${g}, ${b}, ${alpha})`;
}

/** Coarser than so many native pixels a dash is too fine to be seen, and slow to draw by thousands. */
const DASH_COARSEST = 4;

/** Style a defect: colour of its class, dashed while nobody has confirmed it, white when chosen. */
export function styleOf(defect: Pick<Defect, "state">, colour: string, isChosen: boolean): Style[] {
  const own = defect.state === "rejected" ? REJECTED : colour;
  const fill = new Fill({ color: faded(own, isChosen ? 0.28 : 0.14) });
  const line = new Style({
    stroke: new Stroke({
      color: own,
      width: isChosen ? 3 : 2,
      ...(defect.state === "candidate" ? { lineDash: [6, 4] } : {}),
    }),
    fill,
  });
  if (!isChosen) return [line];
  return [new Style({ stroke: new Stroke({ color: "rgba(255, 255, 255, 0.9)", width: 7 }) }), line];
}

/** Style what is too small to have a shape: filled when somebody has confirmed it. */
export function pointStyleOf(defect: Pick<Defect, "state">, colour: string): Style {
  const own = defect.state === "rejected" ? REJECTED : colour;
  return new Style({
    image: new Circle({
      radius: POINT_PX,
      fill: new Fill({ color: defect.state === "confirmed" ? own : faded(own, 0.45) }),
      stroke: new Stroke({ color: own, width: 1 }),
    }),
  });
}

type Classes = ReadonlyMap<string, DamageClass>;

/** Style a shape of an overview: a thin line, paler while nobody has confirmed it. */
function farStyleOf(defect: Pick<Defect, "state">, colour: string): Style {
  const own = defect.state === "rejected" ? REJECTED : colour;
  return new Style({
    stroke: new Stroke({ color: defect.state === "candidate" ? faded(own, 0.75) : own, width: 1.5 }),
  });
}

/**
 * Give the style of a feature of the tiles; each look is made once.
 *
 * @param nativeM size of a native pixel
 */
export function tileStyle(
  classes: Classes,
  nativeM: number,
): (feature: FeatureLike, resolution: number) => Style[] {
  const made = new Map<string, Style[]>();
  return (feature, resolution) => {
    const isFar = resolution > DASH_COARSEST * nativeM;
    const damageClass = String(feature.get("class"));
    const state = feature.get("state") as Defect["state"];
    const isPoint = feature.getGeometry()?.getType() === "Point";
    const key = `${damageClass} ${state} ${isPoint} ${isFar}`;
    const known = made.get(key);
    if (known !== undefined) return known;
    const colour = classes.get(damageClass)?.colour ?? UNKNOWN;
    const shape = () => (isFar ? [farStyleOf({ state }, colour)] : styleOf({ state }, colour, false));
    const look = isPoint ? [pointStyleOf({ state }, colour)] : shape();
    made.set(key, look);
    return look;
  };
}

/**
 * Draw the defects by vector tiles.
 *
 * @param query what is asked of the tiles: which defects, and the revision that they shall have
 */
export function defectLayer(
  tiles: Schemas["TileGridOut"],
  projection: Projection,
  query: string,
  classes: Classes,
): VectorTileLayer {
  const source = new VectorTile({
    format: new MVT({ idProperty: "id" }),
    projection,
    tileGrid: new TileGrid({
      origin: [...tiles.origin_surface_m],
      resolutions: tiles.resolutions_m_per_px,
      tileSize: tiles.tile_size_px,
      extent: [...tiles.extent_surface_m],
    }),
    tileUrlFunction: ([z, x, y]) =>
      `${tiles.url_template
        .replace("{z}", String(z))
        .replace("{x}", String(x))
        .replace("{y}", String(y))}?${query}`,
    transition: 0,
  });
  return new VectorTileLayer({
    source,
    className: "defect-layer",
    renderBuffer: RENDER_BUFFER_PX,
    style: tileStyle(classes, tiles.resolutions_m_per_px.at(-1) ?? 1),
  });
}

/** The defect that a person looks at: its box, and its outline where that lies on this mosaic. */
export interface Chosen {
  readonly id: string;
  readonly boxM: readonly [number, number, number, number];
  readonly state: Defect["state"];
  readonly damageClass: string;
  readonly outline: Schemas["Geometry"] | null;
}

export function chosenLayer(): VectorLayer<VectorSource> {
  return new VectorLayer({ source: new VectorSource(), className: "chosen-layer" });
}

/** Show the chosen defect above all others; none when nothing is chosen. */
export function showChosen(
  layer: VectorLayer<VectorSource>,
  chosen: Chosen | undefined,
  classes: Classes,
): void {
  const source = layer.getSource();
  if (source === null) return;
  source.clear(true);
  if (chosen === undefined) return;
  const feature = new Feature(
    (chosen.outline && format.readGeometry(chosen.outline)) ?? fromExtent([...chosen.boxM]),
  );
  feature.setId(chosen.id);
  feature.setStyle(styleOf(chosen, classes.get(chosen.damageClass)?.colour ?? UNKNOWN, true));
  source.addFeature(feature);
}
