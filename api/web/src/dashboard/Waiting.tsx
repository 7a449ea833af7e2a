import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { go } from "../address";
import type { Schemas } from "../client";
import { useLanguage } from "../i18n/language";
import { classesQuery, waitingQuery } from "../queries";
import { may, useSession } from "../session/session";
import { Trouble } from "../Trouble";
import { MeasureDialog, type Subject } from "./MeasureDialog";
import type { Where } from "./where";

const FIRST = 10;
const LEVELS = ["", "I", "II", "III", "IV"] as const;

/** List what waits for a measure: assets of III and IV, and confirmed damage. */
export function Waiting({ urgent, where }: { urgent: readonly Schemas["UrgentOut"][]; where: Where }) {
  const [subject, setSubject] = useState<Subject | null>(null);
  return (
    <>
      <Urgent assets={urgent} onRecord={setSubject} />
      <Damages where={where} onRecord={setSubject} />
      {subject && <MeasureDialog key={`${subject.assetId} ${subject.defectId}`} subject={subject} onClose={() => setSubject(null)} />}
    </>
  );
}

interface RecordProps {
  onRecord: (subject: Subject) => void;
}

function Urgent({ assets, onRecord }: RecordProps & { assets: readonly Schemas["UrgentOut"][] }) {
  const { say } = useLanguage();
  const [rows, setRows] = useState(FIRST);
  const mayRecord = may(useSession(), "plan");
  return (
    <section className="card urgent">
      <h2>{say("urgentTitle")}</h2>
      {assets.length === 0 ? (
        <p className="empty">{say("urgentNone")}</p>
      ) : (
        <div className="scroll" tabIndex={0} role="region" aria-label={say("urgentTitle")}>
          <table>
            <thead>
              <tr>
                {(["soundness", "asset", "municipality", "diagnosedIn", "measureState"] as const).map((word) => (
                  <th key={word} scope="col">
                    {say(word)}
                  </th>
                ))}
                {mayRecord && <th scope="col">{say("recordMeasure")}</th>}
              </tr>
            </thead>
            <tbody>
              {assets.slice(0, rows).map((asset) => (
                <tr key={asset.asset_id} data-asset={asset.asset_id}>
                  <td>
                    <b className={`level level-${LEVELS[asset.level]}`}>{LEVELS[asset.level]}</b>
                  </td>
                  <td>
                    {asset.name} <small>{asset.asset_id}</small>
                  </td>
                  <td>{asset.municipality || "–"}</td>
                  <td>{asset.inspected_fiscal_year ?? "–"}</td>
                  <td>{say(asset.begun ? "stage_ordered" : "stage_none")}</td>
                  {mayRecord && (
                    <td>
                      <button
                        type="button"
                        className="link"
                        onClick={() => onRecord({ assetId: asset.asset_id, defectId: null, name: asset.name })}
                      >
                        {say("recordMeasure")}
                        <span className="unseen"> {asset.name}</span>
                      </button>
                    </td>
                  )}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {assets.length > rows && (
        <button type="button" onClick={() => setRows(rows * 2)}>
          {say("showMore")}
        </button>
      )}
    </section>
  );
}

function Damages({ where, onRecord }: RecordProps & { where: Where }) {
  const { language, say } = useLanguage();
  const { data, error } = useQuery(waitingQuery(where));
  const { data: classes } = useQuery(classesQuery);
  const mayRecord = may(useSession(), "plan");
  const nameOf = (code: string) => {
    const found = classes?.damage_classes.find((one) => one.code === code);
    return found === undefined ? code : found[language];
  };
  return (
    <section className="card waiting">
      <h2>{say("waitingTitle")}</h2>
      <Trouble error={error} />
      {data?.damages.length === 0 && <p className="empty">{say("waitingNone")}</p>}
      {data !== undefined && data.damages.length > 0 && (
        <div className="scroll" tabIndex={0} role="region" aria-label={say("waitingTitle")}>
          <table>
            <thead>
              <tr>
                <th scope="col" className="number">
                  {say("waitsFor")}
                </th>
                {(["damageClass", "asset", "detectedOn", "measureState"] as const).map((word) => (
                  <th key={word} scope="col">
                    {say(word)}
                  </th>
                ))}
                {mayRecord && <th scope="col">{say("recordMeasure")}</th>}
              </tr>
            </thead>
            <tbody>
              {data.damages.map((damage) => (
                <tr key={damage.defect_id} data-damage={damage.defect_id}>
                  <td className="number">{damage.days}</td>
                  <td>
                    <a
                      href={`/app/surveys/${damage.survey_id}/defects/${damage.defect_id}`}
                      onClick={(event) => {
                        event.preventDefault();
                        go({ name: "review", surveyId: damage.survey_id, defectId: damage.defect_id });
                      }}
                    >
                      {nameOf(damage.damage_class)}
                    </a>
                  </td>
                  <td>
                    {damage.asset_name} <small>{damage.asset_id}</small>
                  </td>
                  <td>{damage.detected}</td>
                  <td>{damage.ordered === null ? say("stage_none") : `${say("stage_ordered")} ${damage.ordered}`}</td>
                  {mayRecord && (
                    <td>
                      <button
                        type="button"
                        className="link"
                        onClick={() =>
                          onRecord({
                            assetId: damage.asset_id,
                            defectId: damage.defect_id,
                            name: `${damage.asset_name}: ${nameOf(damage.damage_class)}`,
                          })
                        }
                      >
                        {say("recordMeasure")}
                        <span className="unseen">
                          {" "}
                          {nameOf(damage.damage_class)} {damage.asset_name} {damage.detected}
                        </span>
                      </button>
                    </td>
                  )}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
