import { useLanguage } from "../../i18n/language";
import type { Sketch } from "./useSketch";

interface Props {
  sketch: Sketch;
  /** Whether the drawing ends by a button; a cut ends with its second point. */
  endless?: boolean;
}

/** Draw by keyboard: arrow keys move the map under a cross, buttons put points there. */
export function Cross({ sketch, endless = false }: Props) {
  const { say } = useLanguage();
  return (
    <fieldset className="buttons">
      <legend className="soft">{say("crosshair")}</legend>
      <button type="button" onClick={sketch.pointAtCross}>
        {say("pointHere")}
      </button>
      <button type="button" onClick={sketch.takePoint}>
        {say("lastPointAway")}
      </button>
      {endless && (
        <button type="button" onClick={sketch.end}>
          {say("endDrawing")}
        </button>
      )}
    </fieldset>
  );
}
