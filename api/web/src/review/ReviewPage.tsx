import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState } from "react";

import "ol/ol.css";

import { go } from "../address";
import type { DamageClass } from "../client";
import { useLanguage } from "../i18n/language";
import { classesQuery, defectsQuery, surveyQuery } from "../queries";
import { Trouble } from "../Trouble";
import { JobState } from "../upload/JobState";
import { ExportLinks } from "../worklist/ExportLinks";
import { DefectList } from "./DefectList";
import { DefectPanel } from "./DefectPanel";
import { PlaceMarker } from "./detail/PlaceMarker";
import { Swipe } from "./detail/Swipe";
import { EVERYTHING, type Filter, matching, neighbour, type Order, ordered } from "./filter";
import { MosaicMap } from "./MosaicMap";
import { Ruler } from "./Ruler";
import { useReview } from "./useReview";

interface Props {
  surveyId: string;
  defectId?: string;
}

/** Review the defects of one survey: list, mosaic, and the chosen one with its numbers. */
export default function ReviewPage({ surveyId, defectId }: Props) {
  const { say } = useLanguage();
  const survey = useQuery(surveyQuery(surveyId));
  const found = useQuery({ ...defectsQuery(surveyId), enabled: survey.data?.mosaic != null });
  useFreshWhenDone(surveyId, survey.data?.job?.active);
  const classes = useClasses();
  const [filter, setFilter] = useState<Filter>(EVERYTHING);
  const [order, setOrder] = useState<Order>("size");
  const defects = useMemo(() => ordered(found.data ?? [], order), [found.data, order]);
  const shownDefects = useMemo(() => matching(defects, filter), [defects, filter]);
  const choose = (id: string) => go({ name: "review", surveyId, defectId: id }, { replace: true });
  const review = useReview(surveyId, choose);
  useStepKeys((step) => {
    const next = neighbour(shownDefects, defectId, step);
    if (next) choose(next.defect_id);
  }, review.undo);

  const mosaic = survey.data?.mosaic;
  return (
    <main className="review">
      <div className="title">
        <h1>{survey.data?.asset_name ?? say("survey")}</h1>
        {mosaic && (
          <span className="soft">
            {mosaic.gsd_mm_per_px.toFixed(2)} mm/px · {mosaic.georeferenced ? mosaic.crs : say("local")}
          </span>
        )}
        <span className="soft">{say("keys")}</span>
        <span className="grow" />
        <a
          href={`/app/surveys/${surveyId}/worklist`}
          onClick={(event) => {
            event.preventDefault();
            go({ name: "worklist", surveyId });
          }}
        >
          {say("worklist")}
        </a>
        <ExportLinks surveyId={surveyId} />
      </div>
      <Trouble error={survey.error ?? found.error} />
      {survey.data && <JobState survey={survey.data} />}
      {mosaic === null && <p className="empty">{say("noMosaic")}</p>}
      {mosaic && (
        <div className="desk">
          <DefectList
            defects={defects}
            shownDefects={shownDefects}
            classes={classes}
            filter={filter}
            onFilter={setFilter}
            order={order}
            onOrder={setOrder}
            review={review}
            chosenId={defectId}
            onChoose={choose}
          />
          {mosaic.tiles ? (
            <MosaicMap
              name={mosaic.sha256}
              tiles={mosaic.tiles}
              defects={shownDefects}
              classes={classes}
              chosenId={defectId}
              onChoose={choose}
            >
              <Ruler />
              <PlaceMarker />
              <Swipe />
            </MosaicMap>
          ) : (
            <p className="empty">{say("noTiles")}</p>
          )}
          <DefectPanel defectId={defectId} classes={classes} review={review} />
        </div>
      )}
    </main>
  );
}

/** Read defects and work list anew when processing has ended: what was read before holds less. */
function useFreshWhenDone(surveyId: string, active: boolean | undefined) {
  const queries = useQueryClient();
  const was = useRef(active);
  useEffect(() => {
    if (was.current === true && active === false) {
      for (const queryKey of [["defects", surveyId], ["worklist", surveyId]]) {
        void queries.invalidateQueries({ queryKey });
      }
    }
    was.current = active;
  }, [active, surveyId, queries]);
}

function useClasses() {
  const { data } = useQuery(classesQuery);
  return useMemo(() => new Map<string, DamageClass>(data?.damage_classes.map((entry) => [entry.code, entry])), [data]);
}

/** J goes to the next defect, K to the one before; U undoes, whatever is shown. */
function useStepKeys(onStep: (step: 1 | -1) => void, onUndo: () => void) {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement) return;
      if (document.querySelector("dialog[open]")) return;
      const step = ({ j: 1, k: -1 } as const)[event.key.toLowerCase()];
      if (step) onStep(step);
      if (event.key.toLowerCase() === "u" && !event.ctrlKey && !event.metaKey && !event.altKey) onUndo();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  });
}
