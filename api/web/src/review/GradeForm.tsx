import { useMutation } from "@tanstack/react-query";
import { useState } from "react";

import { api, type DefectDetail, Problem, type Schemas, told } from "../client";
import { useLanguage } from "../i18n/language";
import { may, useSession } from "../session/session";
import { Trouble } from "../Trouble";
import { Meanwhile } from "./edit/Meanwhile";
import type { Review } from "./useReview";

const CHANGED = 409;

interface Props {
  defect: DefectDetail;
  review: Review;
}

/** Let an engineer decide the grade of a defect; open where it is to be decided again. */
export function GradeForm({ defect, review }: Props) {
  const { say } = useLanguage();
  const isAsked = defect.settled.some((one) => one.again !== null);
  const mayDecide = may(useSession(), "decide");
  if (!mayDecide || defect.gradable.length === 0) return null;
  return (
    <details className="decide-grade" open={isAsked}>
      <summary>{say("gradeDecide")}</summary>
      <Form defect={defect} review={review} />
    </details>
  );
}

function Form({ defect, review }: Props) {
  const { say } = useLanguage();
  const [scheme, setScheme] = useState(asked(defect));
  const [grade, setGrade] = useState("");
  const [note, setNote] = useState("");
  const chosen = defect.gradable.find((one) => one.scheme === scheme) ?? defect.gradable[0];
  const send = useMutation({
    mutationFn: async (of: Schemas["GradableOut"]) => {
      review.remember();
      return told(
        await api.POST("/api/defects/{defect_id}/grades", {
          params: { path: { defect_id: defect.defect_id } },
          body: {
            scheme: of.scheme,
            grade,
            by: review.reviewer,
            expected_version: defect.version,
            grade_version: of.version,
            note: note.trim(),
          },
        }),
        "DefectDetail",
      );
    },
    onSuccess: () => {
      setGrade("");
      setNote("");
    },
    // whoever decided on what is not there any more looks again and chooses again
    onError: () => setGrade(""),
    onSettled: review.refresh,
  });
  const changed = send.error instanceof Problem && send.error.status === CHANGED;
  if (chosen === undefined) return null;
  const departs = grade !== "" && !chosen.candidates.includes(grade);
  const isWhole = grade !== "" && review.reviewer !== "" && (!departs || note.trim() !== "");
  return (
    <form
      aria-label={say("gradeDecide")}
      onSubmit={(event) => {
        event.preventDefault();
        if (isWhole && !send.isPending) send.mutate(chosen);
      }}
    >
      {defect.gradable.length > 1 && (
        <label>
          {say("gradeScheme")}
          <select
            value={chosen.scheme}
            onChange={(event) => {
              setScheme(event.target.value);
              setGrade("");
            }}
          >
            {defect.gradable.map((one) => (
              <option key={one.scheme}>{one.scheme}</option>
            ))}
          </select>
        </label>
      )}
      <label>
        {say("gradeValue")}
        <select value={grade} required onChange={(event) => setGrade(event.target.value)}>
          <option value="" />
          {chosen.values.map((value) => (
            <option key={value}>{value}</option>
          ))}
        </select>
      </label>
      <label>
        {say("gradeWhy")}
        <input value={note} maxLength={4000} required={departs} onChange={(event) => setNote(event.target.value)} />
        {departs && <small>{say("gradeWhyNeeded")}</small>}
      </label>
      {review.reviewer === "" && <p className="hint">{say("reviewerNeeded")}</p>}
      {changed ? <p className="trouble" role="alert">{say("changedMeanwhile")}</p> : <Trouble error={send.error} />}
      <Meanwhile error={send.error} />
      <button type="submit" className="primary" disabled={!isWhole || send.isPending}>
        {say("gradeSave")}
      </button>
    </form>
  );
}

/** Name the scheme that somebody is asked about, else the first. */
function asked(defect: DefectDetail): string {
  const again = defect.settled.find((one) => one.again !== null)?.scheme.split("/")[0];
  const found = defect.gradable.find((one) => one.scheme.split("/")[0] === again) ?? defect.gradable[0];
  return found?.scheme ?? "";
}
