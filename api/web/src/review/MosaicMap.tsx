import ScaleLine from "ol/control/ScaleLine";
import { defaults } from "ol/control/defaults";
import { buffer } from "ol/extent";
import type VectorLayer from "ol/layer/Vector";
import OlMap from "ol/Map";
import type VectorSource from "ol/source/Vector";
import { useEffect, useRef, useState } from "react";

import type { DamageClass, Defect, Schemas } from "../client";
import { defectLayer, showDefects } from "./defectLayer";
import { mosaicLayer, mosaicView, surfaceProjection } from "./mosaicLayer";

const CLOSE_UP_PX = 60;

interface Props {
  name: string;
  tiles: Schemas["TileGridOut"];
  defects: readonly Defect[];
  classes: ReadonlyMap<string, DamageClass>;
  chosenId: string | undefined;
  onChoose: (defectId: string) => void;
}

/** Draw the mosaic in its own metres, down to single pixels, with the defects on it. */
export function MosaicMap({ name, tiles, defects, classes, chosenId, onChoose }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const choose = useRef(onChoose);
  choose.current = onChoose;
  const drawn = useRef<{ map: OlMap; layer: VectorLayer<VectorSource> } | null>(null);
  const [isDrawn, setIsDrawn] = useState(false);

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
      const hit = map.forEachFeatureAtPixel(event.pixel, (feature) => feature.getId(), {
        hitTolerance: 6,
      });
      if (typeof hit === "string") choose.current(hit);
    });
    map.on("loadstart", () => setIsDrawn(false));
    map.on("loadend", () => setIsDrawn(true));
    drawn.current = { map, layer };
    return () => {
      map.setTarget(undefined);
      drawn.current = null;
    };
  }, [name, tiles]);

  useEffect(() => {
    if (drawn.current) showDefects(drawn.current.layer, defects, classes, chosenId);
  }, [defects, classes, chosenId, name, tiles]);

  useEffect(() => {
    const geometry = drawn.current?.layer
      .getSource()
      ?.getFeatureById(chosenId ?? "")
      ?.getGeometry();
    if (!geometry || !drawn.current) return;
    const native = tiles.resolutions_m_per_px.at(-1) ?? 1;
    drawn.current.map.getView().fit(buffer(geometry.getExtent(), native * CLOSE_UP_PX), {
      duration: 250,
      minResolution: native / 2,
    });
  }, [chosenId, tiles]);

  return (
    <div
      ref={frame}
      className="map"
      role="application"
      aria-label="orthomosaic"
      tabIndex={0}
      data-drawn={isDrawn}
    />
  );
}
