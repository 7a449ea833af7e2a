import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";

import type { Defect, DefectDetail } from "../../client";
import { useLanguage } from "../../i18n/language";
import { defectQuery } from "../../queries";
import { useMap } from "../mapContext";
import { shown } from "../quantity";
import type { HeldProps } from "./EditTools";
import { Outcome } from "./Outcome";
import { classesOf, toggled } from "./plan";
import { useEdit } from "./useEdit";

const HIT_PX = 6;

/** Put the chosen defect and others together, picked on the map or from the list. */
export function MergeTool(props: HeldProps & { chosen: DefectDetail }) {
  const { chosen, classes, review, rows, onShow, onEnd } = props;
  const { language, say } = useLanguage();
  const { map } = useMap();
  const queries = useQueryClient();
  const [picks, setPicks] = useState<readonly DefectDetail[]>([chosen]);
  const [damageClass, setDamageClass] = useState<Defect["damage_class"]>(chosen.damage_class);
  const edit = useEdit(review, (shownId) => {
    onEnd();
    if (shownId) onShow(shownId);
  });
  const ask = (of: readonly DefectDetail[], wanted: Defect["damage_class"]) => {
    setPicks(of);
    if (of.length < 2) return edit.reset();
    edit.ask({ kind: "merge", of, damageClass: classesOf(of).length > 1 ? wanted : null });
  };
  const pick = async (id: string) => {
    // read anew, the first one too: an edit or an undo a moment ago has made other versions
    const read = (each: string) => queries.fetchQuery({ ...defectQuery(each), staleTime: 0 });
    const [first, one] = await Promise.all([read(chosen.defect_id), read(id)]);
    ask(toggled([first, ...picks.slice(1)], one), damageClass);
  };
  usePicking(map, pick);

  const name = (one: Pick<Defect, "damage_class" | "length_m" | "area_m2">) =>
    `${classes.get(one.damage_class)?.[language] ?? one.damage_class} ${
      one.length_m ? shown(one.length_m, "m", 2) : shown(one.area_m2, "m²", 3)
    }`;
  const others = rows.filter(
    (row) => row.state !== "rejected" && !picks.some((one) => one.defect_id === row.defect_id),
  );
  const several = classesOf(picks);
  return (
    <>
      <p>{say("mergeHint")}</p>
      <ul className="edit-picks" aria-label={say("picked")}>
        {picks.map((one, place) => (
          <li key={one.defect_id}>
            {name(one)}
            {place > 0 && (
              <button type="button" onClick={() => ask(toggled(picks, one), damageClass)}>
                {say("unpick")}
              </button>
            )}
          </li>
        ))}
      </ul>
      <label className="inline">
        {say("pickMore")}
        <select value="" onChange={(event) => void pick(event.target.value)}>
          <option value="">–</option>
          {others.map((row) => (
            <option key={row.defect_id} value={row.defect_id}>
              {name(row)} · {row.defect_id.slice(0, 8)}
            </option>
          ))}
        </select>
      </label>
      {several.length > 1 && (
        <label className="inline">
          {say("classOfWhole")}
          <select
            value={damageClass}
            onChange={(event) => {
              const wanted = event.target.value as Defect["damage_class"];
              setDamageClass(wanted);
              ask(picks, wanted);
            }}
          >
            {several.map((code) => (
              <option key={code} value={code}>
                {classes.get(code)?.[language] ?? code}
              </option>
            ))}
          </select>
        </label>
      )}
      <Outcome edit={edit} onCancel={onEnd} />
    </>
  );
}

/** A click on a defect picks it. */
function usePicking(map: ReturnType<typeof useMap>["map"], pick: (id: string) => void) {
  useEffect(() => {
    const onClick = (event: { pixel: number[] }) => {
      const hit = map.forEachFeatureAtPixel(event.pixel, (feature) => feature.getId(), { hitTolerance: HIT_PX });
      if (typeof hit === "string") pick(hit);
    };
    map.on("click", onClick);
    return () => map.un("click", onClick);
  });
}
