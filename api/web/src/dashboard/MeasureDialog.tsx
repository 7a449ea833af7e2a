import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";

import { api, type Schemas, told } from "../client";
import { useLanguage } from "../i18n/language";
import { measuresQuery } from "../queries";
import { Trouble } from "../Trouble";
import { todayInJapan } from "./where";

/** What a measure is recorded about: a whole asset, or one damage on it. */
export interface Subject {
  readonly assetId: string;
  readonly defectId: string | null;
  readonly name: string;
}

const STAGES = ["ordered", "finished"] as const;

/** Record that a measure was ordered or finished, and take back what was recorded by mistake. */
export function MeasureDialog({ subject, onClose }: { subject: Subject; onClose: () => void }) {
  const { say } = useLanguage();
  const dialog = useRef<HTMLDialogElement>(null);
  const [eventId] = useState(() => crypto.randomUUID()); // sent again after a lost answer, it counts once
  const [stage, setStage] = useState<Schemas["Stage"]>("ordered");
  const [day, setDay] = useState(() => todayInJapan(new Date()));
  const [note, setNote] = useState("");
  const refresh = useRefresh();
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  const keep = useMutation({
    mutationFn: async () =>
      told(
        await api.POST("/api/measures", {
          body: { event_id: eventId, asset_id: subject.assetId, defect_id: subject.defectId, stage, day, note },
        }),
        "MeasureOut",
      ),
    onSuccess: async () => {
      await refresh();
      onClose();
    },
  });
  return (
    <dialog ref={dialog} className="batch measure" aria-label={say("recordMeasure")} onClose={onClose}>
      <h2>{say("recordMeasure")}</h2>
      <p>
        {say("measureOn")}: <b>{subject.name}</b>
      </p>
      <form
        className="terms"
        onSubmit={(event) => {
          event.preventDefault();
          if (!keep.isPending) keep.mutate();
        }}
      >
        <label>
          {say("measureStage")}
          <select value={stage} onChange={(event) => setStage(event.target.value as Schemas["Stage"])}>
            {STAGES.map((name) => (
              <option key={name} value={name}>
                {say(`stage_${name}`)}
              </option>
            ))}
          </select>
        </label>
        <label>
          {say("measureDay")}
          <input type="date" required value={day} max={todayInJapan(new Date())} onChange={(event) => setDay(event.target.value)} />
        </label>
        <label className="whole">
          {say("measureNote")}
          <input value={note} maxLength={1000} onChange={(event) => setNote(event.target.value)} />
        </label>
        {keep.error && (
          <div className="whole">
            <Trouble error={keep.error} />
          </div>
        )}
        <div className="buttons whole">
          <button type="submit" className="primary" disabled={keep.isPending}>
            {say("measureSave")}
          </button>
          <button type="button" onClick={onClose}>
            {say("close")}
          </button>
        </div>
      </form>
      <Kept subject={subject} />
    </dialog>
  );
}

function Kept({ subject }: { subject: Subject }) {
  const { say } = useLanguage();
  const { data, error } = useQuery(measuresQuery(subject.assetId));
  const kept = data?.measures.filter((one) => one.defect_id === subject.defectId) ?? [];
  if (kept.length === 0) return <Trouble error={error} />;
  return (
    <>
      <h3>{say("measureKept")}</h3>
      <ul className="kept">
        {kept.map((one) => (
          <KeptRow key={one.event_id} measure={one} />
        ))}
      </ul>
    </>
  );
}

function KeptRow({ measure }: { measure: Schemas["MeasureOut"] }) {
  const { say } = useLanguage();
  const [why, setWhy] = useState<string | null>(null);
  const refresh = useRefresh();
  const withdraw = useMutation({
    mutationFn: async (note: string) =>
      told(
        await api.POST("/api/measures/{event_id}/withdrawal", {
          params: { path: { event_id: measure.event_id } },
          body: { note },
        }),
        "MeasureOut",
      ),
    onSuccess: refresh,
  });
  return (
    <li>
      <span>
        {measure.day} {say(`stage_${measure.stage}`)} <small>{[measure.recorded_by, measure.note].filter(Boolean).join(" · ")}</small>
      </span>
      {why === null ? (
        <button type="button" className="link" onClick={() => setWhy("")}>
          {say("measureWithdraw")}
        </button>
      ) : (
        <form
          className="inline-form"
          onSubmit={(event) => {
            event.preventDefault();
            withdraw.mutate(why);
          }}
        >
          <input aria-label={say("measureWhy")} placeholder={say("measureWhy")} value={why} required maxLength={1000} autoFocus onChange={(event) => setWhy(event.target.value)} />
          <button type="submit" disabled={withdraw.isPending}>
            {say("measureWithdraw")}
          </button>
          <Trouble error={withdraw.error} />
        </form>
      )}
    </li>
  );
}

/** Read again whatever a record of a measure changes. */
function useRefresh(): () => Promise<void> {
  const queries = useQueryClient();
  return async () => {
    for (const key of ["dashboard", "measures", "ranking"]) await queries.invalidateQueries({ queryKey: [key] });
  };
}
