import { useQuery } from "@tanstack/react-query";

import { addressOf, go, type View } from "../address";
import { useLanguage } from "../i18n/language";
import { surveysQuery } from "../queries";
import { may, useSession } from "../session/session";
import { Trouble } from "../Trouble";
import { JobState } from "./JobState";
import { NewSurvey } from "./NewSurvey";

/** List the surveys, newest first, and offer to add one. */
export function SurveysPage() {
  const { language, say } = useLanguage();
  const { data, error } = useQuery(surveysQuery);
  const session = useSession();
  return (
    <main className="page">
      <h1>{say("surveys")}</h1>
      <Trouble error={error} />
      {data?.surveys.length === 0 && <p className="empty">{say("noSurveys")}</p>}
      <ul className="surveys">
        {data?.surveys.map((survey) => (
          <li key={survey.survey_id} className="card">
            <div className="title">
              <h2>{survey.asset_name}</h2>
              <span className="soft">{new Date(survey.created_at).toLocaleString(language)}</span>
              <span className="grow" />
              <Way to={{ name: "review", surveyId: survey.survey_id }}>{say("openSurvey")}</Way>
              <Way to={{ name: "upload", surveyId: survey.survey_id }}>{say("uploadPhotos")}</Way>
            </div>
            <p>
              {survey.photo_count} {say("photos")} · {survey.defect_count} {say("defects")}
            </p>
            <JobState survey={survey} />
          </li>
        ))}
      </ul>
      {may(session, "capture") && <NewSurvey />}
    </main>
  );
}

function Way({ to, children }: { to: View; children: string }) {
  return (
    <a
      href={addressOf(to)}
      onClick={(event) => {
        event.preventDefault();
        go(to);
      }}
    >
      {children}
    </a>
  );
}
