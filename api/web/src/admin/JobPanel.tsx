import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api, told } from "../client";
import { useLanguage } from "../i18n/language";
import { jobLogQuery, jobQuery } from "../queries";
import { Trouble } from "../Trouble";
import { type JobRow, mayRetry, PRIORITIES, type Priority, type Step, STEPS } from "./job";

/** Show what workers said about a job and which bands they share; cancel it or try it again. */
export function JobPanel({ job }: { job: JobRow }) {
  const { language, say } = useLanguage();
  const detail = useQuery(jobQuery(job.job_id, job.active));
  const log = useQuery(jobLogQuery(job.job_id, job.active));
  const lines = log.data?.lines ?? [];
  return (
    <div className="job-panel">
      {job.error && <p className="trouble">{job.error}</p>}
      {mayRetry(job) ? <RetryForm job={job} /> : <Cancel job={job} />}
      <Trouble error={detail.error ?? log.error} />
      {detail.data && detail.data.bands.length > 0 && (
        <>
          <h3>{say("jobBands")}</h3>
          <ul className="findings">
            {detail.data.bands.map((band) => (
              <li key={band.y0_px}>
                {band.y0_px}–{band.y1_px} px: {say(`band_${band.state}`)}, {band.chips_done} / {band.chips_total}
                {band.worker && ` · ${band.worker}`}
              </li>
            ))}
          </ul>
        </>
      )}
      <h3>{say("jobLog")}</h3>
      {lines.length === 0 ? (
        <p className="empty">{say("jobLogNone")}</p>
      ) : (
        <ol className="lines" tabIndex={0} aria-label={say("jobLog")}>
          {lines.map((line) => (
            <li key={line.number} data-level={line.level}>
              <time dateTime={line.at}>{new Date(line.at).toLocaleTimeString(language)}</time> <b>{line.level}</b> {line.message}
            </li>
          ))}
        </ol>
      )}
    </div>
  );
}

/** Read the list and the job again after something was done about it. */
function useRefresh(): () => Promise<void> {
  const queries = useQueryClient();
  return () => queries.invalidateQueries({ queryKey: ["jobs"] });
}

function Cancel({ job }: { job: JobRow }) {
  const { say } = useLanguage();
  const refresh = useRefresh();
  const cancel = useMutation({
    mutationFn: async () =>
      told(await api.POST("/api/jobs/{job_id}/cancel", { params: { path: { job_id: job.job_id } } }), "JobOut"),
    onSettled: refresh,
  });
  return (
    <div className="buttons">
      <button type="button" disabled={cancel.isPending} onClick={() => cancel.mutate()}>
        {say("jobCancel")}
      </button>
      <Trouble error={cancel.error} />
    </div>
  );
}

function RetryForm({ job }: { job: JobRow }) {
  const { say } = useLanguage();
  const [step, setStep] = useState<Step | "">("");
  const [priority, setPriority] = useState<Priority>(job.priority);
  const refresh = useRefresh();
  const retry = useMutation({
    mutationFn: async () =>
      told(
        await api.POST("/api/jobs/{job_id}/retry", {
          params: { path: { job_id: job.job_id } },
          body: { step: step === "" ? null : step, priority },
        }),
        "JobOut",
      ),
    onSettled: refresh,
  });
  return (
    <form
      className="fields"
      aria-label={say("jobRetry")}
      onSubmit={(event) => {
        event.preventDefault();
        if (!retry.isPending) retry.mutate();
      }}
    >
      <label>
        {say("jobFrom")}
        <select value={step} onChange={(event) => setStep(event.target.value as Step | "")}>
          <option value="">{say("jobRest")}</option>
          {STEPS.map((name) => (
            <option key={name} value={name}>
              {say(`step_${name}`)}
            </option>
          ))}
        </select>
      </label>
      <label>
        {say("jobPriority")}
        <select value={priority} onChange={(event) => setPriority(event.target.value as Priority)}>
          {PRIORITIES.map((name) => (
            <option key={name} value={name}>
              {say(`priority_${name}`)}
            </option>
          ))}
        </select>
      </label>
      <div className="buttons">
        <button type="submit" className="primary" disabled={retry.isPending}>
          {say("jobRetry")}
        </button>
      </div>
      <Trouble error={retry.error} />
    </form>
  );
}
