import { useState } from "react";

import { useLanguage } from "../i18n/language";
import { type SurveyRow, useSurveys } from "../useSurveys";

/** Keep which survey was picked, the newest that fits until somebody picks another; or that there is none. */
export function useSurveyPick(fits: (survey: SurveyRow) => boolean = () => true) {
  const found = useSurveys();
  const [picked, setPicked] = useState<SurveyRow | null>(null);
  const fitting = found.surveys?.filter(fits);
  const survey = picked ?? fitting?.[0];
  const isNone = survey === undefined && found.isCurrent && found.typed.trim() === "" && found.more === null;
  return { ...found, fitting, survey, setPicked, isNone };
}

/** Pick a survey from a list; where there are many, find it by its asset. */
export function SurveyPick({ label, pick }: { label: string; pick: ReturnType<typeof useSurveyPick> }) {
  const { language, say } = useLanguage();
  const { typed, setTyped, survey, setPicked, more, isCurrent } = pick;
  const listed = pick.fitting ?? [];
  const isListed = listed.some((one) => one.survey_id === survey?.survey_id);
  const options = survey === undefined || isListed ? listed : [survey, ...listed];
  return (
    <>
      {(more !== null || typed !== "" || !isCurrent) && (
        <label>
          {say("findSurvey")}
          <input type="search" maxLength={200} placeholder={say("findSurveyBy")} value={typed} onChange={(event) => setTyped(event.target.value)} />
          {isCurrent && typed.trim() !== "" && listed.length === 0 && <span role="status">{say("noSurveyFound")}</span>}
        </label>
      )}
      <label>
        {label}
        <select value={survey?.survey_id} onChange={(event) => setPicked(options.find((one) => one.survey_id === event.target.value) ?? null)}>
          {options.map((one) => (
            <option key={one.survey_id} value={one.survey_id}>
              {one.asset_name} {new Date(one.created_at).toLocaleDateString(language)}
            </option>
          ))}
        </select>
      </label>
    </>
  );
}
