import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { answered } from "../admin/PersonRow";
import { api, type Schemas, told } from "../client";
import { useLanguage } from "../i18n/language";
import { Trouble } from "../Trouble";
import { keyOf, usable } from "./model";
import { SurveyPick, useSurveyPick } from "./SurveyPick";

/** Choose another model for one survey than for the rest; say where such a model is missing. */
export function SurveyChoices({ models }: { models: Schemas["ModelsOut"] }) {
  const { say } = useLanguage();
  const queries = useQueryClient();
  const pick = useSurveyPick();
  const choices = usable(models.models);
  const [model, setModel] = useState("");
  const renew = () => queries.invalidateQueries({ queryKey: ["models"] });
  const chosen = choices.find((row) => keyOf(row) === model) ?? choices[0];
  const surveyId = pick.survey?.survey_id;
  const choose = useMutation({
    mutationFn: async () => {
      if (chosen === undefined || surveyId === undefined) return;
      const body = { name: chosen.name, own_model_id: chosen.own_model_id };
      const path = { survey_id: surveyId };
      told(await api.PUT("/api/surveys/{survey_id}/model", { params: { path }, body }), "SurveyModelOut");
    },
    onSuccess: renew,
  });
  const leave = useMutation({
    mutationFn: async (id: string) =>
      answered(await api.DELETE("/api/surveys/{survey_id}/model", { params: { path: { survey_id: id } } })),
    onSettled: renew,
  });
  return (
    <section className="card survey-choices">
      <h2>{say("surveyChoices")}</h2>
      {models.surveys.length === 0 && <p className="empty">{say("surveyChoicesNone")}</p>}
      <ul className="kept">
        {models.surveys.map(({ survey_id, asset_id, choice }) => (
          <li key={survey_id}>
            <span>
              {asset_id}: <b>{choice.model.name}</b> <code>{choice.model.sha256.slice(0, 12)}</code>{" "}
              {choice.standing !== "usable" && <span className="bad">{say(`standing_${choice.standing}`)}</span>}
            </span>
            <button type="button" className="link" disabled={leave.isPending} onClick={() => leave.mutate(survey_id)}>
              {say("leaveForSurvey")}
              <span className="unseen"> {asset_id}</span>
            </button>
          </li>
        ))}
      </ul>
      {choices.length > 0 && pick.surveys !== undefined && !pick.isNone && (
        <div className="fields">
          <SurveyPick label={say("surveyChoiceFor")} pick={pick} />
          <label>
            {say("model")}
            <select value={chosen && keyOf(chosen)} onChange={(event) => setModel(event.target.value)}>
              {choices.map((row) => (
                <option key={keyOf(row)} value={keyOf(row)}>
                  {row.name}
                </option>
              ))}
            </select>
          </label>
          <button type="button" disabled={choose.isPending || surveyId === undefined} onClick={() => choose.mutate()}>
            {say("chooseForSurvey")}
          </button>
        </div>
      )}
      <Trouble error={choose.error ?? leave.error} />
    </section>
  );
}
