import { useLanguage } from "../../i18n/language";
import { isVague, shown } from "../quantity";
import type { EditedDefect } from "./requests";
import { colourOf } from "./usePreviewLayer";

/** Show what would be measured: one row for each defect that an edit gives. */
export function MeasureTable({ defects }: { defects: readonly EditedDefect[] }) {
  const { say } = useLanguage();
  return (
    <table className="edit-measure">
      <caption>{say("newMeasure")}</caption>
      <thead>
        <tr>
          <th scope="col">{say("part")}</th>
          <th scope="col">{say("length")}</th>
          <th scope="col">{say("width")}</th>
          <th scope="col">{say("area")}</th>
        </tr>
      </thead>
      <tbody>
        {defects.map((defect, place) => (
          <tr key={defect.defect_id}>
            <th scope="row">
              <i style={{ background: colourOf(place) }} /> {place + 1}
            </th>
            <td>{defect.length_m ? shown(defect.length_m, "m", 3) : "–"}</td>
            <td className={defect.width_mm && isVague(defect.width_mm) ? "vague" : ""}>
              {defect.width_mm && shown(defect.width_mm, "mm", 2)}
              {defect.no_width && `${say("notMeasured")}: ${say(defect.no_width)}`}
              {!defect.width_mm && !defect.no_width && "–"}
            </td>
            <td>{shown(defect.area_m2, "m²", 4)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
