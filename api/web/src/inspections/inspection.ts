import type { Schemas } from "../client";

export type InspectionState = Schemas["InspectionState"];
export type Inspection = Schemas["InspectionOut"];
export type Content = Schemas["ContentOut"];
export type RecordShown = Schemas["RecordOut"];
export type Standing = Schemas["StandingOut"];

/** The tabs of the list, and which states stand under each. */
export const TABS = ["waiting", "returned", "work", "approved", "public"] as const;
export type Tab = (typeof TABS)[number];

export const STATES: Readonly<Record<Tab, readonly InspectionState[]>> = {
  waiting: ["diagnosed"],
  returned: ["sent_back"],
  work: ["planned", "captured", "processed", "ai_reviewed", "engineer_confirmed"],
  approved: ["approved"],
  public: ["published"],
};

/** Tell under which tab an inspection stands. */
export function tabOf(state: InspectionState): Tab {
  return TABS.find((tab) => STATES[tab].includes(state)) ?? "work";
}

/** What may be done with an inspection as it stands, by somebody with some rights. */
export interface Possible {
  readonly diagnose: boolean;
  readonly approve: boolean;
  readonly sendBack: boolean;
  readonly resubmit: boolean;
  readonly revoke: boolean;
  readonly publish: boolean;
  readonly withdraw: boolean;
}

export function possible(inspection: Inspection, rights: readonly string[]): Possible {
  const { state } = inspection;
  const mayApprove = rights.includes("approve");
  const mayDecide = rights.includes("decide");
  const isKept = state === "approved" || state === "published";
  return {
    diagnose: mayDecide && !isKept && inspection.surveys > 0,
    approve: mayApprove && state === "diagnosed",
    sendBack: mayApprove && state === "diagnosed",
    resubmit: mayDecide && state === "sent_back",
    revoke: mayApprove && state === "approved",
    publish: mayApprove && state === "approved",
    withdraw: mayApprove && state === "published",
  };
}

/** Name the files of a record that can be made: a drawing shows one survey, and needs one. */
export const FORMS = ["xlsx", "pdf", "csv", "dxf", "gpkg", "geojson", "json"] as const;
export type Form = (typeof FORMS)[number];

export function fileAddress(inspection: Inspection, form: Form, language: string, surveyId?: string): string {
  const query = new URLSearchParams({
    asset_id: inspection.asset_id,
    fiscal_year: String(inspection.fiscal_year),
    lang: language,
  });
  if (surveyId !== undefined) query.set("survey_id", surveyId);
  return `/api/inspections/record.${form}?${query.toString()}`;
}

type Lack = readonly ["missingUnfinished" | "missingUnreviewed" | "missingDiagnosis", number | null];

/** Name what an approval still needs, in words of the page; the service says it in English. */
export function lacks(inspection: Inspection): Lack[] {
  if (inspection.missing.length === 0) return [];
  const found: Lack[] = [];
  if (inspection.unfinished > 0) found.push(["missingUnfinished", inspection.unfinished]);
  if (inspection.unreviewed > 0) found.push(["missingUnreviewed", inspection.unreviewed]);
  // what is left over is the diagnosis, which a ledger may have given
  if (inspection.missing.length > found.length) found.push(["missingDiagnosis", null]);
  return found;
}

/** Parts of a record that changes name and the page has words for. */
export const FIELDS = [
  "value",
  "by",
  "note",
  "line",
  "countermeasures",
  "soundness",
  "inspector",
  "damage_class",
  "grade",
  "grade_again",
  "width",
  "length",
  "area",
  "outline_surface",
  "confirmed_by",
  "mosaic_sha256",
  "photos",
] as const;

/** Why a grade is to be decided again. */
export const AGAIN = ["split", "merged", "redrawn"] as const;

export function isAgain(word: string): word is (typeof AGAIN)[number] {
  return (AGAIN as readonly string[]).includes(word);
}

export function isField(name: string): name is (typeof FIELDS)[number] {
  return (FIELDS as readonly string[]).includes(name);
}
