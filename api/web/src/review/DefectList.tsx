import { useEffect, useRef } from "react";

import type { DamageClass, Defect } from "../client";
import { useLanguage } from "../i18n/language";
import type { Filter } from "./filter";
import { shown } from "./quantity";

interface Props {
  defects: readonly Defect[];
  shownDefects: readonly Defect[];
  classes: ReadonlyMap<string, DamageClass>;
  filter: Filter;
  onFilter: (filter: Filter) => void;
  chosenId: string | undefined;
  onChoose: (defectId: string) => void;
}

export function DefectList(props: Props) {
  const { language, say } = useLanguage();
  const { defects, shownDefects, classes, filter, onFilter, chosenId, onChoose } = props;
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
      </div>
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
