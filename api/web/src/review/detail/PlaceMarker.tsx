import Feature from "ol/Feature";
import Point from "ol/geom/Point";
import VectorLayer from "ol/layer/Vector";
import VectorSource from "ol/source/Vector";
import Circle from "ol/style/Circle";
import Fill from "ol/style/Fill";
import Stroke from "ol/style/Stroke";
import Style from "ol/style/Style";
import { useEffect, useMemo } from "react";

import { useMap } from "../mapContext";
import { useShared } from "./pointing";

const MARK = [
  new Style({ image: new Circle({ radius: 10, stroke: new Stroke({ color: "#ffffff", width: 6 }) }) }),
  new Style({
    image: new Circle({
      radius: 10,
      stroke: new Stroke({ color: "#101820", width: 2.5 }),
      fill: new Fill({ color: "rgba(255, 212, 0, 0.35)" }),
    }),
  }),
];

/** Mark on the map the place at which somebody points in a chart, a table or a photo. */
export function PlaceMarker() {
  const { map } = useMap();
  const { place } = useShared();
  const source = useMemo(() => new VectorSource<Feature<Point>>(), []);

  useEffect(() => {
    const layer = new VectorLayer({ source, style: MARK, zIndex: 20, className: "place-layer" });
    map.addLayer(layer);
    return () => {
      map.removeLayer(layer);
    };
  }, [map, source]);

  useEffect(() => {
    source.clear();
    if (place === null) return;
    source.addFeature(new Feature(new Point([...place.surfaceM])));
    if (place.chosen) map.getView().animate({ center: [...place.surfaceM], duration: 250 });
  }, [map, source, place]);
  return null;
}
