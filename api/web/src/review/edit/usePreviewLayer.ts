import { containsExtent, type Extent, isEmpty } from "ol/extent";
import Feature from "ol/Feature";
import GeoJSON from "ol/format/GeoJSON";
import VectorLayer from "ol/layer/Vector";
import type OlMap from "ol/Map";
import VectorSource from "ol/source/Vector";
import Fill from "ol/style/Fill";
import Stroke from "ol/style/Stroke";
import Style from "ol/style/Style";
import Text from "ol/style/Text";
import { useEffect } from "react";

import type { GeoShape } from "./requests";

const format = new GeoJSON();
/** Colours that are told apart without colour vision; numbers stand beside them. */
const COLOURS = ["#ffd400", "#33bbee", "#ee7733", "#ee3377", "#009988"];

export interface Numbered {
  readonly outline: GeoShape;
  /** Written beside it; empty for none. */
  readonly name: string;
}

export function colourOf(place: number): string {
  return COLOURS[place % COLOURS.length] as string;
}

/** Show shapes above everything else, each in its own colour with its number. */
export function usePreviewLayer(map: OlMap, shapes: readonly Numbered[]): void {
  useEffect(() => {
    if (shapes.length === 0) return;
    const source = new VectorSource();
    shapes.forEach(({ outline, name }, place) => {
      const feature = new Feature(format.readGeometry(outline) ?? undefined);
      feature.setStyle(styleOf(colourOf(place), name));
      source.addFeature(feature);
    });
    const layer = new VectorLayer({ source, zIndex: 4, className: "edit-preview" });
    map.addLayer(layer);
    bringIntoView(map, source.getExtent() ?? []);
    return () => {
      map.removeLayer(layer);
    };
  }, [map, shapes]);
}

/** Move the map only when something would be shown outside of it. */
function bringIntoView(map: OlMap, extent: Extent): void {
  const view = map.getView();
  if (isEmpty(extent) || containsExtent(view.calculateExtent(map.getSize()), extent)) return;
  view.fit(extent, { padding: [90, 40, 40, 40], duration: 250 });
}

function styleOf(colour: string, name: string): Style[] {
  return [
    new Style({ stroke: new Stroke({ color: "rgba(20, 24, 28, 0.85)", width: 7 }) }),
    new Style({
      stroke: new Stroke({ color: colour, width: 3 }),
      fill: new Fill({ color: `${colour}33` }),
      text: new Text({
        text: name,
        font: "bold 18px sans-serif",
        fill: new Fill({ color: colour }),
        stroke: new Stroke({ color: "#14181c", width: 4 }),
        overflow: true,
      }),
    }),
  ];
}
