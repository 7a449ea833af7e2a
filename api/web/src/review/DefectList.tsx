import { useEffect, useRef, useState } from "react";

import type { DamageClass, Defect } from "../client";
import { useLanguage } from "../i18n/language";
import { may, useSession } from "../session/session";
import { BatchDialog } from "./BatchDialog";
import { type Filter, ORDERS, type Order } from "./filter";
import { shown } from "./quantity";
import type { Review } from "./useReview";

interface Props {
  defects: readonly Defect[];
  shownDefects: readonly Defect[];
  classes: ReadonlyMap<string, DamageClass>;
  filter: Filter;
  onFilter: (filter: Filter) => void;
  order: Order;
  onOrder: (order: Order) => void;
  review: Review;
  chosenId: string | undefined;
  onChoose: (defectId: string) => void;
}

export function DefectList(props: Props) {
  const { language, say } = useLanguage();
  const { defects, shownDefects, classes, filter, onFilter, order, onOrder, review, chosenId, onChoose } = props;
  const mayDecide = may(useSession(), "decide");
  const [deciding, setDeciding] = useState(false);
  const candidates = shownDefects.filter((defect) => defect.state === "candidate");
  const present = [...new Set(defects.map((defect) => defect.damage_class))].sort();
  const chosen = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    // In braces: newer browsers give a promise here, which React would take for a clean-up.
    chosen.current?.scrollIntoView({ block: "nearest" });
  }, [chosenId]);
  return (
    <section className="list" aria-label={say("defects")}>
      <div className="filters">
        <label>
          {say("damageClass")}
          <select
            value={filter.damageClass ?? ""}
            onChange={(event) => onFilter({ ...filter, damageClass: event.target.value || null })}
          >
            <option value="">{say("all")}</option>
            {present.map((code) => (
              <option key={code} value={code}>
                {classes.get(code)?.[language] ?? code}
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
                {say(state)}
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
            disabled={candidates.length === 0 || review.reviewer === ""}
            onClick={() => setDeciding(true)}
          >
            {say("batch")} ({candidates.length})…
          </button>
        </p>
      )}
      {deciding && (
        <BatchDialog defects={candidates} classes={classes} review={review} onClose={() => setDeciding(false)} />
      )}
      <p className="count">
        {shownDefects.length} / {defects.length} {say("defects")}
      </p>
      {shownDefects.length === 0 && <p className="empty">{say("noDefects")}</p>}
      <ul>
        {shownDefects.map((defect) => (
          <li key={defect.defect_id}>
            <button
              type="button"
              ref={defect.defect_id === chosenId ? chosen : null}
              aria-current={defect.defect_id === chosenId}
              data-defect={defect.defect_id}
              onClick={() => onChoose(defect.defect_id)}
            >
              <i style={{ background: classes.get(defect.damage_class)?.colour }} />
              <span className="grow">
                {classes.get(defect.damage_class)?.[language] ?? defect.damage_class}
                <small>
                  {defect.length_m
                    ? shown(defect.length_m, "m", 2)
                    : shown(defect.area_m2, "m²", 3)}
                </small>
              </span>
              <b className={`state ${defect.state}`}>{say(defect.state)}</b>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
