import { api, type Defect, type DefectDetail, type Schemas, told } from "../client";

export type Action = Schemas["Action"];
export type RejectReason = Schemas["RejectReason"];
export type ClassCode = Defect["damage_class"];

export const REASONS: readonly RejectReason[] = [
  "shadow",
  "stain",
  "joint",
  "form_line",
  "chalk",
  "vegetation",
  "cable",
  "duplicate",
  "other",
];

/** What a person decides about a defect. */
export interface Decision {
  readonly action: Action;
  readonly reason?: RejectReason | null;
  readonly damageClass?: ClassCode | null;
  readonly note?: string;
}

/** What a defect was like before a decision, as far as it can be put back. */
export interface Before {
  readonly state: Defect["state"];
  readonly damageClass: ClassCode;
  readonly reason: RejectReason | null;
}

export function before(defect: Pick<DefectDetail, "state" | "damage_class" | "history">): Before {
  const rejection = defect.history.findLast((verdict) => verdict.action === "reject");
  return { state: defect.state, damageClass: defect.damage_class, reason: rejection?.reason ?? null };
}

/**
 * Give the decision that puts a defect back to what it was; null when nothing changed.
 *
 * History is never taken back: an undo is one more decision, and says that it is one.
 */
export function inverse(was: Before, is: Pick<Defect, "state" | "damage_class">, note: string): Decision | null {
  if (is.state !== was.state) {
    if (was.state === "candidate") return { action: "reopen", note };
    if (was.state === "confirmed") return { action: "confirm", note };
    return { action: "reject", reason: was.reason ?? "other", note };
  }
  if (is.damage_class !== was.damageClass) return { action: "reclassify", damageClass: was.damageClass, note };
  return null;
}

/** Send a decision. The version that was read goes along, so nobody's decision is overwritten. */
export async function decide(
  defect: Pick<Defect, "defect_id" | "version">,
  decision: Decision,
  reviewer: string,
): Promise<DefectDetail> {
  return told(
    await api.POST("/api/defects/{defect_id}/verdicts", {
      params: { path: { defect_id: defect.defect_id } },
      body: {
        verdict_id: crypto.randomUUID(),
        action: decision.action,
        reviewer,
        expected_version: defect.version,
        reason: decision.action === "reject" ? (decision.reason ?? "other") : null,
        damage_class: decision.action === "reclassify" ? (decision.damageClass ?? null) : null,
        note: decision.note ?? "",
      },
    }),
    "DefectDetail",
  );
}

/** How a decision about many defects went. */
export interface Tally {
  readonly done: number;
  readonly failed: readonly { readonly defectId: string; readonly why: string }[];
}

/**
 * Decide about many, one after the other; one that fails, such as for somebody else's decision in
 * between, is told and the others go on.
 */
export async function decideAll<Item extends { readonly defect_id: string }>(
  items: readonly Item[],
  send: (item: Item) => Promise<unknown>,
  onStep: (tally: Tally) => void,
  stopped: () => boolean = () => false,
): Promise<Tally> {
  let tally: Tally = { done: 0, failed: [] };
  for (const item of items) {
    if (stopped()) break;
    try {
      await send(item);
      tally = { ...tally, done: tally.done + 1 };
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      tally = { ...tally, failed: [...tally.failed, { defectId: item.defect_id, why }] };
    }
    onStep(tally);
  }
  return tally;
}
