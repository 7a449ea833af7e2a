import { useQuery } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, useState } from "react";

import type { DamageClass } from "../client";
import { useLanguage } from "../i18n/language";
import { candidatesQuery } from "../queries";
import { may, useSession } from "../session/session";
import { BATCH_MOST, BatchDialog } from "./BatchDialog";
import { type Filter, gradesOf, ORDERS, type Order, UNGRADED } from "./filter";
import { shown } from "./quantity";
import type { Queue, QueueRow } from "./useQueue";
import type { Review } from "./useReview";

const ROW_PX = 54;
const OVERSCAN = 8;

interface Props {
  surveyId: string;
  queue: Queue;
  classes: ReadonlyMap<string, DamageClass>;
  filter: Filter;
  onFilter: (filter: Filter) => void;
  order: Order;
  onOrder: (order: Order) => void;
  review: Review;
  chosenId: string | undefined;
}

/** List the defects of a survey: filters, counts, and as many rows as somebody looks at. */
export function DefectList(props: Props) {
  const { language, say } = useLanguage();
  const { surveyId, queue, classes, filter, onFilter, order, onOrder, review } = props;
  const mayDecide = may(useSession(), "decide");
  const [deciding, setDeciding] = useState(false);
  const { counts } = queue;
  const present = Object.entries(counts?.by_class ?? {}).sort(([a], [b]) => a.localeCompare(b));
  const open = filter.state === null || filter.state === "candidate" ? (counts?.by_state.candidate ?? 0) : 0;
  return (
    <section className="list queue" aria-label={say("defects")}>
      <div className="filters">
        <label>
          {say("damageClass")}
          <select
            value={filter.damageClass ?? ""}
            onChange={(event) =>
              onFilter({ ...filter, damageClass: (event.target.value || null) as Filter["damageClass"] })
            }
          >
            <option value="">{say("all")}</option>
            {present.map(([code, count]) => (
              <option key={code} value={code}>
                {classes.get(code)?.[language] ?? code} ({count})
              </option>
            ))}
          </select>
        </label>
        <label>
          {say("state")}
          <select
            value={filter.state ?? ""}
            onChange={(event) =>
              onFilter({ ...filter, state: (event.target.value || null) as Filter["state"] })
            }
          >
            <option value="">{say("all")}</option>
            {(["candidate", "confirmed", "rejected"] as const).map((state) => (
              <option key={state} value={state}>
                {say(state)} ({counts?.by_state[state] ?? 0})
              </option>
            ))}
          </select>
        </label>
        <label>
          {say("gradeWorst")}
          <select
            value={filter.grade ?? ""}
            onChange={(event) => onFilter({ ...filter, grade: event.target.value || null })}
          >
            <option value="">{say("all")}</option>
            {gradesOf(counts?.by_grade ?? {}, filter.grade).map((grade) => (
              <option key={grade} value={grade}>
                {grade === UNGRADED ? say("ungraded") : grade} ({counts?.by_grade[grade] ?? 0})
              </option>
            ))}
          </select>
        </label>
        <label>
          {say("widthFrom")}
          <input
            inputMode="decimal"
            value={filter.widthMm ?? ""}
            onChange={(event) => {
              const widthMm = Number(event.target.value.normalize("NFKC"));
              onFilter({ ...filter, widthMm: widthMm > 0 ? widthMm : null });
            }}
          />
        </label>
        <label>
          {say("confidenceFrom")} {Math.round(filter.confidence * 100)} %
          <input
            type="range"
            min={0}
            max={95}
            step={5}
            value={Math.round(filter.confidence * 100)}
            onChange={(event) => onFilter({ ...filter, confidence: Number(event.target.value) / 100 })}
          />
        </label>
        {(filter.again || (counts?.again ?? 0) > 0) && (
          <label className="check whole">
            <input
              type="checkbox"
              checked={filter.again}
              onChange={(event) => onFilter({ ...filter, again: event.target.checked })}
            />
            {say("gradeAgain")} ({counts?.again ?? 0})
          </label>
        )}
        <label className="whole">
          {say("order")}
          <select value={order} onChange={(event) => onOrder(event.target.value as Order)}>
            {ORDERS.map((name) => (
              <option key={name} value={name}>
                {say(`order_${name}`)}
              </option>
            ))}
          </select>
        </label>
      </div>
      {mayDecide && (
        <p className="count">
          <button
            type="button"
            disabled={open === 0 || review.reviewer === ""}
            onClick={() => setDeciding(true)}
          >
            {say("batch")} ({open})…
          </button>
        </p>
      )}
      {deciding && (
        <Batch
          surveyId={surveyId}
          filter={filter}
          order={order}
          open={open}
          classes={classes}
          review={review}
          onClose={() => setDeciding(false)}
        />
      )}
      {counts && (
        <p className="count" role="status">
          {counts.matched} / {counts.total} {say("defects")}
        </p>
      )}
      {counts?.matched === 0 && <p className="empty">{say("noDefects")}</p>}
      <Rows {...props} />
    </section>
  );
}

