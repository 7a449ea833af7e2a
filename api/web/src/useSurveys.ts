import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";

import type { Schemas } from "./client";
import { surveysQuery } from "./queries";
import { useRested } from "./useRested";

export type SurveyRow = Schemas["SurveyOut"];

const REST_MS = 250;

/** Give each survey once: one that is new shifts those behind it onto the next page. */
export function eachOnce(pages: readonly { surveys: readonly SurveyRow[] }[]): readonly SurveyRow[] {
  return [...new Map(pages.flatMap((page) => page.surveys).map((survey) => [survey.survey_id, survey])).values()];
}

/** Find surveys by what somebody types, newest first, a page at a time. */
export function useSurveys() {
  const [typed, setTyped] = useState("");
  const text = useRested(typed.trim(), REST_MS) ?? "";
  const { data, error, hasNextPage, fetchNextPage, isFetching, isPlaceholderData } = useInfiniteQuery(surveysQuery(text));
  return {
    typed,
    setTyped,
    surveys: data === undefined ? undefined : eachOnce(data.pages),
    matched: data?.pages.at(-1)?.number_matched ?? 0,
    error,
    isFetching,
    /** Whether `surveys` answers what is typed; until then it is what was found before. */
    isCurrent: data !== undefined && !isPlaceholderData && text === typed.trim(),
    more: hasNextPage ? () => void fetchNextPage() : null,
  };
}
