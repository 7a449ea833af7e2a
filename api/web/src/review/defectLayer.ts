import Feature from "ol/Feature";
import GeoJSON from "ol/format/GeoJSON";
import VectorLayer from "ol/layer/Vector";
import VectorSource from "ol/source/Vector";
import Fill from "ol/style/Fill";
import Stroke from "ol/style/Stroke";
import Style from "ol/style/Style";

import type { DamageClass, Defect } from "../client";

const format = new GeoJSON();

/** Fade a colour of the code-list, #rrggbb, to a fill that lets the concrete show through. */
export function faded(colour: string, alpha: number): string {
  const [r, g, b] = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
  return `rgba(${r}, ${g}, ${b}, ${alpha})`;
}

/** Style a defect: colour of its class, dashed while nobody has confirmed it, white when chosen. */
export function styleOf(defect: Defect, colour: string, isChosen: boolean): Style[] {
  const rejected = defect.state === "rejected";
  const line = new Style({
    stroke: new Stroke({
      color: rejected ? "#8a949e" : colour,
      width: isChosen ? 3 : 2,
      ...(defect.state === "candidate" ? { lineDash: [6, 4] } : {}),
    }),
    fill: new Fill({ color: faded(rejected ? "#8a949e" : colour, isChosen ? 0.28 : 0.14) }),
  });
  if (!isChosen) return [line];
  return [new Style({ stroke: new Stroke({ color: "rgba(255, 255, 255, 0.9)", width: 7 }) }), line];
}

export function defectLayer(): VectorLayer<VectorSource> {
  return new VectorLayer({ source: new VectorSource(), className: "defect-layer" });
}

/** Show these defects on the layer and style them; features are keyed by defect. */
export function showDefects(
  layer: VectorLayer<VectorSource>,
  defects: readonly Defect[],
  classes: ReadonlyMap<string, DamageClass>,
  chosenId: string | undefined,
): void {
  const source = layer.getSource();
  if (source === null) return;
  const features = defects.map((defect) => {
    const feature = new Feature(format.readGeometry(defect.outline) ?? undefined);
    feature.setId(defect.defect_id);
    const colour = classes.get(defect.damage_class)?.colour ?? "#d32f2f";
    feature.setStyle(styleOf(defect, colour, defect.defect_id === chosenId));
    return feature;
  });
  source.clear(true);
  source.addFeatures(features);
}
