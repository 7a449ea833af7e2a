import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";

import { addressOf, go, type View } from "../address";
import { useLanguage } from "../i18n/language";
import { Trouble } from "../Trouble";
import "./inspections.css";
import { type Standing, TABS, type Tab } from "./inspection";
import { lineupQuery } from "./queries";

/** List inspections as they stand: what waits for an approval first. */
export default function InspectionsPage({ tab }: { tab: Tab }) {
  const { say } = useLanguage();
  const [year, setYear] = useState("");
  const fiscalYear = /^(19[5-9]\d|2[01]\d\d)$/.test(year.normalize("NFKC")) ? Number(year.normalize("NFKC")) : null;
  const [ledgerOnly, setLedgerOnly] = useState(false);
  const { data, error, hasNextPage, fetchNextPage, isFetching } = useInfiniteQuery(lineupQuery(tab, fiscalYear, ledgerOnly));
  const rows = data?.pages.flatMap((page) => page.inspections) ?? [];
  const isOver = data !== undefined && !hasNextPage;
  return (
    <main className="page inspections">
      <div className="title">
        <h1>{say("inspections")}</h1>
        <nav className="tabs" aria-label={say("inspections")}>
          {TABS.map((name) => (
            <Inner key={name} view={{ name: "inspections", tab: name }} isHere={name === tab}>
              {say(`tab_${name}`)}
            </Inner>
          ))}
        </nav>
      </div>
      <p className="soft">{say(`hint_${tab}`)}</p>
      <div className="fields">
        <label>
          {say("fiscalYear")}
          <input inputMode="numeric" maxLength={4} placeholder={say("all")} value={year} onChange={(event) => setYear(event.target.value)} />
        </label>
        <label className="check">
          <input type="checkbox" checked={ledgerOnly} onChange={(event) => setLedgerOnly(event.target.checked)} />
          {say("ledgerOnly")}
        </label>
      </div>
      <Trouble error={error} />
      {data === undefined && error === null && <p className="empty">{say("loading")}</p>}
      {isOver && rows.length === 0 && <p className="card empty">{say(`none_${tab}`)}</p>}
      {rows.length > 0 && <Table rows={rows} tab={tab} />}
      {hasNextPage && (
        <p className="buttons">
          <button type="button" disabled={isFetching} onClick={() => void fetchNextPage()}>
            {say(rows.length === 0 ? "lookFurther" : "showMore")}
          </button>
        </p>
      )}
    </main>
  );
}

/** Lead to another view without loading the page anew. */
export function Inner({ view, isHere, children }: { view: View; isHere?: boolean; children: React.ReactNode }) {
  return (
    <a
      href={addressOf(view)}
      aria-current={isHere ? "page" : undefined}
      onClick={(event) => {
        event.preventDefault();
        go(view);
      }}
    >
      {children}
    </a>
  );
}

function Table({ rows, tab }: { rows: readonly Standing[]; tab: Tab }) {
  const { say } = useLanguage();
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label={say(`tab_${tab}`)}>
      <table>
        <thead>
          <tr>
            <th scope="col">{say("asset")}</th>
            <th scope="col">{say("fiscalYear")}</th>
            <th scope="col">{say("state")}</th>
            <th scope="col">{say("soundness")}</th>
            <th scope="col" className="number">
              {say("survey")}
            </th>
            <th scope="col" className="number">
              {say("unreviewedCount")}
            </th>
            <th scope="col" className="number">
              {say("elementRecords")}
            </th>
            <th scope="col">{say("lastDecision")}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Row key={`${row.asset_id} ${row.fiscal_year}`} row={row} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ row }: { row: Standing }) {
  const { language, say } = useLanguage();
  return (
    <tr data-inspection={row.asset_id} data-state={row.state}>
      <td>
        <Inner view={{ name: "inspection", assetId: row.asset_id, fiscalYear: row.fiscal_year }}>{row.name || row.asset_id}</Inner>{" "}
        <small>{row.asset_id}</small>
      </td>
      <td>{row.fiscal_year}</td>
      <td>
        <b className={`state inspection-${row.state}`}>{say(`inspection_${row.state}`)}</b>
      </td>
      <td>
        {row.soundness ? (
          <>
            <b>{row.soundness}</b> <small>{row.diagnosed_by || say("byLedger")}</small>
          </>
        ) : (
          <span className="soft">{say("notDiagnosed")}</span>
        )}
      </td>
      <td className="number">{row.surveys}</td>
      <td className="number">{row.unreviewed}</td>
      <td className="number">{row.element_records}</td>
      <td className="long">
        {row.last && (
          <>
            {say(`action_${row.last.action}`)} · {row.last.by} · {new Date(row.last.at).toLocaleDateString(language)}
            <br />
            {row.last.why}
          </>
        )}
      </td>
    </tr>
  );
}
