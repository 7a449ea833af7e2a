import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useSyncExternalStore } from "react";

import { go } from "../address";
import type { Schemas, SurveyDetail } from "../client";
import { useLanguage } from "../i18n/language";
import type { Language } from "../i18n/words";
import { outlookQuery } from "../queries";
import { Trouble } from "../Trouble";
import { isOver } from "./rows";
import { senderOf } from "./sender";
import { startProcessing, stopProcessing } from "./survey";

const BUSY_MS = 1_500;

/** Start the work, and say how far it is and how long it still takes. */
export function ProcessCard({ survey }: { survey: SurveyDetail }) {
  const { say } = useLanguage();
  const queries = useQueryClient();
  const sender = senderOf(survey.survey_id);
  const { rows } = useSyncExternalStore(sender.subscribe, sender.state);
  const isActive = survey.job?.active === true;
  const isDone = survey.job?.state === "done";
  const { data: outlook } = useQuery({ ...outlookQuery(survey.survey_id), refetchInterval: isActive ? BUSY_MS : false });
  const renew = () => {
    void queries.invalidateQueries({ queryKey: ["survey", survey.survey_id] });
    void queries.invalidateQueries({ queryKey: ["surveys"] });
  };
  const start = useMutation({ mutationFn: () => startProcessing(survey.survey_id), onSuccess: renew });
  const stop = useMutation({ mutationFn: (jobId: string) => stopProcessing(jobId), onSuccess: renew });
  useEffect(() => {
    void queries.invalidateQueries({ queryKey: ["outlook", survey.survey_id] });
  }, [queries, survey.survey_id, survey.job?.state]);

  return (
    <section className="card" aria-label={say("processing")}>
      <h2>{say("processing")}</h2>
      {!isActive && (
        <>
          {survey.photo_count === 0 && <p className="soft">{say("needPhotos")}</p>}
          {rows.some((row) => !isOver(row.phase)) && <p className="wait">{say("stillSending")}</p>}
          <p className="buttons">
            <button
              type="button"
              className={isDone ? "" : "confirm"}
              disabled={survey.photo_count === 0 || start.isPending}
              onClick={() => start.mutate()}
            >
              {say(survey.job && survey.job.state !== "cancelled" ? "processAgain" : "startProcessing")}
            </button>
            {isDone && (
              <a
                href={`/app/surveys/${survey.survey_id}`}
                className="button primary"
                onClick={(event) => {
                  event.preventDefault();
                  go({ name: "review", surveyId: survey.survey_id });
                }}
              >
                {say("seeResult")}
              </a>
            )}
          </p>
        </>
      )}
      {survey.job?.error && survey.job.state !== "done" && (
        <p className="trouble" role="alert">
          {say("failed")}: {survey.job.error} {!isActive && say("addMore")}
        </p>
      )}
      {survey.job && outlook && survey.job.state !== "cancelled" && <Stages job={survey.job} outlook={outlook} />}
      {isActive && survey.job && (
        <p className="buttons">
          <button type="button" onClick={() => survey.job && stop.mutate(survey.job.job_id)}>
            {say("stopWork")}
          </button>
        </p>
      )}
      <Trouble error={start.error ?? stop.error} />
    </section>
  );
}

const STATES = { done: "stageDone", working: "stageWorking", waiting: "stageWaiting" } as const;

function Stages({ job, outlook }: { job: Schemas["JobOut"]; outlook: Schemas["OutlookOut"] }) {
  const { language, say } = useLanguage();
  const isRunning = job.state === "running";
  return (
    <>
      {job.active && !isRunning && <p className="working">{say("waitingForWorker")}</p>}
      {isRunning && (
        <p className="remaining" role="status">
          {say("remaining")}:{" "}
          {outlook.remaining ? (
            <>
              <b>{sayLeft(outlook.remaining, language)}</b> <small>{say("remainingBasis")}</small>
            </>
          ) : (
            say("remainingUnknown")
          )}
        </p>
      )}
      <ol className="stages">
        {outlook.stages.map(({ stage, state, seconds }) => (
          <li key={stage} data-stage={stage} data-state={state} aria-current={state === "working" ? "step" : undefined}>
            <span>{say(`stage_${stage}`)}</span>
            {state === "working" && job.active && job.progress && job.progress.total > 0 ? (
              <progress value={job.progress.done} max={job.progress.total} aria-label={say(`stage_${stage}`)} />
            ) : (
              <small className={state === "done" ? "good" : "soft"}>
                {state === "working" && !job.active ? "" : say(STATES[state])}
                {seconds !== null && ` · ${sayTime(seconds, language)}`}
              </small>
            )}
          </li>
        ))}
      </ol>
    </>
  );
}

const MINUTE_S = 60;
const HOUR_S = 3600;

/** Say a time as exactly as it is known: seconds, minutes or hours. */
export function sayTime(seconds: number, language: Language): string {
  const unit = seconds < 1.5 * MINUTE_S ? "second" : seconds < 1.5 * HOUR_S ? "minute" : "hour";
  const count = seconds / { second: 1, minute: MINUTE_S, hour: HOUR_S }[unit];
  const digits = unit === "hour" ? 1 : 0;
  return new Intl.NumberFormat(language, {
    style: "unit",
    unit,
    maximumFractionDigits: digits,
  }).format(unit === "second" ? Math.max(1, Math.round(count)) : count);
}

/** Say how long it takes at least and at most; once when both are the same to a person. */
export function sayLeft({ low_s, high_s }: Schemas["SpanOut"], language: Language): string {
  const [low, high] = [sayTime(low_s, language), sayTime(high_s, language)];
  return low === high ? low : `${low} – ${high}`;
}
