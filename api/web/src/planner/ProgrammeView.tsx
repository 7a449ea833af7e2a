import { useLanguage } from "../i18n/language";
import { million, type Programme, type WorkLine, worksByYear } from "./terms";

const FIRST_LEFT = 100;

/** Show a programme: money by year, works by year with reasons, what lacks and what is left. */
export function ProgrammeView({ programme, isDraft }: { programme: Programme; isDraft: boolean }) {
  const { say } = useLanguage();
  const left = programme.lines.filter((line) => line.fiscal_year === null);
  return (
    <>
      <h2>{isDraft ? say("draft") : programme.name}</h2>
      <p className="soft">
        {programme.model} · {say("priceList")} {programme.price_list} · {say("belowBest")} ≤{" "}
        {(100 * programme.gap).toFixed(2)} % · {say("needed")} {million(programme.needed_yen)} {say("millionYen")}
      </p>
      <Money programme={programme} />
      {programme.shortage.length > 0 && (
        <div className="trouble" role="alert">
          {say("shortage")}:
          <ul>
            {programme.shortage.map((short) => (
              <li key={`${short.asset_id} ${short.task}`}>
                {short.asset_id} ({short.rules.join(", ")}): {million(short.least_yen)} {say("millionYen")},{" "}
                {short.fiscal_year}
              </li>
            ))}
          </ul>
        </div>
      )}
      {programme.differences && <Differences programme={programme} />}
      {worksByYear(programme).map(([year, works]) => (
        <section key={year}>
          <h3>
            {year} · {works.length} {say("works")}
          </h3>
          {works.length > 0 && <Works lines={works} />}
        </section>
      ))}
      <details>
        <summary>
          {say("notInProgramme")} ({left.length})
        </summary>
        <Works lines={left.slice(0, FIRST_LEFT)} />
        {left.length > FIRST_LEFT && <p className="soft">{say("restInFile")}</p>}
      </details>
    </>
  );
}

function Money({ programme }: { programme: Programme }) {
  const { say } = useLanguage();
  const most = Math.max(1, ...programme.years.map((year) => Math.max(year.budget_yen, year.spent_yen)));
  return (
    <table className="money">
      <thead>
        <tr>
          {(["fiscalYear", "budget", "planned", "works"] as const).map((word) => (
            <th key={word} scope="col" className={word === "fiscalYear" ? "" : "number"}>
              {say(word)}
            </th>
          ))}
          <th scope="col">
            <span className="unseen">{say("planned")}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {programme.years.map((year) => (
          <tr key={year.fiscal_year}>
            <th scope="row">{year.fiscal_year}</th>
            <td className="number">{million(year.budget_yen)}</td>
            <td className="number">{million(year.spent_yen)}</td>
            <td className="number">{year.works}</td>
            <td>
              <span className="money-bar" style={{ width: `${(100 * year.budget_yen) / most}%` }}>
                <i style={{ width: `${(100 * year.spent_yen) / Math.max(year.budget_yen, 1)}%` }} />
              </span>
            </td>
          </tr>
        ))}
      </tbody>
      <caption>{say("millionYen")}</caption>
    </table>
  );
}

function Works({ lines }: { lines: readonly WorkLine[] }) {
  const { language, say } = useLanguage();
  return (
    <table className="works">
      <thead>
        <tr>
          {(["rank", "asset", "municipality", "work", "cost", "reason"] as const).map((word) => (
            <th key={word} scope="col" className={word === "rank" || word === "cost" ? "number" : ""}>
              {say(word)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {lines.map((line) => (
          <tr key={`${line.asset_id} ${line.task}`} data-asset={line.asset_id}>
            <td className="number">{line.rank}</td>
            <td>
              {line.name} <small>{line.asset_id}</small>
            </td>
            <td>{line.municipality}</td>
            <td>{say(`work_${(line.work || line.task) as "major"}`)}</td>
            <td className="number">{line.cost_yen === null ? "–" : million(line.cost_yen)}</td>
            <td className="long">{line.reason[language]}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Differences({ programme }: { programme: Programme }) {
  const { say } = useLanguage();
  const changes = programme.differences ?? [];
  const state = (one: readonly unknown[] | null) =>
    one === null ? say("notIn") : `${String(one[0])} ${say(`work_${String(one[1]) as "major"}`)}`;
  return (
    <details open>
      <summary>
        {say("differences")} ({changes.length})
      </summary>
      {programme.ledger_changed && <p className="hint">{say("ledgerChanged")}</p>}
      <ul className="findings">
        {changes.map((change) => (
          <li key={`${change.asset_id} ${change.task}`}>
            {change.name} <span className="soft">{change.asset_id}</span>: {state(change.before)} → {state(change.after)}
          </li>
        ))}
      </ul>
    </details>
  );
}
