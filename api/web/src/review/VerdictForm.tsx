import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";

import { api, type DefectDetail, Problem, type Schemas, told } from "../client";
import { useLanguage } from "../i18n/language";
import { may, useSession } from "../session/session";
import { Trouble } from "../Trouble";

type Action = Schemas["Action"];
type RejectReason = Schemas["RejectReason"];

const REASONS: readonly RejectReason[] = [
  "shadow",
  "stain",
  "joint",
  "form_line",
  "chalk",
  "vegetation",
  "cable",
  "duplicate",
  "other",
];
const REVIEWER = "tenken.reviewer";
const CHANGED = 409;

interface Props {
  surveyId: string;
  defect: DefectDetail;
}

/** Let a person decide. The version that was read goes along, so nobody's decision is overwritten. */
export function VerdictForm({ surveyId, defect }: Props) {
  const { say } = useLanguage();
  const session = useSession();
  const account = session?.account ?? null;
  const [typed, setTyped] = useState(() => localStorage.getItem(REVIEWER) ?? "");
  const reviewer = account === null ? typed : account.display_name;
  const [reason, setReason] = useState<RejectReason>("shadow");
  const verdict = useVerdict(surveyId, defect);

  const decide = (action: Action) => {
    if (!reviewer.trim() || verdict.isPending) return;
    if (account === null) localStorage.setItem(REVIEWER, reviewer.trim());
    verdict.mutate({ action, reviewer: reviewer.trim(), reason });
  };
  const mayDecide = may(session, "decide");
  useDecisionKeys(mayDecide ? defect.legal_actions : [], decide);

  const changed = verdict.error instanceof Problem && verdict.error.status === CHANGED;
  if (!mayDecide) return session ? <p className="verdict soft">{say("mayNotDecide")}</p> : null;
  return (
    <form className="verdict" onSubmit={(event) => event.preventDefault()}>
      {account === null && (
        <label>
          {say("reviewer")}
          <input
            value={typed}
            maxLength={200}
            autoComplete="name"
            onChange={(event) => setTyped(event.target.value)}
          />
        </label>
      )}
      {!reviewer.trim() && <p className="hint">{say("reviewerNeeded")}</p>}
      <div className="buttons">
        {defect.legal_actions.includes("confirm") && (
          <button type="button" className="confirm" onClick={() => decide("confirm")} disabled={!reviewer.trim()}>
            {say("confirm")}
          </button>
        )}
        {defect.legal_actions.includes("reject") && (
          <>
            <button type="button" className="reject" onClick={() => decide("reject")} disabled={!reviewer.trim()}>
              {say("reject")}
            </button>
            <label className="inline">
              {say("reason")}
              <select value={reason} onChange={(event) => setReason(event.target.value as RejectReason)}>
                {REASONS.map((code) => (
                  <option key={code} value={code}>
                    {say(code)}
                  </option>
                ))}
              </select>
            </label>
          </>
        )}
        {defect.legal_actions.includes("reopen") && (
          <button type="button" onClick={() => decide("reopen")} disabled={!reviewer.trim()}>
            {say("reopen")}
          </button>
        )}
      </div>
      {changed ? <p className="trouble" role="alert">{say("changedMeanwhile")}</p> : <Trouble error={verdict.error} />}
    </form>
  );
}

interface Decision {
  action: Action;
  reviewer: string;
  reason: RejectReason;
}

function useVerdict(surveyId: string, defect: DefectDetail) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (decision: Decision) =>
      told(
        await api.POST("/api/defects/{defect_id}/verdicts", {
          params: { path: { defect_id: defect.defect_id } },
          body: {
            verdict_id: crypto.randomUUID(),
            action: decision.action,
            reviewer: decision.reviewer,
            expected_version: defect.version,
            reason: decision.action === "reject" ? decision.reason : null,
            note: "",
          },
        }),
        "DefectDetail",
      ),
    onSettled: () =>
      Promise.all(
        [["defect", defect.defect_id], ["defects", surveyId], ["worklist", surveyId]].map(
          (queryKey) => queries.invalidateQueries({ queryKey }),
        ),
      ),
  });
}

/** C confirms, R rejects; not while somebody types into a field. */
function useDecisionKeys(legal: readonly Action[], decide: (action: Action) => void) {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement) return;
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const action = ({ c: "confirm", r: "reject" } as const)[event.key.toLowerCase()];
      if (action && legal.includes(action)) decide(action);
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  });
}
