import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api, type SurveyDetail, told } from "../client";
import { useLanguage } from "../i18n/language";
import { Trouble } from "../Trouble";
import { keyOf, megapixels, type ModelRow, tried, usable, type Window } from "./model";

interface Props {
  survey: SurveyDetail;
  models: readonly ModelRow[];
  /** What the map shows, px; null when that is too little, or there is no map. */
  shown: Window | null;
  onAsked: (trialIds: readonly string[]) => void;
}

/** Choose one model or two and a place, and ask a worker to try them. */
export function TrialForm({ survey, models, shown, onAsked }: Props) {
  const { say } = useLanguage();
  const queries = useQueryClient();
  const choices = usable(models);
  const [first, setFirst] = useState("");
  const [second, setSecond] = useState("");
  const [where, setWhere] = useState<"shown" | "whole">(survey.mosaic?.tiles ? "shown" : "whole");
  const [chosen, other] = tried(choices, first, second);
  const mosaic = survey.mosaic;
  const whole: Window = [0, 0, mosaic?.width_px ?? 0, mosaic?.height_px ?? 0];
  const window = where === "whole" ? whole : shown;
  const ask = useMutation({
    mutationFn: async (rows: readonly ModelRow[]) => {
      const asked: string[] = [];
      // what was asked for is shown, also when the next one is refused
      for (const row of rows) {
        const body = {
          survey_id: survey.survey_id,
          model: { name: row.name, own_model_id: row.own_model_id },
          window_px: where === "whole" || shown === null ? null : ([...shown] as [number, number, number, number]),
        };
        asked.push(told(await api.POST("/api/trials", { body }), "TrialOut").trial_id);
        onAsked([...asked]);
      }
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ["trials", survey.survey_id] }),
  });
  return (
    <form
      className="card try"
      aria-label={say("tryModels")}
      onSubmit={(event) => {
        event.preventDefault();
        if (window !== null) ask.mutate(tried(choices, first, second));
      }}
    >
      <div className="fields">
        <label>
          {say("tryModel")}
          <select value={chosen && keyOf(chosen)} onChange={(event) => setFirst(event.target.value)}>
            {choices.map((row) => (
              <option key={keyOf(row)} value={keyOf(row)}>
                {row.name}
              </option>
            ))}
          </select>
        </label>
        <label>
          {say("trySecond")}
          <select value={other === undefined ? "" : keyOf(other)} onChange={(event) => setSecond(event.target.value)}>
            <option value="">{say("tryNoSecond")}</option>
            {choices
              .filter((row) => row !== chosen)
              .map((row) => (
                <option key={keyOf(row)} value={keyOf(row)}>
                  {row.name}
                </option>
              ))}
          </select>
        </label>
        <label>
          {say("tryWhere")}
          <select value={where} onChange={(event) => setWhere(event.target.value as typeof where)}>
            {mosaic?.tiles && <option value="shown">{say("tryShown")}</option>}
            <option value="whole">{say("tryWhole")}</option>
          </select>
          <small>
            {window === null ? say("tryTooSmall") : `${window[2] - window[0]} × ${window[3] - window[1]} px, ${megapixels(window).toFixed(1)} Mpx`}
          </small>
        </label>
      </div>
      <button type="submit" className="primary" disabled={chosen === undefined || window === null || ask.isPending}>
        {say("startTrial")}
      </button>
      <Trouble error={ask.error} />
    </form>
  );
}
