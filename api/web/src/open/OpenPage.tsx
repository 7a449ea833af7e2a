import { useQuery } from "@tanstack/react-query";

import { useLanguage } from "../i18n/language";
import { monthlyQuery, openFilesQuery } from "../queries";
import { Trouble } from "../Trouble";
import { type Counted, LEVELS, type Month, shares, trend } from "./figures";

/** Tell residents, in plain words, what was inspected and repaired: the published part only. */
export function OpenPage() {
  const { language, say } = useLanguage();
  const { data: months, error } = useQuery(monthlyQuery);
  const { data: files } = useQuery(openFilesQuery);
  const latest = months?.at(-1);
  return (
    <main className="page open">
      <h1>{say("openTitle")}</h1>
      <p>{say("openIntro")}</p>
      <Trouble error={error} />
      {months?.length === 0 && <p className="card empty">{say("openEmpty")}</p>}
      {months && latest && (
        <>
          <p className="soft">
            {say("openMonth")} {latest.month} · {say("openCycle")} {latest.figures.cycle.join("–")}
          </p>
          {Object.entries(latest.figures.kinds).map(([kind, counted]) => (
            <Kind key={kind} kind={kind} counted={counted} months={months} />
          ))}
          <Places latest={latest} />
        </>
      )}
      {files && files.length > 0 && (
        <section className="card">
          <h2>{say("openFiles")}</h2>
          <ul>
            {files.map((file) => (
              <li key={file.url}>
                <a href={file.url}>{file.name[language]}</a> <small>{file.format}</small>
              </li>
            ))}
          </ul>
        </section>
      )}
    </main>
  );
}

function Kind({ kind, counted, months }: { kind: string; counted: Counted; months: readonly Month[] }) {
  const { say } = useLanguage();
  return (
    <section className="card">
      <h2>
        {say(`kind_${kind as "bridge"}`)} ({counted.assets})
      </h2>
      <div className="figures">
        <Share title={say("openInspected")} part={counted.inspected_in_cycle} whole={counted.assets} percent={counted.inspected_percent} />
        <Share title={say("openRepaired")} part={counted.urgent_done} whole={counted.urgent} percent={counted.urgent_done_percent} />
      </div>
      <h3>{say("openSoundness")}</h3>
      <div className="soundness" aria-hidden="true">
        {shares(counted).map(({ level, share }) => (
          <i key={level} className={`level-${level}`} style={{ width: `${100 * share}%` }} />
        ))}
      </div>
      <ul className="levels">
        {LEVELS.map((level) => (
          <li key={level}>
            <i className={`level-${level}`} /> {say(`level_${level}`)}: <b>{counted.soundness[level]}</b>
          </li>
        ))}
      </ul>
      {months.length > 1 && (
        <figure className="trend">
          <figcaption>
            {say("openTrend")} ({months[0]?.month} – {months.at(-1)?.month})
          </figcaption>
          <svg viewBox="-2 -2 104 104" preserveAspectRatio="none" role="img" aria-label={say("openTrend")}>
            <path d={trend(months, kind, "inspected_percent")} className="line-inspected" />
            <path d={trend(months, kind, "urgent_done_percent")} className="line-repaired" />
          </svg>
          <small>
            <b className="line-inspected">—</b> {say("openInspected")} <b className="line-repaired">—</b>{" "}
            {say("openRepaired")}
          </small>
        </figure>
      )}
    </section>
  );
}

interface ShareProps {
  title: string;
  part: number;
  whole: number;
  percent: number | null;
}

function Share({ title, part, whole, percent }: ShareProps) {
  return (
    <div className="share">
      <span>{title}</span>
      <b>{percent === null ? "–" : `${percent.toFixed(1)} %`}</b>
      <small>
        {part} / {whole}
      </small>
      <progress max={100} value={percent ?? 0} aria-label={title} />
    </div>
  );
}

function Places({ latest }: { latest: Month }) {
  const { say } = useLanguage();
  const rows = latest.figures.municipalities;
  if (rows.length === 0) return null;
  return (
    <section className="card">
      <h2>{say("openPlaces")}</h2>
      <div className="scroll">
        <table>
          <thead>
            <tr>
              {(["municipality", "openKind", "assets", "openInspected", "openUrgent", "openRepaired"] as const).map((word) => (
                <th key={word} scope="col">
                  {say(word)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={`${row.kind} ${row.municipality}`}>
                <td>{row.municipality || "–"}</td>
                <td>{say(`kind_${row.kind as "bridge"}`)}</td>
                <td>{row.assets}</td>
                <td>{row.inspected_percent === null ? "–" : `${row.inspected_percent} %`}</td>
                <td>{row.urgent}</td>
                <td>{row.urgent_done_percent === null ? "–" : `${row.urgent_done_percent} %`}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
