import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState } from "react";

import "ol/ol.css";

import { go } from "../address";
import type { DamageClass, Mosaic } from "../client";
import { useLanguage } from "../i18n/language";
import { classesQuery, defectQuery, surveyQuery } from "../queries";
import { Trouble } from "../Trouble";
import { JobState } from "../upload/JobState";
import { ExportLinks } from "../worklist/ExportLinks";
import { DefectList } from "./DefectList";
import { DefectPanel } from "./DefectPanel";
import type { Chosen } from "./defectLayer";
import { PlaceMarker } from "./detail/PlaceMarker";
import { Swipe } from "./detail/Swipe";
import { EditTools } from "./edit/EditTools";
import { EVERYTHING, type Filter, type Order, queryOf } from "./filter";
import { MosaicMap } from "./MosaicMap";
import { Ruler } from "./Ruler";
import { type QueueRow, useQueue } from "./useQueue";
import { useReview } from "./useReview";

interface Props {
  surveyId: string;
  defectId?: string;
}

/** Review the defects of one survey: list, mosaic, and the chosen one with its numbers. */
export default function ReviewPage({ surveyId, defectId }: Props) {
  const { say } = useLanguage();
  const survey = useQuery(surveyQuery(surveyId));
  useFreshWhenDone(surveyId, survey.data?.job?.active);
  const classes = useClasses();
  const [filter, setFilter] = useState<Filter>(EVERYTHING);
  const [order, setOrder] = useState<Order>("size");
  const show = (id: string) => go({ name: "review", surveyId, defectId: id }, { replace: true });
  const queue = useQueue(surveyId, filter, order, defectId, survey.data?.mosaic != null, show);
  const review = useReview(surveyId, queue.choose);
  useStepKeys(queue.step, review.undo);

  const mosaic = survey.data?.mosaic;
  const chosen = useChosen(mosaic, queue.chosen);
  const query = useMemo(
    () => (queue.counts === undefined ? undefined : queryOf(filter, queue.counts.revision)),
    [filter, queue.counts],
  );
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
        <span className="soft">{say("editKeys")}</span>
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
      <Trouble error={survey.error ?? queue.error} />
      {survey.data && <JobState survey={survey.data} />}
      {mosaic === null && <p className="empty">{say("noMosaic")}</p>}
      {mosaic && (
        <div className="desk">
          <DefectList
            surveyId={surveyId}
            queue={queue}
            classes={classes}
            filter={filter}
            onFilter={setFilter}
            order={order}
            onOrder={setOrder}
            review={review}
            chosenId={defectId}
          />
          {mosaic.tiles && mosaic.defect_tiles ? (
            <MosaicMap
              name={mosaic.sha256}
              tiles={mosaic.tiles}
              defectTiles={mosaic.defect_tiles}
              query={query}
              classes={classes}
              chosen={chosen}
              onChoose={queue.choose}
            >
              <EditTools
                surveyId={surveyId}
                mosaic={mosaic.sha256}
                defectId={defectId}
                classes={classes}
                review={review}
                rows={queue.rows}
                onShow={show}
              />
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

/** Give the map what it needs of the chosen defect; its outline only where that lies on this mosaic. */
function useChosen(mosaic: Mosaic | null | undefined, row: QueueRow | undefined): Chosen | undefined {
  const { data } = useQuery({ ...defectQuery(row?.defect_id ?? ""), enabled: row !== undefined });
  return useMemo(() => {
    if (row === undefined || !mosaic) return undefined;
    const isHere =
      data?.defect_id === row.defect_id &&
      data.surface_crs === mosaic.crs &&
      (mosaic.georeferenced || data.mosaic_sha256 === mosaic.sha256);
    return {
      id: row.defect_id,
      boxM: row.box_surface_m,
      state: isHere ? data.state : row.state,
      damageClass: isHere ? data.damage_class : row.damage_class,
      outline: isHere ? data.outline : null,
    };
  }, [row, data, mosaic]);
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
