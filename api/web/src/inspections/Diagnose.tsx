import { useState } from "react";

import { api, told } from "../client";
import { useLanguage } from "../i18n/language";
import { Trouble } from "../Trouble";
import type { Inspection } from "./inspection";
import { Reason } from "./Reason";
import { useDecision, useName } from "./useDecision";

/** Let an engineer say what condition an asset is in as a whole. */
export function Diagnose({ inspection }: { inspection: Inspection }) {
  const { say } = useLanguage();
  const { name } = useName();
  const [value, setValue] = useState(inspection.decided ?? "");
  const [why, setWhy] = useState("");
  const keep = useDecision(async () =>
    told(
      await api.POST("/api/inspections/diagnoses", {
        body: {
          asset_id: inspection.asset_id,
          fiscal_year: inspection.fiscal_year,
          value,
          decided_before: inspection.decided,
          why: why.trim(),
          by: name.trim(),
        },
      }),
      "InspectionOut",
    ),
  );
  const isWhole = value !== "" && why.trim() !== "" && name.trim() !== "";
  return (
    <section className="card" aria-label={say("diagnoseTitle")}>
      <h2>{say("diagnoseTitle")}</h2>
      <p className="soft">{say("diagnoseHint")}</p>
      <form
        className="decide"
        onSubmit={(event) => {
          event.preventDefault();
          if (isWhole && !keep.isPending) keep.mutate(undefined);
        }}
      >
        <label>
          {say("soundness")}
          <select value={value} onChange={(event) => setValue(event.target.value)}>
            <option value="">–</option>
            {inspection.values.map((one) => (
              <option key={one} value={one}>
                {one}
              </option>
            ))}
          </select>
        </label>
        <Reason why={why} onWhy={setWhy} />
        <Trouble error={keep.error} />
        <p className="buttons">
          <button type="submit" className="primary" disabled={!isWhole || keep.isPending}>
            {say("diagnoseKeep")}
          </button>
        </p>
      </form>
    </section>
  );
}
