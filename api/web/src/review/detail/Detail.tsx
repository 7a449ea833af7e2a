import { useEffect } from "react";

import { useView } from "../../address";
import type { DamageClass, DefectDetail } from "../../client";
import { useRested } from "../../useRested";
import { History } from "./History";
import { LastInspection } from "./LastInspection";
import { Photos } from "./Photos";
import { pointAt } from "./pointing";
import type { Seen } from "./queries";
import { WidthProfile } from "./WidthProfile";
import "./detail.css";

interface Props {
  defect: DefectDetail;
  classes: ReadonlyMap<string, DamageClass>;
}

/** Who walks through the list with the keyboard does not look at each: photos are decoded for that. */
const REST_MS = 300;

/** Show the evidence for one defect: widths along it, photos, the last inspection, its history. */
export function Detail({ defect, classes }: Props) {
  const view = useView();
  const surveyId = view.name === "review" ? view.surveyId : defect.survey_id;
  const seen: Seen = { defectId: defect.defect_id, surveyId };
  const isLookedAt = useRested(defect.defect_id, REST_MS) === defect.defect_id;
  const isCrack = defect.axis !== null && defect.width_mm !== null;
  useEffect(() => () => pointAt(null), []);
  if (!isLookedAt) return <div className="evidence-waits" aria-busy="true" />;
  return (
    <>
      {isCrack && <WidthProfile seen={seen} />}
      <Photos seen={seen} isCrack={isCrack} />
      <LastInspection seen={seen} />
      <History defectId={defect.defect_id} classes={classes} />
    </>
  );
}
