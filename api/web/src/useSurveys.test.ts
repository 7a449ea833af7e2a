import { describe, expect, it } from "vitest";

import { surveysQuery } from "./queries";
import { eachOnce, type SurveyRow } from "./useSurveys";

const row = (survey_id: string) => ({ survey_id }) as SurveyRow;
const page = (matched: number, ...ids: string[]) => ({ surveys: ids.map(row), number_matched: matched });

describe("surveys", () => {
  it("are listed once where a new one shifted the pages", () => {
    const seen = eachOnce([page(4, "a", "b"), page(5, "b", "c")]);
    expect(seen.map((survey) => survey.survey_id)).toEqual(["a", "b", "c"]);
    expect(eachOnce([])).toEqual([]);
  });

  it("go on behind what was read until all is there", () => {
    const next = surveysQuery("").getNextPageParam;
    const [ab, cd, e, none] = [page(5, "a", "b"), page(5, "c", "d"), page(5, "e"), page(5)] as const;
    expect(next(ab, [ab], 0, [])).toBe(2);
    expect(next(cd, [ab, cd], 0, [])).toBe(4);
    expect(next(e, [ab, cd, e], 0, [])).toBeNull();
    expect(next(none, [ab, none], 0, [])).toBeNull();
  });

  it("of other words are another list", () => {
    expect(surveysQuery("bridge").queryKey).not.toEqual(surveysQuery("").queryKey);
  });
});
