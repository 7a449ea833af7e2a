import { useEffect, useRef, useState } from "react";

import type { DamageClass } from "../client";
import { useLanguage } from "../i18n/language";
import { Picture } from "../Picture";
import { shown } from "./quantity";
import type { QueueRow } from "./useQueue";
import type { Review } from "./useReview";
import { type Decision, decide, decideAll, REASONS, type RejectReason, type Tally } from "./verdicts";

/** Most at once: what somebody can have looked at. */
export const BATCH_MOST = 300;
const PICTURE_PX = 160;

interface Props {
  defects: readonly QueueRow[];
  /** How many candidates there are in all. */
  waiting: number;
  classes: ReadonlyMap<string, DamageClass>;
  review: Review;
  onClose: () => void;
}

/** Decide about many candidates at once, after having seen them. Each is decided by its version. */
export function BatchDialog({ defects, waiting, classes, review, onClose }: Props) {
  const { language, say } = useLanguage();
  const dialog = useRef<HTMLDialogElement>(null);
  const stop = useRef(false);
  const [batch] = useState(defects); // what was seen is what is decided
  const [out, setOut] = useState<ReadonlySet<string>>(new Set());
  const [reason, setReason] = useState<RejectReason>("joint");
  const [tally, setTally] = useState<Tally | null>(null);
  const [running, setRunning] = useState(false);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  const chosen = batch.filter((defect) => !out.has(defect.defect_id));
  const run = async (decision: Decision) => {
    stop.current = false;
    setRunning(true);
    await decideAll(chosen, (defect) => decide(defect, decision, review.reviewer), setTally, () => stop.current);
    setRunning(false);
    await review.refresh();
  };
  const toggle = (defectId: string) => {
    const next = new Set(out);
    if (!next.delete(defectId)) next.add(defectId);
    setOut(next);
  };
  const finished = tally !== null && !running;
  return (
    <dialog ref={dialog} className="batch" aria-label={say("batch")} onClose={onClose}>
      <h2>
        {say("batch")}: {chosen.length}
      </h2>
      {!finished && <p className="soft">{say("batchHint")}</p>}
      {tally === null && (
        <ul className="pictures">
          {batch.map((defect) => (
            <li key={defect.defect_id}>
              <label>
                <Picture src={`/api/defects/${defect.defect_id}/chip.png?max_px=${PICTURE_PX}`} alt="" loading="lazy" />
                <span>
                  <input
                    type="checkbox"
                    checked={!out.has(defect.defect_id)}
                    onChange={() => toggle(defect.defect_id)}
                  />{" "}
                  {classes.get(defect.damage_class)?.[language] ?? defect.damage_class}{" "}
                  {defect.length_m ? shown(defect.length_m, "m", 2) : shown(defect.area_m2, "m²", 3)}
                </span>
              </label>
            </li>
          ))}
        </ul>
      )}
      {tally === null && waiting > batch.length && (
        <p className="hint">
          {say("batchMore")}: {waiting - batch.length}
        </p>
      )}
      {tally !== null && (
        <p role="status">
          {say("batchDone")}: {tally.done} / {chosen.length}
          <progress max={chosen.length} value={tally.done + tally.failed.length} />
        </p>
      )}
      {tally !== null && tally.failed.length > 0 && (
        <ul className="trouble">
          {tally.failed.map(({ defectId, why }) => (
            <li key={defectId}>{why}</li>
          ))}
        </ul>
      )}
      <div className="buttons">
        {tally === null && (
          <>
            <button
              type="button"
              className="reject"
              disabled={chosen.length === 0}
              onClick={() => void run({ action: "reject", reason })}
            >
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
            <button
              type="button"
              className="confirm"
              disabled={chosen.length === 0}
              onClick={() => void run({ action: "confirm" })}
            >
              {say("confirm")}
            </button>
          </>
        )}
        {running ? (
          <button type="button" onClick={() => void (stop.current = true)}>
            {say("stop")}
          </button>
        ) : (
          <button type="button" onClick={() => dialog.current?.close()}>
            {say("close")}
          </button>
        )}
      </div>
    </dialog>
  );
}
