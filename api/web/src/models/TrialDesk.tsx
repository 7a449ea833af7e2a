import { useQuery } from "@tanstack/react-query";
import { useCallback, useState } from "react";

import type { SurveyDetail } from "../client";
import { useLanguage } from "../i18n/language";
import { surveyQuery } from "../queries";
import { Trouble } from "../Trouble";
import type { SurveyRow } from "../useSurveys";
import { Compared } from "./Compared";
import { isSamePlace, type ModelRow, type Trial, type Window, windowOf } from "./model";
import { OutlineMap, type Shown } from "./OutlineMap";
import { comparisonQuery, outlinesQuery, trialsQuery } from "./queries";
import { SingleTrial } from "./SingleTrial";
import { SurveyPick, useSurveyPick } from "./SurveyPick";
import { TrialForm } from "./TrialForm";
import { TrialTable } from "./TrialTable";

const NONE: readonly string[] = [];

/** Let models look at a part of a mosaic, and compare what two of them found. */
export default function TrialDesk({ models }: { models: readonly ModelRow[] }) {
  const { say } = useLanguage();
  const pick = useSurveyPick(isProcessed);
  const surveyId = pick.survey?.survey_id;
  const { data: survey } = useQuery({ ...surveyQuery(surveyId ?? ""), enabled: surveyId !== undefined });
  if (pick.surveys === undefined) return pick.error ? <Trouble error={pick.error} /> : <p className="empty">{say("loading")}</p>;
  if (pick.isNone) return <p className="card empty">{say("tryNoSurvey")}</p>;
  return (
    <>
      <div className="fields">
        <SurveyPick label={say("trySurvey")} pick={pick} />
      </div>
      {survey?.mosaic && <Site key={surveyId} survey={survey} models={models} />}
    </>
  );
}

function isProcessed(survey: SurveyRow): boolean {
  return survey.state === "processed" || survey.defect_count > 0;
}

function Site({ survey, models }: { survey: SurveyDetail; models: readonly ModelRow[] }) {
  const { say } = useLanguage();
  const [picked, setPicked] = useState<readonly string[]>(NONE);
  const [shown, setShown] = useState<Window | null>(null);
  const { data, error } = useQuery(trialsQuery(survey.survey_id));
  const mosaic = survey.mosaic;
  const look = useCallback((extentM: readonly number[]) => setShown(mosaic ? windowOf(extentM, mosaic) : null), [mosaic]);
  const trials = data?.trials ?? [];
  const chosen = picked.map((id) => trials.find((trial) => trial.trial_id === id)).filter((trial) => trial !== undefined);
  const { outlines, panel } = useResult(chosen);
  if (!mosaic) return null;
  return (
    <>
      {mosaic.tiles ? (
        <OutlineMap name={mosaic.sha256} tiles={mosaic.tiles} mosaic={mosaic} window={chosen[0]?.window_px ?? null} outlines={outlines} onLook={look} />
      ) : (
        <p className="card">{say("noMapOfTurned")}</p>
      )}
      <TrialForm survey={survey} models={models} shown={mosaic.tiles ? shown : null} onAsked={setPicked} />
      <Trouble error={error} />
      {data && <TrialTable trials={trials} picked={picked} onPicked={setPicked} surveyId={survey.survey_id} />}
      {panel}
    </>
  );
}

/** Give what the map shows and the figures beside it, for one trial or two. */
function useResult(chosen: readonly Trial[]): { outlines: readonly Shown[]; panel: React.ReactNode } {
  const { say } = useLanguage();
  const [first, second] = chosen;
  const isOne = first !== undefined && second === undefined;
  const isPair = first !== undefined && second !== undefined && isSamePlace(first, second);
  const areDone = chosen.every((trial) => trial.figures !== null);
  const one = useQuery({ ...outlinesQuery(first?.trial_id ?? ""), enabled: isOne && areDone });
  const two = useQuery({ ...comparisonQuery(first?.trial_id ?? "", second?.trial_id ?? ""), enabled: isPair && areDone });
  const [hidden, setHidden] = useState<readonly Shown["group"][]>([]);
  if (first !== undefined && second !== undefined && !isPair) {
    return { outlines: [], panel: <p className="card hint">{say("trialOtherWindow")}</p> };
  }
  if (isPair && areDone && two.data) {
    const outlines: Shown[] = [
      ...two.data.first.outlines.map((outline) => ({ side: "first" as const, group: groupOf("first", outline.agreement), outline })),
      ...two.data.second.outlines.map((outline) => ({ side: "second" as const, group: groupOf("second", outline.agreement), outline })),
    ];
    return {
      outlines: outlines.filter(({ group }) => !hidden.includes(group)),
      panel: <Compared compared={two.data} hidden={hidden} onHidden={setHidden} />,
    };
  }
  if (isOne && areDone && one.data) {
    return {
      outlines: one.data.outlines.map((outline) => ({ side: "first" as const, group: "both" as const, outline })),
      panel: <SingleTrial trial={first} />,
    };
  }
  return { outlines: [], panel: <Trouble error={isPair ? two.error : one.error} /> };
}

function groupOf(side: Shown["side"], agreement: "both" | "otherwise" | "only" | null): Shown["group"] {
  if (agreement === "both") return "both";
  return side === "first" ? "onlyFirst" : "onlySecond";
}
