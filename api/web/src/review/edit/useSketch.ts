import type Feature from "ol/Feature";
import GeoJSON from "ol/format/GeoJSON";
import type { Geometry } from "ol/geom";
import Draw from "ol/interaction/Draw";
import Modify from "ol/interaction/Modify";
import VectorLayer from "ol/layer/Vector";
import type OlMap from "ol/Map";
import VectorSource from "ol/source/Vector";
import Circle from "ol/style/Circle";
import Fill from "ol/style/Fill";
import Stroke from "ol/style/Stroke";
import Style from "ol/style/Style";
import { useEffect, useMemo, useRef } from "react";

import type { GeoShape } from "./requests";

const format = new GeoJSON();
const INK = "#ffd400";
const SKETCH = new Style({
  stroke: new Stroke({ color: INK, width: 3 }),
  fill: new Fill({ color: "rgba(255, 212, 0, 0.18)" }),
  image: new Circle({ radius: 5, fill: new Fill({ color: INK }), stroke: new Stroke({ color: "#1b2026", width: 1 }) }),
});

interface Wanted {
  /** What is drawn; null while nothing is. */
  readonly kind: "LineString" | "Polygon" | null;
  /** Points after which a line ends by itself. */
  readonly mostPoints?: number;
  /** A shape whose points may be moved; drawing begins where there is none. */
  readonly start?: GeoShape | null;
  readonly onShape: (shape: GeoShape) => void;
}

export interface Sketch {
  /** Put a point where the middle of the map is: the way to draw by keyboard. */
  readonly pointAtCross: () => void;
  readonly takePoint: () => void;
  readonly end: () => void;
}

/** Draw one line or outline on the map, with the pointer or by the cross in its middle. */
export function useSketch(map: OlMap, { kind, mostPoints, start, onShape }: Wanted): Sketch {
  const tell = useRef(onShape);
  tell.current = onShape;
  const drawing = useRef<{ draw: Draw; count: number } | null>(null);

  useEffect(() => {
    if (kind === null) return;
    const source = new VectorSource();
    const layer = new VectorLayer({ source, style: SKETCH, zIndex: 3 });
    map.addLayer(layer);
    if (start) {
      const modify = showShape(source, start);
      modify.on("modifyend", ({ features }) => tell.current(plain(features.item(0) as Feature)));
      map.addInteraction(modify);
      return () => {
        map.removeInteraction(modify);
        map.removeLayer(layer);
      };
    }
    const draw = new Draw({ source, type: kind, style: SKETCH, ...(mostPoints ? { maxPoints: mostPoints } : {}) });
    drawing.current = { draw, count: 0 };
    draw.on("drawstart", () => source.clear());
    draw.on("drawend", ({ feature }) => {
      if (drawing.current) drawing.current.count = 0;
      tell.current(plain(feature as Feature));
    });
    map.addInteraction(draw);
    return () => {
      drawing.current = null;
      map.removeInteraction(draw);
      map.removeLayer(layer);
    };
  }, [map, kind, mostPoints, start]);

  return useMemo(
    () => ({
      pointAtCross: () => {
        const middle = map.getView().getCenter();
        const now = drawing.current;
        if (middle === undefined || now === null) return;
        now.draw.appendCoordinates([middle]);
        now.count += 1;
        if (mostPoints !== undefined && now.count >= mostPoints) now.draw.finishDrawing();
      },
      takePoint: () => {
        const now = drawing.current;
        if (now === null) return;
        now.draw.removeLastPoint();
        now.count = Math.max(0, now.count - 1);
      },
      end: () => drawing.current?.draw.finishDrawing(),
    }),
    [map, mostPoints],
  );
}

/** Put a shape on the sketch and let its points be moved. */
function showShape(source: VectorSource, shape: GeoShape): Modify {
  const feature = format.readFeature({ type: "Feature", properties: {}, geometry: shape });
  source.addFeatures([feature].flat());
  return new Modify({ source, style: SKETCH });
}

function plain(feature: Feature): GeoShape {
  return format.writeGeometryObject(feature.getGeometry() as Geometry) as GeoShape;
}
