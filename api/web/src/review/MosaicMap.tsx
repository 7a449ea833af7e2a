import ScaleLine from "ol/control/ScaleLine";
import { defaults } from "ol/control/defaults";
import { buffer } from "ol/extent";
import type VectorLayer from "ol/layer/Vector";
import OlMap from "ol/Map";
import type VectorSource from "ol/source/Vector";
import { type ReactNode, useEffect, useRef, useState } from "react";

import type { DamageClass, Defect, Schemas } from "../client";
import { useLanguage } from "../i18n/language";
import { defectLayer, showDefects } from "./defectLayer";
import { MapContext } from "./mapContext";
import { mosaicLayer, mosaicView, surfaceProjection } from "./mosaicLayer";

const CLOSE_UP_PX = 60;

interface Props {
  name: string;
  tiles: Schemas["TileGridOut"];
  defects: readonly Defect[];
  classes: ReadonlyMap<string, DamageClass>;
  chosenId: string | undefined;
  onChoose: (defectId: string) => void;
  /** Tools above the map; each finds the map by `useMap`. */
  children?: ReactNode;
}

/** Draw the mosaic in its own metres, down to single pixels, with the defects on it. */
export function MosaicMap({ name, tiles, defects, classes, chosenId, onChoose, children }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const choose = useRef(onChoose);
  choose.current = onChoose;
  const { say } = useLanguage();
  const [drawn, setDrawn] = useState<{ map: OlMap; layer: VectorLayer<VectorSource> } | null>(null);
  const [isDrawn, setIsDrawn] = useState(false);
  const [held, hold] = useState<string | null>(null);
  const isHeld = useRef(false);
  isHeld.current = held !== null;

  useEffect(() => {
    if (frame.current === null) return;
    const projection = surfaceProjection(name, tiles);
    const layer = defectLayer();
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
    setDrawn({ map, layer });
    return () => {
      map.setTarget(undefined);
      setDrawn(null);
    };
  }, [name, tiles]);

  useEffect(() => {
    if (drawn) showDefects(drawn.layer, defects, classes, chosenId);
  }, [drawn, defects, classes, chosenId]);

  useEffect(() => {
    const geometry = drawn?.layer
      .getSource()
      ?.getFeatureById(chosenId ?? "")
      ?.getGeometry();
    if (!geometry || !drawn) return;
    const native = tiles.resolutions_m_per_px.at(-1) ?? 1;
    drawn.map.getView().fit(buffer(geometry.getExtent(), native * CLOSE_UP_PX), {
      duration: 250,
      minResolution: native / 2,
    });
  }, [drawn, chosenId, tiles]);

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
      {drawn && (
        <MapContext.Provider value={{ map: drawn.map, held, hold }}>
          <div className="map-tools">{children}</div>
        </MapContext.Provider>
      )}
    </div>
  );
}
