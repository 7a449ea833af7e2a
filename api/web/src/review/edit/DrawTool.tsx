import { useState } from "react";

import type { Defect } from "../../client";
import { useLanguage } from "../../i18n/language";
import { useMap } from "../mapContext";
import { Cross } from "./Cross";
import type { HeldProps } from "./EditTools";
import { Outcome } from "./Outcome";
import { drawable, drawnAs } from "./plan";
import { useEdit } from "./useEdit";
import { useSketch } from "./useSketch";

/** Draw a defect that the machine missed. */
export function DrawTool({ surveyId, mosaic, classes, review, onShow, onEnd }: HeldProps) {
  const { language, say } = useLanguage();
  const { map } = useMap();
  const [damageClass, setDamageClass] = useState<Defect["damage_class"]>("crack");
  const edit = useEdit(review, (shownId) => {
    onEnd();
    if (shownId) onShow(shownId);
  });
  const sketch = useSketch(map, {
    kind: drawnAs(damageClass),
    onShape: (shape) => edit.ask({ kind: "draw", surveyId, mosaic, damageClass, shape }),
  });
  return (
    <>
      <label className="inline">
        {say("classOfMissed")}
        <select
          value={damageClass}
          onChange={(event) => {
            edit.reset();
            setDamageClass(event.target.value as Defect["damage_class"]);
          }}
        >
          {drawable(classes.values()).map((code) => (
            <option key={code} value={code}>
              {classes.get(code)?.[language] ?? code}
            </option>
          ))}
        </select>
      </label>
      <p>{say("missedHint")}</p>
      <Cross sketch={sketch} endless />
      <Outcome edit={edit} onCancel={onEnd} />
    </>
  );
}
