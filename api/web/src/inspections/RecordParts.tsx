import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { useLanguage } from "../i18n/language";
import { Picture } from "../Picture";
import { Inner } from "./InspectionsPage";
import type { Content, RecordShown } from "./inspection";
import { contentQuery } from "./queries";

interface Props {
  assetId: string;
  fiscalYear: number;
  content: Content;
}

/** Show the record that is approved, or would be, with the way to the evidence of each finding. */
export function RecordParts({ assetId, fiscalYear, content }: Props) {
  const { say } = useLanguage();
  const [starts, setStarts] = useState({ defects: 0, damages: 0 });
  const { data } = useQuery(contentQuery(assetId, fiscalYear, starts.defects, starts.damages));
  const record = (data ?? content).record;
  if (record === null) return <p className="card empty">{say("noRecordYet")}</p>;
  return (
    <>
      <Defects record={record} from={starts.defects} onTurn={(defects) => setStarts({ ...starts, defects })} />
      {record.damage_count > 0 && (
        <Damages record={record} from={starts.damages} onTurn={(damages) => setStarts({ ...starts, damages })} />
      )}
      <Surveys record={record} />
    </>
  );
}

interface PartProps {
  record: RecordShown;
  from: number;
  onTurn: (from: number) => void;
}

function Defects({ record, from, onTurn }: PartProps) {
  const { language, say } = useLanguage();
  return (
    <section className="card" aria-label={say("defectsConfirmed")}>
      <h2>
        {say("defectsConfirmed")} <span className="soft">{record.defect_count}</span>
      </h2>
      {record.defect_count === 0 && <p className="soft">{say("defectsNoneConfirmed")}</p>}
      <ul className="pictures">
        {record.defects.map((one) => (
          <li key={one.defect_id} data-defect={one.defect_id}>
            <Picture src={`/api/defects/${one.defect_id}/chip.png?max_px=256`} alt="" loading="lazy" width="256" height="110" />
            <b>
              {one.number}. {language === "ja" ? one.damage_ja : one.damage_en}
            </b>
            <span>
              {say("gradeDecided")}: {one.grade || say("gradeUndecided")}
              {one.grade_again && <small className="hint"> {say(`again_${one.grade_again}`)}</small>}
            </span>
            <small>
              {[one.width_mm && `${one.width_mm} mm`, one.length_m && `${one.length_m} m`, `${one.area_m2} m²`].filter(Boolean).join(" · ")}
            </small>
            <small>
              {say("confirmedBy")}: {one.confirmed_by} · {say("photos")} {one.photos}
            </small>
            <Inner view={{ name: "review", surveyId: one.survey_id, defectId: one.defect_id }}>
              {say("evidence")}
              <span className="unseen"> {one.number}</span>
            </Inner>
          </li>
        ))}
      </ul>
      <Turn from={from} next={record.defects_next} page={record.defects.length} onTurn={onTurn} label={say("defectsConfirmed")} />
    </section>
  );
}

function Damages({ record, from, onTurn }: PartProps) {
  const { language, say } = useLanguage();
  return (
    <section className="card" aria-label={say("elementRecords")}>
      <h2>
        {say("elementRecords")} <span className="soft">{record.damage_count}</span>
      </h2>
      <div className="scroll" tabIndex={0} role="region" aria-label={say("elementRecords")}>
        <table>
          <thead>
            <tr>
              <th scope="col">{say("element")}</th>
              <th scope="col">{say("recordLine")}</th>
              <th scope="col">{say("countermeasures")}</th>
              <th scope="col">{say("soundness")}</th>
              <th scope="col">{say("inspector")}</th>
            </tr>
          </thead>
          <tbody>
            {record.damages.map((one) => (
              <tr key={`${one.span} ${one.element} ${one.line}`}>
                <td>
                  {one.span}/{one.element} <small>{language === "ja" ? one.member_ja : one.member_en}</small>
                </td>
                <td lang="ja">{one.line}</td>
                <td>{one.countermeasures.join(", ")}</td>
                <td>{one.soundness}</td>
                <td>{one.inspector}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <Turn from={from} next={record.damages_next} page={record.damages.length} onTurn={onTurn} label={say("elementRecords")} />
    </section>
  );
}

interface TurnProps {
  from: number;
  next: number | null;
  page: number;
  onTurn: (from: number) => void;
  label: string;
}

/** Turn the pages of a long list; nothing where it has only one. */
function Turn({ from, next, page, onTurn, label }: TurnProps) {
  const { say } = useLanguage();
  if (from === 0 && next === null) return null;
  return (
    <p className="buttons">
      <button type="button" disabled={from === 0} aria-label={`${label}: ${say("previous")}`} onClick={() => onTurn(0)}>
        {say("previous")}
      </button>
      <span className="soft">
        {from + 1} – {from + page}
      </span>
      <button type="button" disabled={next === null} aria-label={`${label}: ${say("next")}`} onClick={() => next !== null && onTurn(next)}>
        {say("next")}
      </button>
    </p>
  );
}

function Surveys({ record }: { record: RecordShown }) {
  const { say } = useLanguage();
  return (
    <section className="card" aria-label={say("surveysBehind")}>
      <h2>{say("surveysBehind")}</h2>
      <ul>
        {record.surveys.map((one) => (
          <li key={one.survey_id}>
            <Inner view={{ name: "review", surveyId: one.survey_id }}>
              {one.date} {one.surface}
            </Inner>{" "}
            <small>
              {one.photos} {say("photos")} · {one.gsd_mm_per_px.toFixed(2)} mm/px · {one.models.join(", ")}
            </small>
          </li>
        ))}
      </ul>
      {record.unverified.length > 0 && (
        <p className="soft">
          <span className="badge">{say("unverified")}</span> {say("unverifiedRules")}: {record.unverified.join(", ")}
        </p>
      )}
    </section>
  );
}
