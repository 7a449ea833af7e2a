import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";

import { go } from "../address";
import { useLanguage } from "../i18n/language";
import { jobsQuery } from "../queries";
import { Trouble } from "../Trouble";
import { JobPanel } from "./JobPanel";
import { type JobRow, type JobState, percentDone, STATES } from "./job";

/** List the jobs of all surveys; open one for its lines, its bands, and to try it again. */
export function JobsDesk() {
  const { say } = useLanguage();
  const [state, setState] = useState<JobState | null>(null);
  const { data, error, hasNextPage, fetchNextPage, isFetching } = useInfiniteQuery(jobsQuery(state));
  const jobs = data?.pages.flatMap((page) => page.jobs) ?? [];
  return (
    <>
      <div className="fields">
        <label>
          {say("state")}
          <select value={state ?? ""} onChange={(event) => setState((event.target.value || null) as JobState | null)}>
            <option value="">{say("all")}</option>
            {STATES.map((name) => (
              <option key={name} value={name}>
                {say(`job_${name}`)}
              </option>
            ))}
          </select>
        </label>
      </div>
      <Trouble error={error} />
      {data && jobs.length === 0 && <p className="card empty">{say(state === null ? "jobsNone" : "jobsNoneOfState")}</p>}
      {jobs.length > 0 && (
        <div className="scroll" tabIndex={0} role="region" aria-label={say("desk_jobs")}>
          <table className="jobs">
            <thead>
              <tr>
                {(["asset", "state", "jobStep", "jobAttempt", "jobWorker", "jobChanged", "jobDetails"] as const).map((word) => (
                  <th key={word} scope="col">
                    {say(word)}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {jobs.map((job) => (
                <Row key={job.job_id} job={job} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {hasNextPage && (
        <button type="button" disabled={isFetching} onClick={() => void fetchNextPage()}>
          {say("showMore")}
        </button>
      )}
    </>
  );
}

function Row({ job }: { job: JobRow }) {
  const { language, say } = useLanguage();
  const [open, setOpen] = useState(false);
  const percent = percentDone(job);
  return (
    <>
      <tr data-job={job.job_id} data-state={job.state}>
        <td>
          <a
            href={`/app/surveys/${job.survey_id}`}
            onClick={(event) => {
              event.preventDefault();
              go({ name: "review", surveyId: job.survey_id });
            }}
          >
            {job.asset_name}
          </a>{" "}
          <small>{job.asset_id}</small>
        </td>
        <td>
          <b className={`state job-${job.state}`}>{say(`job_${job.state}`)}</b>
          {job.priority !== "normal" && <span className="badge">{say(`priority_${job.priority}`)}</span>}
        </td>
        <td>
          {job.progress?.step ?? "–"}
          {percent !== null && job.active && <small> {percent} %</small>}
        </td>
        <td>
          {job.attempt} / {job.attempts_max}
        </td>
        <td>{job.worker ?? "–"}</td>
        <td>{new Date(job.changed_at).toLocaleString(language)}</td>
        <td>
          <button type="button" className="link" aria-expanded={open} onClick={() => setOpen(!open)}>
            {say("jobDetails")}
            <span className="unseen"> {job.asset_name}</span>
          </button>
        </td>
      </tr>
      {open && (
        <tr>
          <td colSpan={7}>
            <JobPanel job={job} />
          </td>
        </tr>
      )}
    </>
  );
}
