import { defaults } from "ol/control/defaults";
import Feature from "ol/Feature";
import { MultiPolygon, Point, Polygon } from "ol/geom";
import type { ImageObject } from "ol/Image";
import ImageLayer from "ol/layer/Image";
import VectorLayer from "ol/layer/Vector";
import OlMap from "ol/Map";
import Projection from "ol/proj/Projection";
import ImageSource from "ol/source/Image";
import VectorSource from "ol/source/Vector";
import Circle from "ol/style/Circle";
import Stroke from "ol/style/Stroke";
import Style from "ol/style/Style";
import View from "ol/View";
import { useEffect, useRef, useState } from "react";

import { useLanguage } from "../../i18n/language";
import { Aspect } from "./Aspect";
import { cropAddress, middleOf, placeIn, windowOf } from "./overlay";
import { useShared } from "./pointing";
import type { Sighting } from "./queries";

interface Props {
  photos: readonly Sighting[];
  at: number;
  onMove: (at: number) => void;
  onClose: () => void;
}

const DEEPEST = 1 / 12;
const CROP_MAX_PX = 2048;
const OUTLINE = [
  new Style({ stroke: new Stroke({ color: "rgba(255, 255, 255, 0.85)", width: 4 }) }),
  new Style({ stroke: new Stroke({ color: "#c2185b", width: 1.6 }) }),
];
const POINTED = new Style({
  image: new Circle({ radius: 9, stroke: new Stroke({ color: "#ffd400", width: 3 }) }),
});

/** Look at one photo down to its single pixels, by pointer or keyboard alone. */
export function PhotoViewer({ photos, at, onMove, onClose }: Props) {
  const { say } = useLanguage();
  const dialog = useRef<HTMLDialogElement>(null);
  const sighting = photos[at];
  const [isOpen, setIsOpen] = useState(false); // a map in a dialog that is not open yet has no size
  useEffect(() => {
    dialog.current?.showModal();
    setIsOpen(true);
  }, []);
  useEffect(() => {
    if (isOpen) dialog.current?.querySelector<HTMLElement>(".pixels")?.focus();
  }, [isOpen]);
  if (!sighting) return null;
  return (
    <dialog ref={dialog} className="viewer" aria-label={sighting.name} onClose={onClose}>
      <div className="title">
        <h2>{sighting.name}</h2>
        <Aspect sighting={sighting} />
        <span className="grow" />
        <button type="button" disabled={at === 0} onClick={() => onMove(at - 1)}>
          {say("previous")}
        </button>
        <button type="button" disabled={at === photos.length - 1} onClick={() => onMove(at + 1)}>
          {say("next")}
        </button>
        <button type="button" onClick={() => dialog.current?.close()}>
          {say("close")}
        </button>
      </div>
      {isOpen && <Pixels key={sighting.sha256} sighting={sighting} />}
      <p className="soft">{say("photoViewer")}</p>
    </dialog>
  );
}

function Pixels({ sighting }: { sighting: Sighting }) {
  const { say } = useLanguage();
  const frame = useRef<HTMLDivElement>(null);
  const marks = useRef(new VectorSource<Feature<Point>>());
  const { place } = useShared();
  const pointed = useRef(place === null ? null : placeIn(sighting, place.distanceM));
  const labels = useRef({ zoomInTipLabel: say("zoomIn"), zoomOutTipLabel: say("zoomOut") });

  useEffect(() => {
    if (frame.current === null) return;
    const target = frame.current;
    const { width_px: width, height_px: height } = sighting;
    const extent = [0, -height, width, 0];
    const projection = new Projection({ code: `photo:${sighting.sha256}`, units: "pixels", extent });
    const outline = new VectorSource({ features: [new Feature(outlineOf(sighting))] });
    const map = new OlMap({
      target,
      layers: [
        new ImageLayer({ source: pixelsOf(sighting, projection), className: "photo-layer" }),
        new VectorLayer({ source: outline, style: OUTLINE }),
        new VectorLayer({ source: marks.current, style: POINTED }),
      ],
      view: new View({ projection, extent, showFullExtent: true, minResolution: DEEPEST, center: [width / 2, -height / 2] }),
      controls: defaults({ attribution: false, rotate: false, zoomOptions: labels.current }),
      keyboardEventTarget: target,
    });
    const [x0, y0, x1, y1] = sighting.window_px;
    map.getView().fit([x0, -y1, x1, -y0], { padding: [12, 12, 12, 12], minResolution: DEEPEST });
    const [x, y] = pointed.current ?? middleOf(sighting);
    map.getView().setCenter([x, -y]); // keys zoom in on the middle: it is on the crack
    map.on("loadstart", () => target.setAttribute("data-drawn", "false"));
    map.on("loadend", () => target.setAttribute("data-drawn", "true"));
    map.on("moveend", () => target.setAttribute("data-zoom", (map.getView().getResolution() ?? 1).toFixed(3)));
    return () => map.setTarget(undefined);
  }, [sighting]);

  useEffect(() => {
    marks.current.clear();
    const at = place === null ? null : placeIn(sighting, place.distanceM);
    if (at) marks.current.addFeature(new Feature(new Point([at[0], -at[1]])));
  }, [place, sighting]);

  return <div ref={frame} className="pixels" role="application" aria-label={say("photoViewer")} tabIndex={0} />;
}

/** Fetch what the view shows, at its own resolution: native pixels once somebody is near enough. */
function pixelsOf(sighting: Sighting, projection: Projection): ImageSource {
  return new ImageSource({
    projection,
    interpolate: false,
    loader: async (extent, resolution, pixelRatio) => {
      const window = windowOf(extent, sighting.width_px, sighting.height_px);
      if (window === null) return nothingIn(extent);
      const [x0, y0, x1, y1] = window;
      const size = Math.ceil(Math.max(x1 - x0, y1 - y0) / Math.max(resolution / pixelRatio, 1));
      const image = new Image();
      image.src = cropAddress(sighting, Math.min(CROP_MAX_PX, Math.max(32, size)), window);
      await image.decode();
      return {
        image,
        extent: [x0, -y1, x1, -y0],
        resolution: [(x1 - x0) / image.naturalWidth, (y1 - y0) / image.naturalHeight],
        pixelRatio: 1,
      };
    },
  });
}

/** Give an empty picture of a part where the photo shows nothing. */
function nothingIn(extent: readonly number[]): ImageObject {
  const [x0 = 0, y0 = 0, x1 = 1, y1 = 1] = extent;
  const image = document.createElement("canvas");
  image.width = image.height = 1;
  return { image, extent: [x0, y0, x1, y1], resolution: [x1 - x0, y1 - y0], pixelRatio: 1 };
}

function outlineOf(sighting: Sighting): MultiPolygon | Polygon {
  const flip = (rings: number[][][]) => rings.map((ring) => ring.map(([x, y]) => [x ?? 0, -(y ?? 0)]));
  const { type, coordinates } = sighting.outline;
  if (type === "MultiPolygon") return new MultiPolygon((coordinates as number[][][][]).map(flip));
  return new Polygon(flip(coordinates as number[][][]));
}
