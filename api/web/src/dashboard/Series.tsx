import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";

import type { Schemas } from "../client";
import { useLanguage } from "../i18n/language";
import { seriesQuery } from "../queries";
import { Trouble } from "../Trouble";
import { bars, ceiling, periodName, type Step } from "./chart";
import type { Where } from "./where";

const STEPS = { month: { count: 24, word: "byMonth" }, day: { count: 60, word: "byDay" } } as const;
const LINES = ["detected", "decided", "ordered", "finished", "open"] as const;

type Line = (typeof LINES)[number];

/** Show what happened in each month or on each day: a small chart for each kind of event. */
export function Series({ where }: { where: Where }) {
  const { say } = useLanguage();
  const [step, setStep] = useState<Step>("month");
  const { data, error } = useQuery({
    ...seriesQuery(step, STEPS[step].count, where),
    placeholderData: keepPreviousData,
  });
  const periods = data?.periods ?? [];
  return (
    <section className="card">
      <div className="title">
        <h2>{say("seriesTitle")}</h2>
        <div className="tabs" role="group" aria-label={say("seriesTitle")}>
          {(["month", "day"] as const).map((name) => (
            <button key={name} type="button" aria-pressed={step === name} onClick={() => setStep(name)}>
              {say(STEPS[name].word)}
            </button>
          ))}
        </div>
      </div>
      <Trouble error={error} />
      <div className="charts">
        {LINES.map((line) => (
          <Bars key={line} line={line} periods={periods} step={step} />
        ))}
      </div>
      <details>
        <summary>{say("asTable")}</summary>
        <Numbers periods={periods} step={step} />
      </details>
    </section>
  );
}

interface Props {
  periods: readonly Schemas["CountedOut"][];
  step: Step;
}

/** Draw one line of the series; the table below it says the same in numbers. */
function Bars({ line, periods, step }: Props & { line: Line }) {
  const { say } = useLanguage();
  const values = periods.map((period) => period[line]);
  const told = line === "open" ? (values.at(-1) ?? 0) : values.reduce((sum, value) => sum + value, 0);
  const about = `${say(`series_${line}`)}: ${say(line === "open" ? "atLast" : "inAll")} ${told}, ${say("most")} ${Math.max(0, ...values)}`;
  const [first, last] = [periods[0], periods.at(-1)];
  return (
    <figure className={`bars bars-${line}`}>
      <figcaption>
        {say(`series_${line}`)} <b>{told.toLocaleString()}</b> <small>{say(line === "open" ? "atLast" : "inAll")}</small>
      </figcaption>
      <div className="bars-frame">
        <small>{ceiling(values).toLocaleString()}</small>
        <svg viewBox="0 0 100 100" preserveAspectRatio="none" role="img" aria-label={about}>
          {bars(values).map((bar, i) => (
            <rect key={periods[i]?.first} x={bar.x} y={bar.y} width={bar.width} height={bar.height}>
              <title>{`${periodName(periods[i]!, step)}: ${values[i]}`}</title>
            </rect>
          ))}
        </svg>
      </div>
      {first && last && (
        <small className="bars-ends">
          <span>{periodName(first, step)}</span>
          <span>{periodName(last, step)}</span>
        </small>
      )}
    </figure>
  );
}

function Numbers({ periods, step }: Props) {
  const { say } = useLanguage();
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label={say("asTable")}>
      <table>
        <thead>
          <tr>
            <th scope="col">{say("period")}</th>
            {LINES.map((line) => (
              <th key={line} scope="col" className="number">
                {say(`series_${line}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {[...periods].reverse().map((period) => (
            <tr key={period.first}>
              <th scope="row">{periodName(period, step)}</th>
              {LINES.map((line) => (
                <td key={line} className="number">
                  {period[line]}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
