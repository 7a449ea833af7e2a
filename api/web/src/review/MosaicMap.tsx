import ScaleLine from "ol/control/ScaleLine";
import { defaults } from "ol/control/defaults";
import { buffer } from "ol/extent";
import type VectorLayer from "ol/layer/Vector";
import OlMap from "ol/Map";
import type Projection from "ol/proj/Projection";
import type VectorSource from "ol/source/Vector";
import { type ReactNode, useEffect, useRef, useState } from "react";

import type { DamageClass, Schemas } from "../client";
import { useLanguage } from "../i18n/language";
import { type Chosen, chosenLayer, showChosen } from "./defectLayer";
import { MapContext } from "./mapContext";
import { mosaicLayer, mosaicView, surfaceProjection } from "./mosaicLayer";
import { useDefectLayer } from "./useDefectLayer";

const CLOSE_UP_PX = 60;

interface Props {
  name: string;
  tiles: Schemas["TileGridOut"];
  defectTiles: Schemas["TileGridOut"];
  /** What is asked of the vector tiles; undefined while nobody knows their revision. */
  query: string | undefined;
  classes: ReadonlyMap<string, DamageClass>;
  chosen: Chosen | undefined;
  onChoose: (defectId: string) => void;
  /** Tools above the map; each finds the map by `useMap`. */
  children?: ReactNode;
}

interface Drawn {
  readonly map: OlMap;
  readonly projection: Projection;
  readonly layer: VectorLayer<VectorSource>;
}

/** Draw the mosaic in its own metres, down to single pixels, with the defects on it. */
export function MosaicMap(props: Props) {
  const { name, tiles, defectTiles, query, classes, chosen, onChoose, children } = props;
  const frame = useRef<HTMLDivElement>(null);
  const choose = useRef(onChoose);
  choose.current = onChoose;
  const { say } = useLanguage();
  const [drawn, setDrawn] = useState<Drawn | null>(null);
  const [isDrawn, setIsDrawn] = useState(false);
  const [held, hold] = useState<string | null>(null);
  const isHeld = useRef(false);
  isHeld.current = held !== null;

  useEffect(() => {
    if (frame.current === null) return;
    const projection = surfaceProjection(name, tiles);
    const layer = chosenLayer();
    layer.setZIndex(1);
    const map = new OlMap({
      target: frame.current,
      layers: [mosaicLayer(tiles, projection), layer],
      view: mosaicView(tiles, projection),
      controls: defaults({ attribution: false }).extend([new ScaleLine({ units: "metric" })]),
    });
    map.getView().fit([...tiles.extent_surface_m], { padding: [24, 24, 24, 24] });
    map.on("click", (event) => {
      if (isHeld.current) return;
      const hit = map.forEachFeatureAtPixel(event.pixel, (feature) => feature.getId(), {
        hitTolerance: 6,
      });
      if (typeof hit === "string") choose.current(hit);
    });
    map.on("loadstart", () => setIsDrawn(false));
    map.on("loadend", () => setIsDrawn(true));
    setDrawn({ map, projection, layer });
    return () => {
      map.setTarget(undefined);
      setDrawn(null);
    };
  }, [name, tiles]);

  const generalised = useDefectLayer(drawn?.map, drawn?.projection, defectTiles, query, classes);

  useEffect(() => {
    if (drawn) showChosen(drawn.layer, chosen, classes);
  }, [drawn, chosen, classes]);

  const box = chosen?.boxM.join(" ");
  useEffect(() => {
    if (!drawn || box === undefined) return;
    const native = tiles.resolutions_m_per_px.at(-1) ?? 1;
    drawn.map.getView().fit(buffer(box.split(" ").map(Number), native * CLOSE_UP_PX), {
      duration: 250,
      minResolution: native / 2,
    });
  }, [drawn, chosen?.id, box, tiles]);

  return (
    <div className="map-frame">
      <div
        ref={frame}
        className="map"
        role="application"
        aria-label={say("mosaic")}
        tabIndex={0}
        data-drawn={isDrawn}
      />
      {generalised && <p className="map-note">{say("generalised")}</p>}
      {drawn && (
        <MapContext.Provider value={{ map: drawn.map, held, hold }}>
          <div className="map-tools">{children}</div>
        </MapContext.Provider>
      )}
    </div>
  );
}
