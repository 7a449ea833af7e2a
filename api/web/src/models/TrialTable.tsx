import { useMutation, useQueryClient } from "@tanstack/react-query";

import { answered } from "../admin/PersonRow";
import { api } from "../client";
import { useLanguage } from "../i18n/language";
import { Trouble } from "../Trouble";
import type { Trial } from "./model";

interface Props {
  trials: readonly Trial[];
  picked: readonly string[];
  onPicked: (trialIds: readonly string[]) => void;
  surveyId: string;
}

/** List what was tried on a survey; tick one to see it, two to compare them. */
export function TrialTable({ trials, picked, onPicked, surveyId }: Props) {
  const { language, say } = useLanguage();
  const queries = useQueryClient();
  const remove = useMutation({
    mutationFn: async (trialId: string) =>
      answered(await api.DELETE("/api/trials/{trial_id}", { params: { path: { trial_id: trialId } } })),
    onSettled: (_done, _error, trialId) => {
      onPicked(picked.filter((id) => id !== trialId));
      return queries.invalidateQueries({ queryKey: ["trials", surveyId] });
    },
  });
  if (trials.length === 0) return <p className="card empty">{say("trialsNone")}</p>;
  return (
    <section>
      <h2>{say("trials")}</h2>
      <p className="soft">{say("trialPick")}</p>
      <div className="scroll" tabIndex={0} role="region" aria-label={say("trials")}>
        <table className="trials">
          <thead>
            <tr>
              {(["trialShow", "model", "state", "trialFound", "trialSeconds", "trialWindow", "created", "trialRemove"] as const).map((word) => (
                <th key={word} scope="col" className={word === "trialFound" || word === "trialSeconds" ? "number" : undefined}>
                  {say(word)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {trials.map((trial) => (
              <tr key={trial.trial_id} data-trial={trial.model.name} data-state={trial.job?.state}>
                <td>
                  <input
                    type="checkbox"
                    aria-label={`${say("trialShow")} ${trial.model.name} ${trial.window_px.join(" ")}`}
                    checked={picked.includes(trial.trial_id)}
                    disabled={trial.figures === null}
                    // a third one takes the place of the second
                    onChange={(event) =>
                      onPicked(event.target.checked ? [...picked.slice(0, 1), trial.trial_id] : picked.filter((id) => id !== trial.trial_id))
                    }
                  />
                </td>
                <td>
                  {trial.model.name} <code>{trial.model.sha256.slice(0, 12)}</code>
                </td>
                <td className="long">
                  <State trial={trial} />
                </td>
                <td className="number">{trial.figures?.found}</td>
                <td className="number">{trial.figures?.seconds.toFixed(1)}</td>
                <td>{trial.whole ? say("tryWhole") : trial.window_px.join(" ")}</td>
                <td>
                  {new Date(trial.asked_at).toLocaleString(language)} <small>{trial.asked_by}</small>
                </td>
                <td>
                  <button type="button" className="link" disabled={remove.isPending} onClick={() => remove.mutate(trial.trial_id)}>
                    {say("trialRemove")}
                    <span className="unseen"> {trial.model.name}</span>
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <Trouble error={remove.error} />
    </section>
  );
}

function State({ trial }: { trial: Trial }) {
  const { say } = useLanguage();
  const { job } = trial;
  if (job === null) return null;
  return (
    <>
      <span className={`job-${job.state}`}>{say(`job_${job.state}`)}</span>
      {job.state === "running" && job.total > 0 && <progress max={job.total} value={job.done} aria-label={say("job_running")} />}
      {job.error !== null && job.state !== "done" && <small className="block">{job.error}</small>}
    </>
  );
}
