import { useEffect, useState } from "react";

import { type DamageClass, type DefectDetail, Problem } from "../client";
import { useLanguage } from "../i18n/language";
import { may, useSession } from "../session/session";
import { Trouble } from "../Trouble";
import { Meanwhile } from "./edit/Meanwhile";
import type { Review } from "./useReview";
import { type Action, type ClassCode, REASONS, type RejectReason } from "./verdicts";

const CHANGED = 409;

interface Props {
  defect: DefectDetail;
  classes: ReadonlyMap<string, DamageClass>;
  review: Review;
}

/** Let a person decide: by buttons, or by one key each. */
export function VerdictForm({ defect, classes, review }: Props) {
  const { language, say } = useLanguage();
  const session = useSession();
  const [reason, setReason] = useState<RejectReason>("shadow");
  const [damageClass, setDamageClass] = useState<ClassCode>(defect.damage_class);
  const [note, setNote] = useState("");
  const mayDecide = may(session, "decide");
  const legal = mayDecide ? defect.legal_actions : [];
  const decide = (action: Action) => {
    review.decide(defect, { action, reason, damageClass, note });
    setNote("");
  };
  useDecisionKeys(legal, decide);

  const error = review.failedId === null || review.failedId === defect.defect_id ? review.error : null;
  const changed = error instanceof Problem && error.status === CHANGED;
  if (!mayDecide) return session ? <p className="verdict soft">{say("mayNotDecide")}</p> : null;
  const idle = review.reviewer !== "" && !review.busy;
  return (
    <form className="verdict" onSubmit={(event) => event.preventDefault()}>
      {!review.signedIn && (
        <label>
          {say("reviewer")}
          <input
            value={review.typed}
            maxLength={200}
            autoComplete="name"
            onChange={(event) => review.setTyped(event.target.value)}
          />
        </label>
      )}
      {review.reviewer === "" && <p className="hint">{say("reviewerNeeded")}</p>}
      <div className="buttons">
        {legal.includes("confirm") && (
          <button type="button" className="confirm" onClick={() => decide("confirm")} disabled={!idle}>
            {say("confirm")}
          </button>
        )}
        {legal.includes("reject") && (
          <>
            <button type="button" className="reject" onClick={() => decide("reject")} disabled={!idle}>
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
        {legal.includes("reopen") && (
          <button type="button" onClick={() => decide("reopen")} disabled={!idle}>
            {say("reopen")}
          </button>
        )}
      </div>
      {legal.includes("reclassify") && (
        <div className="buttons">
          <label className="inline">
            {say("newClass")}
            <select value={damageClass} onChange={(event) => setDamageClass(event.target.value as ClassCode)}>
              {[...classes.values()].map((entry) => (
                <option key={entry.code} value={entry.code}>
                  {entry[language]}
                </option>
              ))}
            </select>
          </label>
          <button
            type="button"
            onClick={() => decide("reclassify")}
            disabled={!idle || damageClass === defect.damage_class}
          >
            {say("reclassify")}
          </button>
        </div>
      )}
      <div className="buttons">
        <label className="inline">
          {say("note")}
          <input value={note} maxLength={4000} onChange={(event) => setNote(event.target.value)} />
        </label>
        <button type="button" onClick={review.undo} disabled={!idle || !review.canUndo}>
          {say("undo")}
        </button>
      </div>
      {changed ? <p className="trouble" role="alert">{say("changedMeanwhile")}</p> : <Trouble error={error} />}
      <Meanwhile error={error} />
    </form>
  );
}

const KEYS = { c: "confirm", r: "reject", t: "reclassify" } as const;

/** C confirms, R rejects, T changes the class; not while somebody types into a field. */
function useDecisionKeys(legal: readonly Action[], decide: (action: Action) => void) {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement) return;
      if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
      const action = KEYS[event.key.toLowerCase() as keyof typeof KEYS];
      if (action && legal.includes(action)) decide(action);
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  });
}
