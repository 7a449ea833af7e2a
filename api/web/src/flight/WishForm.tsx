import { useState } from "react";

import type { Schemas } from "../client";
import { useLanguage } from "../i18n/language";
import { type Draft, MEASURES, type Pattern, SHAPES, type Shape, shapesIn } from "./wish";

const MAX_FILE_BYTES = 5_000_000;

/** What the next click on the map means. */
export type Drawing = "shape" | "takeoff" | null;

interface Props {
  choices: Schemas["FlightChoicesOut"];
  draft: Draft;
  shapes: readonly Shape[];
  drawing: Drawing;
  hasTakeoff: boolean;
  onDraft: (draft: Draft) => void;
  onShapes: (shapes: readonly Shape[]) => void;
  onDrawing: (drawing: Drawing) => void;
}

/** Ask what must be seen, how finely, and with what. */
export function WishForm({ choices, draft, shapes, drawing, hasTakeoff, onDraft, onShapes, onDrawing }: Props) {
  const { say } = useLanguage();
  const [isUnreadable, setIsUnreadable] = useState(false);

  const readFile = async (file: File | undefined) => {
    if (file === undefined) return;
    const found = file.size > MAX_FILE_BYTES ? [] : shapesIn(await file.text(), SHAPES[draft.pattern]);
    setIsUnreadable(found.length === 0);
    if (found.length > 0) onShapes(found);
  };
  const measured = (key: keyof Draft, label: string) => (
    <label key={key}>
      {label}
      <input
        type="number"
        step="any"
        value={draft[key]}
        onChange={(event) => onDraft({ ...draft, [key]: event.target.value })}
      />
    </label>
  );
  return (
    <div className="fields wish-fields">
      <label>
        {say("pattern")}
        <select
          value={draft.pattern}
          onChange={(event) => onDraft({ ...draft, pattern: event.target.value as Pattern })}
        >
          {choices.patterns.map((pattern) => (
            <option key={pattern} value={pattern}>
              {say(`pattern_${pattern}`)}
            </option>
          ))}
        </select>
      </label>
      <div className="buttons">
        <button
          type="button"
          aria-pressed={drawing === "shape"}
          onClick={() => onDrawing(drawing === "shape" ? null : "shape")}
        >
          {say("draw")}
        </button>
        <button type="button" disabled={shapes.length === 0} onClick={() => onShapes([])}>
          {say("clear")} ({shapes.length})
        </button>
      </div>
      <div className="buttons">
        <button
          type="button"
          aria-pressed={drawing === "takeoff"}
          onClick={() => onDrawing(drawing === "takeoff" ? null : "takeoff")}
        >
          {say("takeoff")} {hasTakeoff && "✓"}
        </button>
      </div>
      {drawing === "shape" && SHAPES[draft.pattern] !== "Point" && <p className="hint">{say("drawHint")}</p>}
      {drawing === "takeoff" && <p className="hint">{say("takeoffHint")}</p>}
      <label>
        {say("readGeojson")}
        <input
          type="file"
          accept=".geojson,.json,application/geo+json"
          onChange={(event) => void readFile(event.target.files?.[0])}
        />
      </label>
      {isUnreadable && (
        <p className="trouble" role="alert">
          {say("noGeojson")}
        </p>
      )}
      {MEASURES[draft.pattern].map((measure) => measured(measure, say(measure)))}
      <label>
        {say("camera")}
        <select value={draft.camera} onChange={(event) => onDraft({ ...draft, camera: event.target.value })}>
          {choices.lenses.map((name) => (
            <option key={name} value={name}>
              {labelOf(name, choices.cameras)}
            </option>
          ))}
        </select>
      </label>
      <label>
        {say("drone")}
        <select value={draft.drone} onChange={(event) => onDraft({ ...draft, drone: event.target.value })}>
          <option value="">{say("anyDrone")}</option>
          {Object.entries(choices.drones).map(([code, label]) => (
            <option key={code} value={code}>
              {label}
            </option>
          ))}
        </select>
      </label>
      {measured("gsdMmPerPx", say("wantedGsd"))}
      {measured("crackWidthMm", say("crackWidth"))}
      {measured("overlapFront", say("overlapFront"))}
      {measured("overlapSide", say("overlapSide"))}
      {measured("windMS", say("windMS"))}
    </div>
  );
}

/** Name a lens as people do: the camera, and the focal length where it has several. */
function labelOf(lens: string, cameras: Readonly<Record<string, string>>): string {
  const [code = lens, focal] = lens.split("@");
  const camera = cameras[code] ?? code;
  return focal ? `${camera} ${focal} mm` : camera;
}
