import type { DefectDetail } from "../../client";
import { useLanguage } from "../../i18n/language";
import { useMap } from "../mapContext";
import { Cross } from "./Cross";
import type { HeldProps } from "./EditTools";
import { Outcome } from "./Outcome";
import { useEdit } from "./useEdit";
import { useSketch } from "./useSketch";

/** Cut the chosen defect along a line of two points. */
export function SplitTool({ chosen, review, onShow, onEnd }: HeldProps & { chosen: DefectDetail }) {
  const { say } = useLanguage();
  const { map } = useMap();
  const edit = useEdit(review, (shownId) => {
    onEnd();
    if (shownId) onShow(shownId);
  });
  const sketch = useSketch(map, {
    kind: "LineString",
    mostPoints: 2,
    onShape: (line) => edit.ask({ kind: "split", of: chosen, line }),
  });
  return (
    <>
      <p>{say("splitHint")}</p>
      <Cross sketch={sketch} />
      <Outcome edit={edit} onCancel={onEnd} />
    </>
  );
}
