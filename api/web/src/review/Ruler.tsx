import type { LineString, Polygon } from "ol/geom";
import Draw from "ol/interaction/Draw";
import VectorLayer from "ol/layer/Vector";
import VectorSource from "ol/source/Vector";
import Fill from "ol/style/Fill";
import Stroke from "ol/style/Stroke";
import Style from "ol/style/Style";
import { useEffect, useState } from "react";

import { useLanguage } from "../i18n/language";
import { useMap } from "./mapContext";
import { type Point, TOOLS, type Tool, written } from "./measure";

const RULER = new Style({
  stroke: new Stroke({ color: "#ffd400", width: 3 }),
  fill: new Fill({ color: "rgba(255, 212, 0, 0.15)" }),
});
const TOOL_WORDS = { length: "measureLength", area: "measureArea" } as const;

/** Measure a length or an area on the mosaic; a tool of the map. */
export function Ruler() {
  const { say } = useLanguage();
  const { map, held, hold } = useMap();
  const [measured, setMeasured] = useState<string | null>(null);
  const tool: Tool | undefined = TOOLS.find((each) => each === held);

  useEffect(() => {
    if (tool === undefined) return;
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
  }, [tool, map]);

  return (
    <>
      {measured !== null && <output>{measured}</output>}
      {tool !== undefined && measured === null && <span className="soft">{say("measureHint")}</span>}
      {TOOLS.map((each) => (
        <button
          key={each}
          type="button"
          aria-pressed={tool === each}
          onClick={() => hold(tool === each ? null : each)}
        >
          {say(TOOL_WORDS[each])}
        </button>
      ))}
    </>
  );
}

function pointsOf(geometry: LineString | Polygon): Point[] {
  const found = geometry.getCoordinates();
  const line = (geometry.getType() === "Polygon" ? found[0] : found) as number[][];
  return line.map(([x, y]) => [x ?? 0, y ?? 0]);
}
