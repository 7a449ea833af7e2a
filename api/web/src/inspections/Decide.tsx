import { useState } from "react";

import { api, told } from "../client";
import { useLanguage } from "../i18n/language";
import { Trouble } from "../Trouble";
import type { Inspection, Possible } from "./inspection";
import { Reason } from "./Reason";
import { useDecision, useName } from "./useDecision";

type What = "approve" | "sendBack" | "resubmit" | "revoke";

const WORDS = {
  approve: "approveIt",
  sendBack: "sendBackIt",
  resubmit: "resubmitIt",
  revoke: "revokeIt",
} as const;
const LOOKS = { approve: "confirm", sendBack: "", resubmit: "primary", revoke: "reject" } as const;
const ORDER: readonly What[] = ["approve", "sendBack", "resubmit", "revoke"];

/** Let whoever may approve, send back, answer or take back; each with its reason. */
export function Decide({ inspection, may }: { inspection: Inspection; may: Possible }) {
  const { say } = useLanguage();
  const { name } = useName();
  const [why, setWhy] = useState("");
  const [remarks, setRemarks] = useState("");
  const decide = useDecision((what: What) => send(what, inspection, { why: why.trim(), by: name.trim(), remarks: remarks.trim() }));
  const offered = ORDER.filter((what) => may[what]);
  const isWhole = why.trim() !== "" && name.trim() !== "";
  const needsApprover = inspection.state === "diagnosed" && !may.approve;
  if (offered.length === 0 && !needsApprover && !may.withdraw) return null;
  return (
    <section className="card" aria-label={say("decideTitle")}>
      <h2>{say("decideTitle")}</h2>
      {needsApprover && <p className="soft">{say("decideWho")}</p>}
      {may.withdraw && <p className="soft">{say("revokeWithdrawFirst")}</p>}
      {may.approve && inspection.is_own && <p className="hint">{say("ownDiagnosis")}</p>}
      {offered.length > 0 && (
        <form className="decide" onSubmit={(event) => event.preventDefault()}>
          {may.approve && (
            <label>
              {say("remarks")}
              <textarea value={remarks} maxLength={4000} onChange={(event) => setRemarks(event.target.value)} />
            </label>
          )}
          <Reason why={why} onWhy={setWhy} />
          <Trouble error={decide.error} />
          <p className="buttons">
            {offered.map((what) => (
              <button
                key={what}
                type="button"
                className={LOOKS[what]}
                disabled={!isWhole || decide.isPending}
                onClick={() => decide.mutate(what)}
              >
                {say(WORDS[what])}
              </button>
            ))}
          </p>
        </form>
      )}
    </section>
  );
}

interface Said {
  readonly why: string;
  readonly by: string;
  readonly remarks: string;
}

async function send(what: What, inspection: Inspection, { why, by, remarks }: Said) {
  const body = {
    asset_id: inspection.asset_id,
    fiscal_year: inspection.fiscal_year,
    expected_version: inspection.version,
    why,
    by,
  };
  const read = { ...body, record_sha256: inspection.record_sha256 ?? "" };
  switch (what) {
    case "approve":
      return told(
        await api.POST("/api/inspections/approvals", {
          body: { ...read, findings: remarks === "" ? {} : { remarks } },
        }),
        "InspectionOut",
      );
    case "sendBack":
      return told(await api.POST("/api/inspections/returns", { body: read }), "InspectionOut");
    case "resubmit":
      return told(await api.POST("/api/inspections/resubmissions", { body }), "InspectionOut");
    case "revoke":
      return told(await api.POST("/api/inspections/revocations", { body }), "InspectionOut");
  }
}
