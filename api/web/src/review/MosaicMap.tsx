import ScaleLine from "ol/control/ScaleLine";
import { defaults } from "ol/control/defaults";
import { buffer } from "ol/extent";
import type { LineString, Polygon } from "ol/geom";
import Draw from "ol/interaction/Draw";
import VectorLayer from "ol/layer/Vector";
import OlMap from "ol/Map";
import VectorSource from "ol/source/Vector";
import Fill from "ol/style/Fill";
import Stroke from "ol/style/Stroke";
import Style from "ol/style/Style";
import { useEffect, useRef, useState } from "react";

import type { DamageClass, Defect, Schemas } from "../client";
import { useLanguage } from "../i18n/language";
import { defectLayer, showDefects } from "./defectLayer";
import { type Point, TOOLS, type Tool, written } from "./measure";
import { mosaicLayer, mosaicView, surfaceProjection } from "./mosaicLayer";

const CLOSE_UP_PX = 60;
const RULER = new Style({
  stroke: new Stroke({ color: "#ffd400", width: 3 }),
  fill: new Fill({ color: "rgba(255, 212, 0, 0.15)" }),
});
const TOOL_WORDS = { length: "measureLength", area: "measureArea" } as const;

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
  const { say } = useLanguage();
  const drawn = useRef<{ map: OlMap; layer: VectorLayer<VectorSource> } | null>(null);
  const [isDrawn, setIsDrawn] = useState(false);
  const [tool, setTool] = useState<Tool | null>(null);
  const [measured, setMeasured] = useState<string | null>(null);
  const measuring = useRef(false);
  measuring.current = tool !== null;

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
      if (measuring.current) return;
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

  useEffect(() => {
    if (tool === null || drawn.current === null) return;
    const { map } = drawn.current;
    const source = new VectorSource();
    const layer = new VectorLayer({ source, style: RULER });
    const draw = new Draw({ source, type: tool === "length" ? "LineString" : "Polygon", style: RULER });
    draw.on("drawstart", ({ feature }) => {
      source.clear();
      feature.getGeometry()?.on("change", ({ target }) => setMeasured(written(tool, pointsOf(target))));
    });
    map.addLayer(layer);
    map.addInteraction(draw);
    return () => {
      map.removeInteraction(draw);
      map.removeLayer(layer);
      setMeasured(null);
    };
  }, [tool, name, tiles]);

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
      <div className="map-tools">
        {measured !== null && <output>{measured}</output>}
        {tool !== null && measured === null && <span className="soft">{say("measureHint")}</span>}
        {TOOLS.map((each) => (
          <button
            key={each}
            type="button"
            aria-pressed={tool === each}
            onClick={() => setTool(tool === each ? null : each)}
          >
            {say(TOOL_WORDS[each])}
          </button>
        ))}
      </div>
    </div>
  );
}

function pointsOf(geometry: LineString | Polygon): Point[] {
  const found = geometry.getCoordinates();
  const line = (geometry.getType() === "Polygon" ? found[0] : found) as number[][];
  return line.map(([x, y]) => [x ?? 0, y ?? 0]);
}
