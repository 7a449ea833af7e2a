import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";

import { useLanguage } from "../i18n/language";
import { surveyModelQuery } from "./queries";

const WHOSE = { survey: "modelForSurvey", organisation: "modelForOrganisation", service: "modelByDefault" } as const;

/** Say which model a survey is processed with, and in words when that cannot be done. */
export function ModelLine({ surveyId, state }: { surveyId: string; state: string | undefined }) {
  const { say } = useLanguage();
  const queries = useQueryClient();
  const { data } = useQuery(surveyModelQuery(surveyId));
  useEffect(() => {
    void queries.invalidateQueries({ queryKey: surveyModelQuery(surveyId).queryKey });
  }, [queries, surveyId, state]);
  if (data === undefined) return null;
  const isLost = data.standing !== null && data.standing !== "usable" && data.standing !== "asleep";
  return (
    <section className="card model-line" aria-label={say("model")}>
      <p className="soft">
        {say("modelOfSurvey")}: <b>{data.model ? data.model.name : say("modelByDefault")}</b>
        {data.model && (
          <>
            {" "}
            <code>{data.model.sha256.slice(0, 12)}</code> ({say(WHOSE[data.chosen_for])})
          </>
        )}
        {data.found_by.length > 0 && (
          <>
            {" · "}
            {say("modelFound")}: <code>{data.found_by.join(", ")}</code>
          </>
        )}
      </p>
      {data.model && isLost && (
        <p className="trouble" role="alert">
          {data.model.name} {say(`standing_${data.standing as "gone"}`)}. {say("modelTroubled")}
        </p>
      )}
    </section>
  );
}
