import type OlMap from "ol/Map";
import type Projection from "ol/proj/Projection";
import { unByKey } from "ol/Observable";
import { useEffect, useState } from "react";

import type { DamageClass, Schemas } from "../client";
import { defectLayer } from "./defectLayer";

/** Where the layer of the defects stands among the layers of the map. */
const ABOVE_THE_MOSAIC = 1;

/**
 * Keep the vector tiles on the map as they are asked for. What was drawn stays until the new is
 * there, so that a decision or a filter does not blink.
 *
 * @returns whether some tile in view left out its smaller defects
 */
export function useDefectLayer(
  map: OlMap | undefined,
  projection: Projection | undefined,
  tiles: Schemas["TileGridOut"],
  query: string | undefined,
  classes: ReadonlyMap<string, DamageClass>,
): boolean {
  const [generalised, setGeneralised] = useState(false);
  useEffect(() => {
    if (map === undefined || projection === undefined || query === undefined) return;
    const layer = defectLayer(tiles, projection, query, classes);
    map.getLayers().insertAt(ABOVE_THE_MOSAIC, layer);
    const look = map.on("loadend", () => {
      for (const other of map.getLayers().getArray().slice()) {
        if (other !== layer && other.get("isReplaced") === true) map.removeLayer(other);
      }
      const inView = layer.getFeaturesInExtent(map.getView().calculateExtent(map.getSize()));
      setGeneralised(inView.some((feature) => feature.get("generalised") === true));
    });
    return () => {
      unByKey(look);
      layer.set("isReplaced", true); // the next one removes it when it is drawn itself
    };
  }, [map, projection, tiles, query, classes]);
  return generalised;
}
