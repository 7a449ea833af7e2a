import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";

import type { Schemas } from "../../client";
import { useLanguage } from "../../i18n/language";
import { Trouble } from "../../Trouble";
import { shown } from "../quantity";
import { swipeWith, useShared } from "./pointing";
import { type Earlier, earlierQuery, growthQuery, type Seen } from "./queries";

/** Say what became of a defect since an earlier survey, and lay the two over each other. */
export function LastInspection({ seen }: { seen: Seen }) {
  const { language, say } = useLanguage();
  const { data, error } = useQuery(earlierQuery(seen));
  const surveys = data?.surveys ?? [];
  const [picked, setPicked] = useState<string | null>(null);
  const chosen = surveys.find((each) => each.survey_id === picked) ?? surveys.find((each) => each.obstacle === null) ?? surveys[0];
  useEffect(() => () => swipeWith(null), []);
  return (
    <section className="since" aria-label={say("lastInspection")}>
      <h3>{say("lastInspection")}</h3>
      <Trouble error={error} />
      {data && surveys.length === 0 && <p className="empty">{say("noEarlier")}</p>}
      {chosen && (
        <>
          <label>
            {say("compareWithSurvey")}
            <select
              value={chosen.survey_id}
              onChange={(event) => {
                swipeWith(null);
                setPicked(event.target.value);
              }}
            >
              {surveys.map((each) => (
                <option key={each.survey_id} value={each.survey_id}>
                  {new Date(each.created_at).toLocaleDateString(language)}
                  {each.obstacle && " –"}
                </option>
              ))}
            </select>
          </label>
          {chosen.obstacle ? (
            <p className="hint">{say(`obstacle_${chosen.obstacle}`)}</p>
          ) : (
            <Compared seen={seen} earlier={chosen} />
          )}
        </>
      )}
    </section>
  );
}

function Compared({ seen, earlier }: { seen: Seen; earlier: Earlier }) {
  const { say } = useLanguage();
  const { data: growth, error } = useQuery(growthQuery(seen, earlier.survey_id));
  const { swipe } = useShared();
  const isOn = swipe === earlier.survey_id;
  const then = earlier.near.find((each) => each.is_same);
  return (
    <>
      <Trouble error={error} />
      {!growth && !error && <p className="empty">{say("loading")}</p>}
      {growth && (
        <>
          <p>
            <b className={`change ${growth.change}`}>{say(`change_${growth.change}`)}</b>
          </p>
          <dl>
            <Changed name={say("widthChange")} by={growth.width_change_mm} unit="mm" digits={2} />
            <Changed name={say("lengthChange")} by={growth.length_change_m} unit="m" digits={3} />
            {growth.width_change_mm === null && growth.length_change_m === null && (
              <Changed name={say("areaChange")} by={growth.area_change_m2} unit="m²" digits={4} />
            )}
            {then?.width_mm && (
              <>
                <dt>{say("widthThen")}</dt>
                <dd>{shown(then.width_mm, "mm", 2)}</dd>
              </>
            )}
          </dl>
          {growth.note && <p className="soft">{growth.note}</p>}
        </>
      )}
      {earlier.mosaic?.tiles && (
        <button type="button" aria-pressed={isOn} onClick={() => swipeWith(isOn ? null : earlier.survey_id)}>
          {say(isOn ? "swipeOff" : "swipeOn")}
        </button>
      )}
    </>
  );
}

interface ChangedProps {
  name: string;
  by: Schemas["ChangedByOut"] | null;
  unit: string;
  digits: number;
}

function Changed({ name, by, unit, digits }: ChangedProps) {
  const { say } = useLanguage();
  if (by === null) return null;
  return (
    <>
      <dt>{name}</dt>
      <dd>
        {signed(by.value, digits)} ± {by.expanded_uncertainty.toFixed(digits)} {unit}
        {!by.significant && <small>{say("notSignificant")}</small>}
      </dd>
    </>
  );
}

/** Write a difference with its sign; what rounds to nothing has none. */
export function signed(value: number, digits: number): string {
  const text = Math.abs(value).toFixed(digits);
  if (Number(text) === 0) return text;
  return `${value > 0 ? "+" : "−"}${text}`;
}
