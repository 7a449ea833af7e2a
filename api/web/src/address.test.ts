import { describe, expect, it } from "vitest";

import { addressOf, type View, viewOf } from "./address";

const SURVEY = "d2374f7d-a45c-5459-9a5b-7d863c203015";
const DEFECT = "64792f6c-3df8-57c1-8db4-24fef6db167f";

const views: View[] = [
  { name: "surveys" },
  { name: "dashboard" },
  { name: "account" },
  { name: "inspections", tab: "waiting" },
  { name: "inspections", tab: "public" },
  { name: "inspection", assetId: "橋/1 %2", fiscalYear: 2026 },
  { name: "admin", desk: "people" },
  { name: "review", surveyId: SURVEY },
  { name: "review", surveyId: SURVEY, defectId: DEFECT },
  { name: "worklist", surveyId: SURVEY },
];

describe("addresses", () => {
  it.each(views)("of $name lead back to the same view", (view) => {
    expect(viewOf(addressOf(view))).toEqual(view);
  });

  it.each(["/", "/app", "/app/", "/app/surveys/not-an-id", "/app/surveys/../../etc", "/app/inspections/of/%E6/2026"])(
    "%s is the list of surveys",
    (path) => {
      expect(viewOf(path)).toEqual({ name: "surveys" });
    },
  );
});
