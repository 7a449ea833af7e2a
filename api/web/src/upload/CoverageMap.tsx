import { defaults } from "ol/control/defaults";
import ScaleLine from "ol/control/ScaleLine";
import Feature from "ol/Feature";
import GeoJSON from "ol/format/GeoJSON";
import Point from "ol/geom/Point";
import VectorLayer from "ol/layer/Vector";
import OlMap from "ol/Map";
import { fromLonLat } from "ol/proj";
import VectorSource from "ol/source/Vector";
import { Circle, Fill, Stroke, Style } from "ol/style";
import View from "ol/View";
import { useCallback, useEffect, useRef } from "react";

import "ol/ol.css";

import { BasemapChoice } from "../basemap/BasemapChoice";
import { useBasemap } from "../basemap/useBasemap";
import type { Schemas } from "../client";

type Reach = Schemas["Reach"];

/** From the best to the worst. */
export const REACHES = ["fine", "able", "soft", "coarse", "not_seen"] as const satisfies readonly Reach[];

/** The colours of style.css; blue, yellow and red stay apart for people who see no green. */
const COLOURS: Record<Reach, string> = {
  fine: "#2f6fb0",
  able: "#8fc1e8",
  soft: "#e9b949",
  coarse: "#d9822b",
  not_seen: "#b3312f",
};
const FORMAT = new GeoJSON({ dataProjection: "EPSG:4326", featureProjection: "EPSG:3857" });
const FIT = { padding: [24, 24, 24, 24], maxZoom: 24 };

const AREAS = Object.fromEntries(
  REACHES.map((reach) => [
    reach,
    new Style({ fill: new Fill({ color: `${COLOURS[reach]}b0` }), stroke: new Stroke({ color: COLOURS[reach], width: 1 }) }),
  ]),
);
const PHOTOS = Object.fromEntries(
  REACHES.map((reach) => [
    reach,
    new Style({
      image: new Circle({
        radius: 4,
        fill: new Fill({ color: COLOURS[reach] }),
        stroke: new Stroke({ color: "#101820", width: 1 }),
      }),
    }),
  ]),
);

interface Props {
  label: string;
  coverage: Schemas["CoverageOut"];
  onChosen: (sha256: string | null) => void;
}

/** Draw what the photos show, by how well, and where each was taken. */
export function CoverageMap({ label, coverage, onChosen }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const drawn = useRef<{ map: OlMap; areas: VectorSource; photos: VectorSource } | null>(null);
  const fitted = useRef("");

  useEffect(() => {
    if (frame.current === null) return;
    const areas = new VectorSource();
    const photos = new VectorSource();
    const marks = new VectorLayer({ source: photos, style: (feature) => PHOTOS[String(feature.get("reach"))] });
    const map = new OlMap({
      target: frame.current,
      layers: [new VectorLayer({ source: areas, style: (feature) => AREAS[String(feature.get("reach"))] }), marks],
      view: new View({ center: [0, 0], zoom: 18, maxZoom: 26 }),
      controls: defaults({ attribution: false }).extend([new ScaleLine({ units: "metric" })]),
    });
    map.on("click", ({ pixel }) => {
      const options = { hitTolerance: 8, layerFilter: (layer: unknown) => layer === marks };
      const hit = map.forEachFeatureAtPixel(pixel, (feature) => feature.get("sha256") as string, options);
      onChosen(hit ?? null);
    });
    drawn.current = { map, areas, photos };
    return () => {
      map.setTarget(undefined);
      drawn.current = null;
    };
  }, [onChosen]);

  useEffect(() => {
    if (drawn.current === null) return;
    const { map, areas, photos } = drawn.current;
    areas.clear();
    photos.clear();
    for (const { reach, geometry } of coverage.regions) {
      const feature = FORMAT.readFeature({ type: "Feature", geometry, properties: { reach } });
      areas.addFeature(feature as Feature);
    }
    for (const { sha256, lonlat, reach } of coverage.sightings) {
      photos.addFeature(new Feature({ geometry: new Point(fromLonLat([...lonlat])), sha256, reach }));
    }
    // Looking closer is not undone by every photo that arrives, only by a map that has grown.
    const extent = areas.getExtent();
    const place = JSON.stringify(extent?.map((edge) => Math.round(edge)));
    if (extent !== null && extent.every(Number.isFinite) && place !== fitted.current) {
      fitted.current = place;
      map.getView().fit(extent, FIT);
    }
    map.once("rendercomplete", () => frame.current?.setAttribute("data-drawn", "true"));
    map.render();
  }, [coverage]);

  const background = useBasemap(useCallback(() => drawn.current?.map, []));
  return (
    <div className="map-frame">
      <div ref={frame} className="map coverage-map" role="application" aria-label={label} tabIndex={0} />
      <BasemapChoice {...background} />
    </div>
  );
}
