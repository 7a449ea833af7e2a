import { addressOf, go, type View } from "../address";
import { useLanguage } from "../i18n/language";
import { may, useSession } from "../session/session";
import { Trouble } from "../Trouble";
import { type SurveyRow, useSurveys } from "../useSurveys";
import { JobState } from "./JobState";
import { NewSurvey } from "./NewSurvey";

/** List the surveys, newest first, find one among many, and offer to add one. */
export function SurveysPage() {
  const { say } = useLanguage();
  const { typed, setTyped, surveys, matched, error, isFetching, isCurrent, more } = useSurveys();
  const session = useSession();
  const isEmpty = isCurrent && surveys?.length === 0;
  const isSought = typed.trim() !== "";
  return (
    <main className="page">
      <h1>{say("surveys")}</h1>
      {surveys !== undefined && (isSought || !isEmpty) && (
        <div className="fields find">
          <label>
            {say("findSurvey")}
            <input type="search" maxLength={200} placeholder={say("findSurveyBy")} value={typed} onChange={(event) => setTyped(event.target.value)} />
          </label>
          <p className="soft" role="status">
            {surveys?.length ?? 0} / {matched} {say("surveyCount")}
          </p>
        </div>
      )}
      <Trouble error={error} />
      {isEmpty && <p className="empty">{say(isSought ? "noSurveyFound" : "noSurveys")}</p>}
      <ul className="surveys">
        {surveys?.map((survey) => (
          <Line key={survey.survey_id} survey={survey} />
        ))}
      </ul>
      {more && (
        <p className="buttons">
          <button type="button" disabled={isFetching} onClick={more}>
            {say("showMore")}
          </button>
        </p>
      )}
      {may(session, "capture") && <NewSurvey />}
    </main>
  );
}

function Line({ survey }: { survey: SurveyRow }) {
  const { language, say } = useLanguage();
  return (
    <li className="card">
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
