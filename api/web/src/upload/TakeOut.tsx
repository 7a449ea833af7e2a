import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api, type SurveyDetail, told } from "../client";
import { useLanguage } from "../i18n/language";
import { useName } from "../inspections/useDecision";
import { may, useSession } from "../session/session";
import { Trouble } from "../Trouble";

interface Props {
  survey: SurveyDetail;
  sha256: string;
  name: string;
  what: "removal" | "restoration";
}

/** Let the crew take a photo out of the next run, or put it back, with a reason. */
export function TakeOut({ survey, sha256, name, what }: Props) {
  const { say } = useLanguage();
  const queries = useQueryClient();
  const session = useSession();
  const by = useName();
  const [why, setWhy] = useState<string | null>(null);
  const isRemoval = what === "removal";
  const decide = useMutation({
    mutationFn: async (reason: string) => {
      const params = { path: { survey_id: survey.survey_id, sha256 } };
      const body = { why: reason.trim(), by: by.name.trim() };
      return told(
        isRemoval
          ? await api.POST("/api/surveys/{survey_id}/photos/{sha256}/removal", { params, body })
          : await api.POST("/api/surveys/{survey_id}/photos/{sha256}/restoration", { params, body }),
        "LeftOut",
      );
    },
    onSuccess: () => setWhy(null),
    onSettled: async () => {
      for (const key of ["survey", "coverage", "outlook"]) {
        await queries.invalidateQueries({ queryKey: [key, survey.survey_id] });
      }
    },
  });
  if (!may(session, "capture")) return null;
  const word = say(isRemoval ? "leaveOut" : "putBack");
  if (why === null) {
    return (
      <button type="button" className="link" disabled={survey.job?.active === true} onClick={() => setWhy("")}>
        {word}
        <span className="unseen"> {name}</span>
      </button>
    );
  }
  const asked = say(isRemoval ? "whyLeaveOut" : "whyPutBack");
  return (
    <form
      className="take-out"
      onSubmit={(event) => {
        event.preventDefault();
        if (why.trim() !== "" && !decide.isPending) decide.mutate(why);
      }}
    >
      {by.isTyped && (
        <label>
          {say("yourName")}
          <input value={by.name} maxLength={200} onChange={(event) => by.setName(event.target.value)} />
        </label>
      )}
      <label>
        {asked}
        <input value={why} maxLength={1000} autoFocus onChange={(event) => setWhy(event.target.value)} />
      </label>
      <Trouble error={decide.error} />
      <span className="buttons">
        <button type="submit" className="primary" disabled={why.trim() === "" || by.name.trim() === "" || decide.isPending}>
          {word}
        </button>
        <button type="button" onClick={() => setWhy(null)}>
          {say("close")}
        </button>
      </span>
    </form>
  );
}
