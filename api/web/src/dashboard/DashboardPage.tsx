import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";

import type { Schemas } from "../client";
import { useLanguage } from "../i18n/language";
import { dashboardQuery } from "../queries";
import { Trouble } from "../Trouble";
import { daysText, percentText } from "./chart";
import { Series } from "./Series";
import { Waiting } from "./Waiting";
import { ALL, whereOf } from "./where";

const LEVELS = ["I", "II", "III", "IV"] as const;
const LESSONS = ["teach_ledger", "teach_process", "teach_decide", "teach_measure"] as const;

type Dashboard = Schemas["DashboardOut"];

/** Tell planners how far inspection and repair have come, and what waits. */
export default function DashboardPage() {
  const { language, say } = useLanguage();
  const [kind, setKind] = useState<string>(ALL);
  const [municipality, setMunicipality] = useState<string>(ALL);
  const where = whereOf(kind, municipality);
  const { data, error } = useQuery({ ...dashboardQuery(where), placeholderData: keepPreviousData });
  if (data === undefined) {
    return <main className="page">{error ? <Trouble error={error} /> : <p className="empty">{say("loading")}</p>}</main>;
  }
  const empty = data.kinds.length === 0;
  return (
    <main className="page dashboard">
      <div className="title">
        <h1>{say("dashboardTitle")}</h1>
        <span className="soft">
          {language === "ja" ? `${data.day} ${say("asOf")}` : `${say("asOf")} ${data.day}`} · {say("fiscalYear")} {data.fiscal_year} · {say("openCycle")} {data.cycle.join("–")}
        </span>
      </div>
      <Trouble error={error} />
      {empty ? (
        <Lessons />
      ) : (
        <>
          <div className="fields">
            <label>
              {say("openKind")}
              <select value={kind} onChange={(event) => setKind(event.target.value)}>
                <option value={ALL}>{say("everyKind")}</option>
                {data.kinds.map((name) => (
                  <option key={name} value={name}>
                    {say(`kind_${name}`)}
                  </option>
                ))}
              </select>
            </label>
            <label>
              {say("municipality")}
              <select value={municipality} onChange={(event) => setMunicipality(event.target.value)}>
                <option value={ALL}>{say("everywhere")}</option>
                {data.municipalities.map((name) => (
                  <option key={name} value={name}>
                    {name || say("noMunicipality")}
                  </option>
                ))}
              </select>
            </label>
          </div>
          <SharesCard shares={data.shares} />
          <PhasesCard phases={data.phases} />
          <Series where={where} />
          <Waiting urgent={data.urgent} where={where} />
          <PlacesCard places={data.places} />
        </>
      )}
    </main>
  );
}

function Lessons() {
  const { say } = useLanguage();
  return (
    <section className="card">
      <h2>{say("dashboardEmpty")}</h2>
      <p>{say("dashboardTeach")}</p>
      <ol>
        {LESSONS.map((word) => (
          <li key={word}>{say(word)}</li>
        ))}
      </ol>
    </section>
  );
}

function SharesCard({ shares }: { shares: Dashboard["shares"] }) {
  const { say } = useLanguage();
  const stated = shares.soundness.reduce((sum, count) => sum + count, 0);
  const rows = [
    { word: "inspectedShare", part: shares.inspected, whole: shares.assets, percent: shares.inspected_percent },
    { word: "begunShare", part: shares.urgent_begun, whole: shares.urgent, percent: shares.urgent_begun_percent },
    { word: "doneShare", part: shares.urgent_done, whole: shares.urgent, percent: shares.urgent_done_percent },
  ] as const;
  return (
    <section className="card">
      <h2>
        {say("sharesTitle")} ({shares.assets})
      </h2>
      <div className="figures">
        {rows.map(({ word, part, whole, percent }) => (
          <div key={word} className="share" data-share={word}>
            <span>{say(word)}</span>
            <b>{percentText(percent)}</b>
            <small>
              {part} / {whole}
            </small>
            <progress max={100} value={percent ?? 0} aria-label={say(word)} />
          </div>
        ))}
      </div>
      <h3>{say("openSoundness")}</h3>
      <div className="soundness" aria-hidden="true">
        {LEVELS.map((level, i) => (
          <i key={level} className={`level-${level}`} style={{ width: `${(100 * (shares.soundness[i] ?? 0)) / Math.max(stated, 1)}%` }} />
        ))}
      </div>
      <ul className="levels">
        {LEVELS.map((level, i) => (
          <li key={level}>
            <i className={`level-${level}`} /> {say(`level_${level}`)}: <b>{shares.soundness[i]}</b>
          </li>
        ))}
      </ul>
    </section>
  );
}

function PhasesCard({ phases }: { phases: Dashboard["phases"] }) {
  const { say } = useLanguage();
  const unit = say("daysUnit");
  return (
    <section className="card">
      <h2>{say("phasesTitle")}</h2>
      <div className="scroll" tabIndex={0} role="region" aria-label={say("phasesTitle")}>
        <table className="phases">
          <thead>
            <tr>
              <th scope="col">{say("phase")}</th>
              {(["phaseMedian", "phaseMost", "phaseEnded", "phaseWaiting", "phaseLongest"] as const).map((word) => (
                <th key={word} scope="col" className="number">
                  {say(word)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {phases.map((phase) => (
              <tr key={phase.phase} data-phase={phase.phase}>
                <th scope="row">{say(`phase_${phase.phase}`)}</th>
                <td className="number">
                  <b>{daysText(phase.median, unit)}</b>
                </td>
                <td className="number">{daysText(phase.p90, unit)}</td>
                <td className="number">{phase.ended}</td>
                <td className="number">{phase.waiting}</td>
                <td className="number">{phase.longest_waiting === null ? "–" : `${phase.longest_waiting} ${unit}`}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p className="soft">{say("phasesHint")}</p>
    </section>
  );
}

function PlacesCard({ places }: { places: Dashboard["places"] }) {
  const { say } = useLanguage();
  return (
    <section className="card">
      <h2>{say("placesTitle")}</h2>
      <div className="scroll" tabIndex={0} role="region" aria-label={say("placesTitle")}>
        <table className="municipalities">
          <thead>
            <tr>
              <th scope="col">{say("municipality")}</th>
              <th scope="col">{say("openKind")}</th>
              {(["sharesTitle", "inspectedShare", "openUrgent", "begunShare", "doneShare", "phase_whole"] as const).map((word) => (
                <th key={word} scope="col" className="number">
                  {say(word)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {places.map(({ kind, municipality, shares, whole }) => (
              <tr key={`${kind} ${municipality}`}>
                <th scope="row">{municipality || say("noMunicipality")}</th>
                <td>{say(`kind_${kind}`)}</td>
                <td className="number">{shares.assets}</td>
                <td className="number">{percentText(shares.inspected_percent)}</td>
                <td className="number">{shares.urgent}</td>
                <td className="number">{percentText(shares.urgent_begun_percent)}</td>
                <td className="number">{percentText(shares.urgent_done_percent)}</td>
                <td className="number">{daysText(whole.median, say("daysUnit"))}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
