import "ol/ol.css";

import { defaults } from "ol/control/defaults";
import ScaleLine from "ol/control/ScaleLine";
import Feature from "ol/Feature";
import Point from "ol/geom/Point";
import Graticule from "ol/layer/Graticule";
import VectorLayer from "ol/layer/Vector";
import OlMap from "ol/Map";
import { fromLonLat } from "ol/proj";
import VectorSource from "ol/source/Vector";
import { Circle, Fill, Stroke, Style } from "ol/style";
import View from "ol/View";
import { useCallback, useEffect, useRef } from "react";

import { BasemapChoice } from "../basemap/BasemapChoice";
import { useBasemap } from "../basemap/useBasemap";
import type { Place } from "./weights";

const TIERS = ["#a3262a", "#c76a00", "#0b5cad"] as const;
const FIT = { padding: [30, 30, 30, 30], maxZoom: 15 };

interface Props {
  label: string;
  places: readonly Place[];
  chosenId: string | null;
  onChoose: (assetId: string) => void;
}

/** Show assets where they are: colour by tier, size by score. The table says the same in words. */
export function PlacesMap({ label, places, chosenId, onChoose }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const drawn = useRef<{ map: OlMap; source: VectorSource } | null>(null);
  const tell = useRef(onChoose);
  tell.current = onChoose;
  const shown = useRef("");

  useEffect(() => {
    if (frame.current === null) return;
    const source = new VectorSource();
    const map = new OlMap({
      target: frame.current,
      layers: [
        new Graticule({ showLabels: true, strokeStyle: new Stroke({ color: "rgba(0, 0, 0, 0.15)", width: 1 }) }),
        new VectorLayer({ source }),
      ],
      view: new View({ center: fromLonLat([137, 36.6]), zoom: 6, maxZoom: 19 }),
      controls: defaults({ attribution: false }).extend([new ScaleLine({ units: "metric" })]),
    });
    map.on("click", ({ pixel }) => {
      const hit = map.forEachFeatureAtPixel(pixel, (feature) => feature.getId(), { hitTolerance: 5 });
      if (typeof hit === "string") tell.current(hit);
    });
    drawn.current = { map, source };
    return () => {
      map.setTarget(undefined);
      drawn.current = null;
    };
  }, []);

  useEffect(() => {
    if (drawn.current === null) return;
    const { map, source } = drawn.current;
    source.clear();
    source.addFeatures(places.filter((place) => place.lonlat !== null).map((place) => dot(place, chosenId)));
    const extent = source.getExtent();
    const assets = places.map((place) => place.asset_id).sort().join("\n");
    // the view follows other assets, not another order or choice
    if (assets !== shown.current && extent?.every(Number.isFinite)) {
      shown.current = assets;
      map.getView().fit(extent, FIT);
    }
  }, [places, chosenId]);

  const background = useBasemap(useCallback(() => drawn.current?.map, []));
  return (
    <div className="map-frame">
      <div ref={frame} className="map" role="application" aria-label={label} tabIndex={0} />
      <BasemapChoice {...background} />
    </div>
  );
}

function dot(place: Place, chosenId: string | null): Feature {
  const feature = new Feature(new Point(fromLonLat(place.lonlat as [number, number])));
  feature.setId(place.asset_id);
  const chosen = place.asset_id === chosenId;
  feature.setStyle(
    new Style({
      image: new Circle({
        radius: (chosen ? 5 : 3) + place.score / 20,
        fill: new Fill({ color: TIERS[place.tier] ?? TIERS[2] }),
        stroke: new Stroke({ color: chosen ? "#000" : "#fff", width: chosen ? 3 : 1 }),
      }),
      zIndex: chosen ? 1000 : place.score - 100 * place.tier,
    }),
  );
  return feature;
}
