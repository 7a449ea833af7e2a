import { defaults } from "ol/control/defaults";
import ScaleLine from "ol/control/ScaleLine";
import type Feature from "ol/Feature";
import GeoJSON from "ol/format/GeoJSON";
import Draw from "ol/interaction/Draw";
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
import type { FlightPlan, Shape } from "./wish";

const HOME_LONLAT = [136.6256, 36.5944];
const HOME_ZOOM = 18;
const FORMAT = new GeoJSON({ dataProjection: "EPSG:4326", featureProjection: "EPSG:3857" });

const DRAWN = new Style({
  stroke: new Stroke({ color: "#0b5cad", width: 3 }),
  fill: new Fill({ color: "rgba(11, 92, 173, 0.12)" }),
  image: new Circle({ radius: 6, fill: new Fill({ color: "#0b5cad" }) }),
});
const PHOTO = new Style({ image: new Circle({ radius: 2.5, fill: new Fill({ color: "#7a2fb0" }) }) });
const TAKEOFF = new Style({
  image: new Circle({ radius: 7, fill: new Fill({ color: "#1b6e32" }), stroke: new Stroke({ color: "#fff", width: 2 }) }),
});
const FIT = { padding: [50, 50, 50, 50], maxZoom: 21 };
const FOOTPRINT = new Style({
  stroke: new Stroke({ color: "rgba(122, 47, 176, 0.35)", width: 1 }),
  fill: new Fill({ color: "rgba(122, 47, 176, 0.03)" }),
});

interface Drawn {
  map: OlMap;
  shapes: VectorSource;
  plan: VectorSource;
}

interface Props {
  label: string;
  shapes: readonly Shape[];
  plan: FlightPlan | undefined;
  /** Longitude and latitude of take-off, where somebody chose it. */
  takeoff: readonly [number, number] | null;
  /** Kind of shape to draw; null while nothing is drawn. */
  drawing: Shape["type"] | null;
  onDrawn: (shape: Shape) => void;
}

/** Draw what shall be seen, and show every photo with its footprint. */
export function FlightMap({ label, shapes, plan, takeoff, drawing, onDrawn }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const drawn = useRef<Drawn | null>(null);
  const tell = useRef(onDrawn);
  tell.current = onDrawn;

  useEffect(() => {
    if (frame.current === null) return;
    const sources = { shapes: new VectorSource(), plan: new VectorSource() };
    const map = new OlMap({
      target: frame.current,
      layers: [
        new Graticule({ showLabels: true, strokeStyle: new Stroke({ color: "rgba(0, 0, 0, 0.15)", width: 1 }) }),
        new VectorLayer({ source: sources.plan, style: styleOf }),
        new VectorLayer({ source: sources.shapes, style: DRAWN }),
      ],
      view: new View({ center: fromLonLat(HOME_LONLAT), zoom: HOME_ZOOM, maxZoom: 26 }),
      controls: defaults({ attribution: false }).extend([new ScaleLine({ units: "metric" })]),
    });
    drawn.current = { map, ...sources };
    return () => {
      map.setTarget(undefined);
      drawn.current = null;
    };
  }, []);

  useEffect(() => {
    if (drawing === null || drawn.current === null) return;
    const { map } = drawn.current;
    const draw = new Draw({ type: drawing });
    draw.on("drawend", ({ feature }) => {
      const geometry = feature.getGeometry();
      if (geometry) tell.current(FORMAT.writeGeometryObject(geometry, { decimals: 8 }) as Shape);
    });
    map.addInteraction(draw);
    return () => {
      map.removeInteraction(draw);
    };
  }, [drawing]);

  useEffect(() => {
    if (drawn.current === null) return;
    const { map, shapes: source } = drawn.current;
    source.clear();
    for (const shape of shapes) source.addFeature(FORMAT.readFeature(shape) as Feature);
    const start = takeoff && (FORMAT.readFeature({ type: "Point", coordinates: takeoff }) as Feature);
    start?.setStyle(TAKEOFF);
    const extent = source.getExtent();
    if (shapes.length > 0 && extent !== null && extent.every(Number.isFinite)) {
      map.getView().fit(extent, FIT);
    }
    if (start) source.addFeature(start);
  }, [shapes, takeoff]);

  useEffect(() => {
    if (drawn.current === null) return;
    drawn.current.plan.clear();
    if (plan === undefined) return;
    drawn.current.plan.addFeatures(FORMAT.readFeatures(plan.photos) as Feature[]);
    const extent = drawn.current.plan.getExtent();
    if (extent !== null && extent.every(Number.isFinite)) drawn.current.map.getView().fit(extent, FIT);
  }, [plan]);

  const background = useBasemap(useCallback(() => drawn.current?.map, []));
  return (
    <div className="map-frame">
      <div ref={frame} className="map" role="application" aria-label={label} tabIndex={0} data-drawing={drawing ?? ""} />
      <BasemapChoice {...background} />
    </div>
  );
}

function styleOf(feature: { get: (key: string) => unknown }): Style | undefined {
  const what = feature.get("what");
  return what === "photo" ? PHOTO : what === "footprint" ? FOOTPRINT : undefined;
}
