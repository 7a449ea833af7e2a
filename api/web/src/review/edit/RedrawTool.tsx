import { useMemo, useState } from "react";

import type { DefectDetail } from "../../client";
import { useLanguage } from "../../i18n/language";
import { useMap } from "../mapContext";
import { Cross } from "./Cross";
import type { HeldProps } from "./EditTools";
import { Outcome } from "./Outcome";
import { drawnAs } from "./plan";
import { shapeOf } from "./requests";
import { useEdit } from "./useEdit";
import { useSketch } from "./useSketch";

/** Move the points of the chosen defect, or draw it anew. */
export function RedrawTool({ chosen, review, onShow, onEnd }: HeldProps & { chosen: DefectDetail }) {
  const { say } = useLanguage();
  const { map } = useMap();
  const [anew, setAnew] = useState(false);
  const edit = useEdit(review, (shownId) => {
    onEnd();
    if (shownId) onShow(shownId);
  });
  const start = useMemo(() => (anew ? null : shapeOf(chosen)), [anew, chosen]);
  const sketch = useSketch(map, {
    kind: drawnAs(chosen.damage_class),
    start,
    onShape: (shape) => edit.ask({ kind: "redraw", of: chosen, shape }),
  });
  return (
    <>
      <p>{say("redrawHint")}</p>
      <div className="buttons">
        <button
          type="button"
          aria-pressed={anew}
          onClick={() => {
            edit.reset();
            setAnew(!anew);
          }}
        >
          {say("drawAnew")}
        </button>
      </div>
      {anew && <Cross sketch={sketch} endless />}
      <Outcome edit={edit} onCancel={onEnd} />
    </>
  );
}
