import { describe, expect, it } from "vitest";

import document from "../../../openapi.json";
import { words } from "../i18n/words";
import { fileAddress, FORMS, type Inspection, type InspectionState, lacks, possible, STATES, TABS, tabOf } from "./inspection";

const schemas = document.components.schemas;
const states = schemas.InspectionState.enum as InspectionState[];

const inspection: Inspection = {
  asset_id: "橋/1 & 2",
  fiscal_year: 2026,
  state: "diagnosed",
  version: 0,
  missing: [],
  surveys: 1,
  unfinished: 0,
  surveys_failed: 0,
  unreviewed: 0,
  element_records: 1,
  soundness: "II",
  diagnosed_by: "山田",
  record_sha256: "0".repeat(64),
  decided: "II",
  values: ["I", "II", "III", "IV"],
  sent_back: null,
  approved: null,
  changed: false,
  is_own: false,
};

const ALL = ["look", "decide", "approve"];

function done(state: InspectionState, rights: readonly string[]): string[] {
  const found = possible({ ...inspection, state }, rights);
  return Object.entries(found)
    .filter(([, may]) => may)
    .map(([what]) => what);
}

describe("an inspection", () => {
  it("stands under exactly one tab, in every state of the API", () => {
    expect(Object.values(STATES).flat().sort()).toEqual([...states].sort());
    for (const state of states) expect(TABS.filter((tab) => STATES[tab].includes(state))).toEqual([tabOf(state)]);
  });

  it("has words for every state, decision, part and tab", () => {
    for (const state of states) expect(words).toHaveProperty(`inspection_${state}`);
    for (const action of schemas.ReleaseAction.enum) expect(words).toHaveProperty(`action_${action}`);
    for (const part of schemas.Part.enum) expect(words).toHaveProperty(`part_${part}`);
    for (const form of schemas.RecordFormat.enum) expect(words).toHaveProperty(`form_${form}`);
    for (const tab of TABS) for (const kind of ["tab", "hint", "none"]) expect(words).toHaveProperty(`${kind}_${tab}`);
  });

  it.each([
    ["ai_reviewed", ["diagnose"]],
    ["diagnosed", ["diagnose", "approve", "sendBack"]],
    ["sent_back", ["diagnose", "resubmit"]],
    ["approved", ["revoke", "publish"]],
    ["published", ["withdraw"]],
  ] as const)("that is %s allows %s", (state, expected) => {
    expect(done(state, ALL)).toEqual(expected);
  });

  it("allows nothing to whoever may only look, and each right its own", () => {
    for (const state of states) expect(done(state, ["look"])).toEqual([]);
    expect(done("diagnosed", ["decide"])).toEqual(["diagnose"]);
    expect(done("diagnosed", ["approve"])).toEqual(["approve", "sendBack"]);
  });

  it("is diagnosed only where a survey was flown", () => {
    expect(possible({ ...inspection, surveys: 0 }, ALL).diagnose).toBe(false);
  });

  it("says what is missing from what is counted", () => {
    expect(lacks(inspection)).toEqual([]);
    const open: Inspection = { ...inspection, state: "processed", unfinished: 2, unreviewed: 3, decided: null, soundness: null };
    expect(lacks({ ...open, missing: ["a", "b", "c"] })).toEqual([
      ["missingUnfinished", 2],
      ["missingUnreviewed", 3],
      ["missingDiagnosis", null],
    ]);
    expect(lacks({ ...open, unfinished: 0, missing: ["3 detections …"] })).toEqual([["missingUnreviewed", 3]]);
  });

  it("names its files so that any name of an asset comes through", () => {
    expect(FORMS).toHaveLength(schemas.RecordFormat.enum.length);
    const address = new URL(fileAddress(inspection, "pdf", "ja"), "http://127.0.0.1");
    expect(address.pathname).toBe("/api/inspections/record.pdf");
    expect(address.searchParams.get("asset_id")).toBe("橋/1 & 2");
    expect(address.searchParams.has("survey_id")).toBe(false);
    expect(fileAddress(inspection, "dxf", "en", "s")).toContain("survey_id=s");
  });
});
