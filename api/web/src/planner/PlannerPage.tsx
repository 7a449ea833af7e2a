import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { useLanguage } from "../i18n/language";
import { rankingQuery } from "../queries";
import { Trouble } from "../Trouble";
import { Explanation } from "./Explanation";
import { PlacesMap } from "./PlacesMap";
import { PlaceTable } from "./PlaceTable";
import { ProgrammeTab } from "./ProgrammeTab";
import { type Cell, RiskMatrix } from "./RiskMatrix";
import { WeightSliders } from "./WeightSliders";
import { cellOf, sent, type Weights } from "./weights";

const TABS = ["ranking", "programme"] as const;
const FIRST_ROWS = 200;

/** Rank the assets, try other weights, and draw up programmes of works. */
export default function PlannerPage() {
  const { say } = useLanguage();
  const [tab, setTab] = useState<(typeof TABS)[number]>("ranking");
  const [weights, setWeights] = useState<Weights | null>(null);
  return (
    <main className="review planner">
      <div className="title">
        <h1>{say("planner")}</h1>
        <div role="tablist" aria-label={say("planner")} className="tabs">
          {TABS.map((name) => (
            <button key={name} type="button" role="tab" aria-selected={tab === name} onClick={() => setTab(name)}>
              {say(name)}
            </button>
          ))}
        </div>
      </div>
      {tab === "ranking" ? (
        <RankingTab weights={weights} onWeights={setWeights} />
      ) : (
        <ProgrammeTab weights={weights} />
      )}
    </main>
  );
}

interface RankingProps {
  weights: Weights | null;
  onWeights: (weights: Weights | null) => void;
}

function RankingTab({ weights, onWeights }: RankingProps) {
  const { say } = useLanguage();
  const asked = sent(weights);
  const ranking = useQuery({ ...rankingQuery(asked), placeholderData: keepPreviousData });
  const [cell, setCell] = useState<Cell | null>(null);
  const [chosenId, setChosenId] = useState<string | null>(null);
  const [rows, setRows] = useState(FIRST_ROWS);
  const { data } = ranking;
  if (data === undefined) return ranking.error ? <Trouble error={ranking.error} /> : <p className="empty">{say("loading")}</p>;
  const places = data.places.filter((place) => {
    const [likelihood, consequence] = cellOf(place);
    return cell === null || (likelihood === cell[0] && consequence === cell[1]);
  });
  const own = data.model_weights as unknown as Weights;
  const refused = Object.entries(data.refused);
  if (data.number_matched === 0 && refused.length === 0) return <p className="card empty">{say("noAssets")}</p>;
  return (
    <div className="desk">
      <section className="list controls" aria-label={say("weights")}>
        <WeightSliders weights={weights ?? own} own={own} changed={weights !== null} onChange={onWeights} />
        <RiskMatrix counts={data.risk_matrix} chosen={cell} onChoose={setCell} />
        <p className="soft">
          {data.model} · {say("fiscalYear")} {data.fiscal_year}
        </p>
        {refused.length > 0 && (
          <details className="hint">
            <summary>
              {say("notScored")} ({refused.length})
            </summary>
            <ul>
              {refused.map(([assetId, reason]) => (
                <li key={assetId}>
                  {assetId}: {reason}
                </li>
              ))}
            </ul>
          </details>
        )}
      </section>
      <div className="stack">
        <Trouble error={ranking.error} />
        <PlacesMap label={say("assetMap")} places={places} chosenId={chosenId} onChoose={setChosenId} />
        <div className="scroll ranking">
          <p className="count" role="status">
            {places.length} / {data.number_matched} {say("assets")}
          </p>
          <PlaceTable places={places.slice(0, rows)} chosenId={chosenId} onChoose={setChosenId} />
          {places.length > rows && (
            <button type="button" onClick={() => setRows(rows + FIRST_ROWS)}>
              {say("showMore")}
            </button>
          )}
        </div>
      </div>
      <section className="panel" aria-live="polite" aria-label={say("reasons")}>
        {chosenId === null ? (
          <p className="empty">{say("chooseAsset")}</p>
        ) : (
          <Explanation assetId={chosenId} weights={asked} />
        )}
      </section>
    </div>
  );
}
