import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import type { Schemas } from "../client";
import { useLanguage } from "../i18n/language";
import { Picture } from "../Picture";
import { coverageQuery } from "../queries";
import { Trouble } from "../Trouble";
import { CoverageMap, REACHES } from "./CoverageMap";

const WIDTH_KEY = "tenken.wanted-width";
const WIDTH_MM = 0.2;

/** Say on site what the photos cover at the wanted crack width, before anything is processed. */
export default function CoverageCard({ surveyId, photoCount }: { surveyId: string; photoCount: number }) {
  const { say } = useLanguage();
  const [width, setWidth] = useState(() => localStorage.getItem(WIDTH_KEY) ?? String(WIDTH_MM));
  const [height, setHeight] = useState("0");
  const [chosen, setChosen] = useState<string | null>(null);
  const widthMm = Number(width) >= 0.01 && Number(width) <= 50 ? Number(width) : WIDTH_MM;
  const heightM = Math.abs(Number(height)) <= 500 ? Number(height) || 0 : 0;
  const { data, error } = useQuery({ ...coverageQuery(surveyId, widthMm, heightM), enabled: photoCount > 0 });
  const sighting = data?.sightings.find((one) => one.sha256 === chosen);
  const level = data?.sightings.filter((one) => one.level).length ?? 0;
  return (
    <section className="card coverage" aria-label={say("photoCoverage")}>
      <h2>{say("photoCoverage")}</h2>
      <div className="fields">
        <label>
          {say("wantedWidth")}
          <input
            type="number"
            min="0.01"
            max="50"
            step="0.05"
            value={width}
            onChange={(event) => {
              setWidth(event.target.value);
              localStorage.setItem(WIDTH_KEY, event.target.value);
            }}
          />
        </label>
        <label>
          {say("surfaceHeight")}
          <input
            type="number"
            min="-500"
            max="500"
            step="0.5"
            value={height}
            onChange={(event) => setHeight(event.target.value)}
          />
        </label>
      </div>
      <Trouble error={error} />
      {data && data.sightings.length > 0 ? (
        <>
          <p className="covered">
            <b>{Math.floor(data.share * 100)} %</b> {say("coveredShare")} <small>({data.area_m2.toFixed(0)} m²)</small>
          </p>
          <CoverageMap label={say("photoCoverage")} coverage={data} onChosen={setChosen} />
          <Legend coverage={data} />
          {sighting ? <Chosen surveyId={surveyId} one={sighting} /> : <p className="soft">{say("photoOnMap")}</p>}
          <p className="soft">{say("coverageHint")}</p>
        </>
      ) : (
        <p className="soft">{say("coverageEmpty")}</p>
      )}
      {data && <Unplaced unplaced={data.unplaced} />}
      {level > 0 && (
        <p className="wait">
          {level} {say("takenLevel")}
        </p>
      )}
    </section>
  );
}

function Legend({ coverage }: { coverage: Schemas["CoverageOut"] }) {
  const { say } = useLanguage();
  return (
    <ul className="levels">
      {REACHES.map((reach) => {
        const area = coverage.regions.find((region) => region.reach === reach)?.area_m2 ?? 0;
        return (
          <li key={reach} data-reach={reach}>
            <i className={`reach-${reach}`} /> {say(`reach_${reach}`)}{" "}
            <b>{coverage.area_m2 > 0 ? Math.round((100 * area) / coverage.area_m2) : 0} %</b>
          </li>
        );
      })}
    </ul>
  );
}

function Chosen({ surveyId, one }: { surveyId: string; one: Schemas["FootprintOut"] }) {
  const { say } = useLanguage();
  return (
    <div className="chosen" role="status">
      <Picture src={`/api/surveys/${surveyId}/photos/${one.sha256}/thumbnail`} alt="" width="140" height="105" />
      <dl>
        <dt>{one.name}</dt>
        <dd>{say(`reach_${one.reach}`)}</dd>
        <dt>GSD</dt>
        <dd>{one.gsd_mm_per_px.toFixed(2)} mm/px</dd>
        <dt>{say("width")}</dt>
        <dd>≥ {one.width_min_mm.toFixed(2)} mm</dd>
        <dt>{say("sharpness")}</dt>
        <dd>{one.sharpness_relative === null ? "–" : `${Math.round(100 * one.sharpness_relative)} %`}</dd>
      </dl>
    </div>
  );
}

/** Name the photos that are on no map, by their reasons: what is not known is not covered. */
function Unplaced({ unplaced }: { unplaced: readonly Schemas["UnplacedOut"][] }) {
  const { say } = useLanguage();
  if (unplaced.length === 0) return null;
  const reasons = [...new Set(unplaced.map(({ reason }) => reason))];
  return (
    <details className="wait unplaced">
      <summary>
        {say("unplaced")}: {unplaced.length} (
        {reasons
          .map((reason) => `${say(`un_${reason}`)} ${unplaced.filter((one) => one.reason === reason).length}`)
          .join(", ")}
        )
      </summary>
      <ul>
        {unplaced.map(({ sha256, name, reason }) => (
          <li key={sha256}>
            {name} · {say(`un_${reason}`)}
          </li>
        ))}
      </ul>
    </details>
  );
}
