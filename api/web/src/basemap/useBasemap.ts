import { useQuery } from "@tanstack/react-query";
import TileLayer from "ol/layer/Tile";
import type OlMap from "ol/Map";
import XYZ from "ol/source/XYZ";
import { useEffect, useState } from "react";

import { basemapsQuery } from "../queries";
import { type Basemap, shownOf } from "./choice";

const KEY = "tenken.basemap";

export interface Background {
  readonly basemaps: readonly Basemap[];
  readonly shown: Basemap | null;
  readonly choose: (name: string) => void;
}

/** Show a background map below everything else on a map in Web Mercator; give what can be chosen. */
export function useBasemap(mapOf: () => OlMap | undefined): Background {
  const { data } = useQuery(basemapsQuery);
  const [chosen, setChosen] = useState(() => localStorage.getItem(KEY));
  const basemaps = data?.basemaps ?? [];
  const shown = shownOf(basemaps, chosen);
  useEffect(() => {
    const map = mapOf();
    if (map === undefined || shown === null) return;
    const layer = new TileLayer({ source: new XYZ({ url: shown.url, maxZoom: shown.max_zoom }), properties: { base: true } });
    map.getLayers().insertAt(0, layer);
    return () => {
      map.removeLayer(layer);
    };
  }, [shown, mapOf]);
  const choose = (name: string) => {
    localStorage.setItem(KEY, name);
    setChosen(name);
  };
  return { basemaps, shown, choose };
}
