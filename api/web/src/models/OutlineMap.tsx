import "ol/ol.css";

import ScaleLine from "ol/control/ScaleLine";
import { defaults } from "ol/control/defaults";
import Feature from "ol/Feature";
import GeoJSON from "ol/format/GeoJSON";
import { fromExtent } from "ol/geom/Polygon";
import VectorLayer from "ol/layer/Vector";
import OlMap from "ol/Map";
import type Projection from "ol/proj/Projection";
import VectorSource from "ol/source/Vector";
import Fill from "ol/style/Fill";
import Stroke from "ol/style/Stroke";
import Style from "ol/style/Style";
import { useEffect, useRef, useState } from "react";

import type { Mosaic, Schemas } from "../client";
import { useLanguage } from "../i18n/language";
import { mosaicLayer, mosaicView, surfaceProjection } from "../review/mosaicLayer";

export const COLOURS = { first: "#0b5cad", second: "#ff8a1f" } as const;

export interface Shown {
  readonly side: "first" | "second";
  readonly group: "both" | "onlyFirst" | "onlySecond";
  readonly outline: Schemas["OutlineOut"];
}

interface Props {
  name: string;
  tiles: Schemas["TileGridOut"];
  mosaic: Mosaic;
  window: readonly number[] | null;
  outlines: readonly Shown[];
  onLook: (extentM: readonly number[]) => void;
}

const format = new GeoJSON();

/** Draw the mosaic with what one or two models found on it; the table says the same in words. */
export function OutlineMap({ name, tiles, mosaic, window, outlines, onLook }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const [drawn, setDrawn] = useState<{ map: OlMap; projection: Projection; found: VectorSource; place: VectorSource } | null>(null);
  const [isDrawn, setIsDrawn] = useState(false);
  const { say } = useLanguage();

  useEffect(() => {
    if (frame.current === null) return;
    const projection = surfaceProjection(name, tiles);
    const [found, place] = [new VectorSource(), new VectorSource()];
    const map = new OlMap({
      target: frame.current,
      layers: [
        mosaicLayer(tiles, projection),
        new VectorLayer({ source: place, zIndex: 1, style: WINDOW }),
        new VectorLayer({ source: found, zIndex: 2 }),
      ],
      view: mosaicView(tiles, projection),
      controls: defaults({ attribution: false }).extend([new ScaleLine({ units: "metric" })]),
    });
    map.getView().fit([...tiles.extent_surface_m], { padding: [16, 16, 16, 16] });
    map.on("loadstart", () => setIsDrawn(false));
    map.on("loadend", () => setIsDrawn(true));
    map.on("moveend", () => onLook(map.getView().calculateExtent(map.getSize())));
    setDrawn({ map, projection, found, place });
    return () => {
      map.setTarget(undefined);
      setDrawn(null);
    };
  }, [name, tiles, onLook]);

  useEffect(() => {
    if (drawn === null) return;
    drawn.place.clear();
    if (window !== null) drawn.place.addFeature(new Feature(fromExtent(extentOf(window, mosaic))));
  }, [drawn, window, mosaic]);

  useEffect(() => {
    if (drawn === null) return;
    drawn.found.clear();
    drawn.found.addFeatures(outlines.map(featureOf));
  }, [drawn, outlines]);

  return (
    <div className="map-frame trial-map">
      <div
        ref={frame}
        className="map"
        role="application"
        aria-label={say("trialMap")}
        tabIndex={0}
        data-drawn={isDrawn}
        data-outlines={outlines.length}
      />
    </div>
  );
}

const WINDOW = [
  new Style({ stroke: new Stroke({ color: "rgba(255, 255, 255, 0.9)", width: 4 }) }),
  new Style({ stroke: new Stroke({ color: "#1b2530", width: 2, lineDash: [8, 6] }) }),
];

/** Give the surface that a window of pixels covers: left, bottom, right, top. */
function extentOf([x0, y0, x1, y1]: readonly number[], { surface_from_px: [a, , c, , e, f] }: Mosaic): number[] {
  const xs = [a * (x0 ?? 0) + c, a * (x1 ?? 0) + c].sort((one, other) => one - other);
  const ys = [e * (y0 ?? 0) + f, e * (y1 ?? 0) + f].sort((one, other) => one - other);
  return [xs[0] ?? 0, ys[0] ?? 0, xs[1] ?? 0, ys[1] ?? 0];
}

/** Draw one thing: the colour says who found it, a filling that the other did not. */
function featureOf({ side, group, outline }: Shown): Feature {
  const feature = new Feature(format.readGeometry(outline.outline_surface_m) ?? undefined);
  const colour = COLOURS[side];
  // where both found it, the dashes of the second lie in the broad line of the first
  const line = side === "first" ? { width: 5 } : { width: 2, lineDash: [7, 6] };
  const halo = new Style({ stroke: new Stroke({ color: "rgba(255, 255, 255, 0.85)", width: line.width + 2.5 }) });
  const drawn = new Style({
    stroke: new Stroke({ color: colour, ...line }),
    ...(group === "both" ? {} : { fill: new Fill({ color: `${colour}55` }) }),
    zIndex: side === "first" ? 1 : 2,
  });
  feature.setStyle(side === "second" && group === "both" ? [drawn] : [halo, drawn]);
  return feature;
}
