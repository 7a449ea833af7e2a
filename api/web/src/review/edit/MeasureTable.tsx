import { useLanguage } from "../../i18n/language";
import { isVague, shown } from "../quantity";
import type { EditedDefect } from "./requests";
import { colourOf } from "./usePreviewLayer";

/** Show what would be measured: one row for each defect that an edit gives. */
export function MeasureTable({ defects }: { defects: readonly EditedDefect[] }) {
  const { say } = useLanguage();
  return (
    <section className="edit-measure" aria-label={say("newMeasure")}>
      <b>{say("newMeasure")}</b>
      <ol>
        {defects.map((defect, place) => (
          <li key={defect.defect_id}>
            <i style={{ background: colourOf(place) }} />
            {defects.length > 1 && <b>{place + 1}</b>}
            <dl>
              {defect.length_m && (
                <>
                  <dt>{say("length")}</dt>
                  <dd>{shown(defect.length_m, "m", 3)}</dd>
                </>
              )}
              {(defect.width_mm || defect.no_width) && <dt>{say("width")}</dt>}
              {defect.width_mm && (
                <dd className={isVague(defect.width_mm) ? "vague" : ""}>{shown(defect.width_mm, "mm", 2)}</dd>
              )}
              {defect.no_width && (
                <dd>
                  {say("notMeasured")}
                  <small>{say(defect.no_width)}</small>
                </dd>
              )}
              <dt>{say("area")}</dt>
              <dd>{shown(defect.area_m2, "m²", 4)}</dd>
            </dl>
          </li>
        ))}
      </ol>
    </section>
  );
}