/** Draw only the rows in view, and read on when somebody comes to an end. */
function Rows({ queue, classes, chosenId }: Props) {
  const { rows, readOn, readBack } = queue;
  const scroller = useRef<HTMLUListElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: OVERSCAN,
    getItemKey: (index) => rows[index]?.defect_id ?? index,
  });
  const inView = virtual.getVirtualItems();
  const last = inView.at(-1)?.index ?? 0;
  useEffect(() => {
    if (readOn && rows.length > 0 && last >= rows.length - OVERSCAN) readOn();
  }, [readOn, last, rows.length]);

  const at = rows.findIndex((row) => row.defect_id === chosenId);
  const shownFor = useRef<string>(undefined);
  useEffect(() => {
    if (at < 0 || shownFor.current === chosenId) return;
    shownFor.current = chosenId;
    virtual.scrollToIndex(at, { align: "auto" });
  }, [at, chosenId, virtual]);

  return (
    <ul
      ref={scroller}
      className="rows"
      onScroll={({ currentTarget }) => {
        if (currentTarget.scrollTop === 0 && readBack) readBack();
      }}
    >
      <li aria-hidden="true" style={{ height: virtual.getTotalSize() }} />
      {inView.map(({ index, key, start }) => {
        const row = rows[index];
        return (
          row && (
            <li key={key} ref={virtual.measureElement} data-index={index} style={{ top: start }}>
              <RowButton row={row} classes={classes} isChosen={row.defect_id === chosenId} onChoose={queue.choose} />
            </li>
          )
        );
      })}
    </ul>
  );
}

interface RowProps {
  row: QueueRow;
  classes: ReadonlyMap<string, DamageClass>;
  isChosen: boolean;
  onChoose: (defectId: string) => void;
}

function RowButton({ row, classes, isChosen, onChoose }: RowProps) {
  const { language, say } = useLanguage();
  return (
    <button
      type="button"
      aria-current={isChosen}
      data-defect={row.defect_id}
      onClick={() => onChoose(row.defect_id)}
    >
      <i style={{ background: classes.get(row.damage_class)?.colour }} />
      <span className="grow">
        {classes.get(row.damage_class)?.[language] ?? row.damage_class}
        <small>
          {row.length_m ? shown(row.length_m, "m", 2) : shown(row.area_m2, "m²", 3)}
          {row.grade !== null && ` · ${say("gradeShort")} ${row.grade}`}
          {row.again && ` · ${say("againShort")}`}
        </small>
      </span>
      <b className={`state ${row.state}`}>{say(row.state)}</b>
    </button>
  );
}

interface BatchProps {
  surveyId: string;
  filter: Filter;
  order: Order;
  open: number;
  classes: ReadonlyMap<string, DamageClass>;
  review: Review;
  onClose: () => void;
}

/** Read the candidates that may be decided about together, and show them as they were then. */
function Batch({ surveyId, filter, order, open, classes, review, onClose }: BatchProps) {
  const { data } = useQuery(candidatesQuery(surveyId, filter, order, BATCH_MOST));
  if (data === undefined) return null;
  return <BatchDialog defects={data.rows} waiting={open} classes={classes} review={review} onClose={onClose} />;
}
