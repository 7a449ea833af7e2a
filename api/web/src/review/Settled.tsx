import type { DefectDetail, Schemas } from "../client";
import { useLanguage } from "../i18n/language";
import type { Word } from "../i18n/words";
import { GradeForm } from "./GradeForm";
import type { Review } from "./useReview";

const AGAIN: Record<NonNullable<Schemas["Again"]>, Word> = {
  split: "settledSplit",
  merged: "settledMerged",
  redrawn: "settledRedrawn",
};

/** Say what people have decided about a defect and recorded on it, and what is to be asked again. */
export function Settled({ defect, review }: { defect: DefectDetail; review: Review }) {
  const { language, say } = useLanguage();
  const { work } = defect;
  const isTold = defect.settled.length > 0 || work.ordered || work.finished || work.partly.length > 0;
  // nobody is asked about what does not count
  const isAsked = defect.gradable.length > 0;
  return (
    <>
      {isTold && <h3>{say("settled")}</h3>}
      {defect.settled.map((one) => (
        <div key={one.scheme} className="grade">
          <b>{one.grade}</b> {say("settledBy")} {one.by}{" "}
          <small>{new Date(one.at).toLocaleDateString(language)}</small>
          {one.again && isAsked && <p className="hint">{say(AGAIN[one.again])}</p>}
        </div>
      ))}
      <GradeForm defect={defect} review={review} />
      {work.ordered && <Line word="workOrdered" day={work.ordered} takenOver={work.taken_over} />}
      {work.finished && <Line word="workFinished" day={work.finished} takenOver={work.taken_over} />}
      {work.partly.map((stage) => (
        <p key={stage} className="hint">
          {say(stage === "finished" ? "workPartlyFinished" : "workPartlyOrdered")}
        </p>
      ))}
    </>
  );
}

function Line({ word, day, takenOver }: { word: Word; day: string; takenOver: boolean }) {
  const { say } = useLanguage();
  return (
    <p>
      {say(word)} {day} {takenOver && <small>{say("workTakenOver")}</small>}
    </p>
  );
}
