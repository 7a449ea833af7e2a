import { useQuery } from "@tanstack/react-query";
import Feature from "ol/Feature";
import GeoJSON from "ol/format/GeoJSON";
import TileLayer from "ol/layer/Tile";
import VectorLayer from "ol/layer/Vector";
import { getRenderPixel } from "ol/render";
import type RenderEvent from "ol/render/Event";
import VectorSource from "ol/source/Vector";
import Stroke from "ol/style/Stroke";
import Style from "ol/style/Style";
import { useEffect, useRef, useState } from "react";
import { createPortal } from "react-dom";

import { useView } from "../../address";
import { useLanguage } from "../../i18n/language";
import { useMap } from "../mapContext";
import { mosaicLayer } from "../mosaicLayer";
import { useShared } from "./pointing";
import { type Earlier, earlierQuery } from "./queries";

const THEN_COLOUR = "#0b5cad";
const THEN = [
  new Style({ stroke: new Stroke({ color: "rgba(255, 255, 255, 0.9)", width: 5 }) }),
  new Style({ stroke: new Stroke({ color: THEN_COLOUR, width: 2, lineDash: [3, 3] }) }),
];
const format = new GeoJSON();

/** Lay an earlier mosaic over the map, left of a border that pointer and keyboard move. */
export function Swipe() {
  const view = useView();
  const { swipe } = useShared();
  if (view.name !== "review" || view.defectId === undefined || swipe === null) return null;
  return <Chosen key={swipe} seen={{ surveyId: view.surveyId, defectId: view.defectId }} earlierId={swipe} />;
}

function Chosen({ seen, earlierId }: { seen: { surveyId: string; defectId: string }; earlierId: string }) {
  const { data } = useQuery(earlierQuery(seen));
  const earlier = data?.surveys.find((each) => each.survey_id === earlierId);
  if (!data || !earlier?.mosaic?.tiles) return null;
  return <Border earlier={earlier} now={data.created_at} />;
}

function Border({ earlier, now }: { earlier: Earlier; now: string }) {
  const { language, say } = useLanguage();
  const { map } = useMap();
  const [share, setShare] = useState(50);
  const [outlined, setOutlined] = useState(true);
  const border = useRef(share);
  border.current = share;

  useEffect(() => {
    const tiles = earlier.mosaic?.tiles;
    if (!tiles) return;
    const layer = mosaicLayer(tiles, map.getView().getProjection(), "earlier-layer");
    layer.on("prerender", (event) => clip(event as RenderEvent, map.getSize() ?? [0, 0], border.current / 100));
    layer.on("postrender", (event) => contextOf(event as RenderEvent)?.restore());
    const source = new VectorSource({
      features: earlier.near.map(({ outline }) => new Feature(format.readGeometry(outline) ?? undefined)),
    });
    const outlines = new VectorLayer({ source, style: THEN, className: "then-layer" });
    map.getLayers().insertAt(1, layer); // above the mosaic, below the defects
    map.addLayer(outlines);
    return () => {
      map.removeLayer(layer);
      map.removeLayer(outlines);
    };
  }, [map, earlier]);

  useEffect(() => map.render(), [map, share]);

  useEffect(() => {
    if (outlined) return;
    const hidden = map.getLayers().getArray().filter((layer) => !(layer instanceof TileLayer));
    for (const layer of hidden) layer.setOpacity(0);
    return () => {
      for (const layer of hidden) layer.setOpacity(1);
    };
  }, [map, outlined]);

  const frame = map.getTargetElement()?.parentElement;
  if (!frame) return null;
  const date = (moment: string) => new Date(moment).toLocaleDateString(language);
  return createPortal(
    <div className="swipe">
      <span className="swipe-line" style={{ left: `${share}%` }} />
      <output className="swipe-then">
        {say("then")} {date(earlier.created_at)}
      </output>
      <output className="swipe-now">
        {say("now")} {date(now)}
      </output>
      <button type="button" aria-pressed={outlined} onClick={() => setOutlined(!outlined)}>
        {say("outlines")}
      </button>
      <input
        type="range"
        min={0}
        max={100}
        step={1}
        value={share}
        aria-label={say("swipeHandle")}
        onChange={(event) => setShare(Number(event.target.value))}
      />
    </div>,
    frame,
  );
}

/** Let a layer draw left of the border only, on a ground of its own: what it lacks is not filled. */
function clip(event: RenderEvent, [width, height]: readonly number[], share: number): void {
  const context = contextOf(event);
  if (!context) return;
  const right = (width ?? 0) * share;
  const corners = [
    [0, 0],
    [right, 0],
    [right, height ?? 0],
    [0, height ?? 0],
  ].map((corner) => getRenderPixel(event, corner));
  context.save();
  context.beginPath();
  for (const [x, y] of corners) context.lineTo(x ?? 0, y ?? 0);
  context.closePath();
  context.clip();
  context.fillStyle = "#dfe4e8";
  context.fill();
}

function contextOf({ context }: RenderEvent): CanvasRenderingContext2D | null {
  return context instanceof CanvasRenderingContext2D ? context : null;
}
