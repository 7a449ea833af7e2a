import { useQuery } from "@tanstack/react-query";

import type { DamageClass, DefectDetail, Quantity } from "../client";
import { useLanguage } from "../i18n/language";
import { Picture } from "../Picture";
import { defectQuery } from "../queries";
import { Trouble } from "../Trouble";
import { PriorityLine } from "./PriorityLine";
import { Settled } from "./Settled";
import { Detail } from "./detail/Detail";
import { EditHistory } from "./edit/EditHistory";
import { EDIT_DOCK } from "./edit/plan";
import { isVague, shown } from "./quantity";
import type { Review } from "./useReview";
import { VerdictForm } from "./VerdictForm";

interface Props {
  defectId: string | undefined;
  classes: ReadonlyMap<string, DamageClass>;
  review: Review;
}

export function DefectPanel({ defectId, classes, review }: Props) {
  const { say } = useLanguage();
  return (
    <section className="panel" tabIndex={0} aria-label={say("defects")}>
      <div id={EDIT_DOCK} />
      {defectId === undefined ? (
        <p className="empty">{say("chooseDefect")}</p>
      ) : (
        <Chosen key={defectId} defectId={defectId} classes={classes} review={review} />
      )}
    </section>
  );
}

function Chosen({ defectId, classes, review }: Props & { defectId: string }) {
  const { language, say } = useLanguage();
  const { data: defect, error } = useQuery(defectQuery(defectId));
  if (error) return <Trouble error={error} />;
  if (!defect) return <p className="empty">{say("loading")}</p>;
  const label = classes.get(defect.damage_class);
  return (
    <>
      <h2>
        <i style={{ background: label?.colour }} /> {label?.[language] ?? defect.damage_class}
        <b className={`state ${defect.state}`}>{say(defect.state)}</b>
      </h2>
      {defect.chip && (
        <Picture
          className="chip"
          src={defect.chip.url}
          alt={`${label?.[language] ?? ""} ${defect.defect_id}`}
        />
      )}
      <EditHistory defect={defect} review={review} />
      <VerdictForm key={defect.version} defect={defect} classes={classes} review={review} />
      <Numbers defect={defect} />
      <Grades defect={defect} review={review} />
      <Detail defect={defect} classes={classes} />
      <p className="identity">{defect.defect_id}</p>
    </>
  );
}

function Numbers({ defect }: { defect: DefectDetail }) {
  const { say } = useLanguage();
  const place = defect.anchor_lonlat
    ? `${defect.anchor_lonlat[1].toFixed(7)}, ${defect.anchor_lonlat[0].toFixed(7)}`
    : defect.anchor_surface_m.map((metres) => `${metres.toFixed(3)} m`).join(", ");
  return (
    <dl>
      {defect.length_m && <Measured name={say("length")} quantity={defect.length_m} unit="m" digits={2} />}
      {defect.width_mm && <Measured name={say("width")} quantity={defect.width_mm} unit="mm" digits={1} />}
      <Measured name={say("area")} quantity={defect.area_m2} unit="m²" digits={4} />
      <dt>{say("confidence")}</dt>
      <dd>{Math.round(defect.confidence * 100)} %</dd>
      <dt>{say("position")}</dt>
      <dd>{place}</dd>
      <dt>{say("gsd")}</dt>
      <dd>{defect.gsd_mm_per_px.toFixed(2)}</dd>
      <dt>{say("model")}</dt>
      <dd className="identity">{defect.model_id === "hand" ? say("drawnByHand") : defect.model_id}</dd>
    </dl>
  );
}

interface MeasuredProps {
  name: string;
  quantity: Quantity;
  unit: string;
  digits: number;
}

function Measured({ name, quantity, unit, digits }: MeasuredProps) {
  const { say } = useLanguage();
  return (
    <>
      <dt>{name}</dt>
      <dd className={isVague(quantity) ? "vague" : ""}>
        {shown(quantity, unit, digits)}
        {quantity.below_limit && <small>{say("belowLimit")}</small>}
      </dd>
    </>
  );
}

function Grades({ defect, review }: { defect: DefectDetail; review: Review }) {
  const { language, say } = useLanguage();
  const { ordered, finished, partly } = defect.work;
  const untouched = defect.settled.length === 0 && !ordered && !finished && partly.length === 0;
  if (defect.grades.length === 0 && untouched && defect.priority === null && defect.is_ranked) return null;
  return (
    <>
      <h3>{say("grade")}</h3>
      {defect.grades.map((grade) => (
        <div key={grade.scheme} className="grade">
          <b>{grade.candidates.join(" / ") || "–"}</b>
          {grade.needs_review && <span className="badge">{say("unverified")}</span>}
          <ul>
            {grade.reasons.map((reason) => (
              <li key={reason.code}>{reason[language]}</li>
            ))}
          </ul>
        </div>
      ))}
      <Settled defect={defect} review={review} />
      <PriorityLine defect={defect} />
    </>
  );
}
