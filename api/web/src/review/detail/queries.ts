import { queryOptions } from "@tanstack/react-query";

import { api, type Schemas, told, whileBusy } from "../../client";

export type Profile = Schemas["ProfileOut"];
export type ProfilePoint = Schemas["ProfilePointOut"];
export type Sighting = Schemas["SightingOut"];
export type Earlier = Schemas["EarlierOut"];
export type Growth = Schemas["GrowthOut"];
export type HistoryEvent = Schemas["HistoryEventOut"];

const KEPT_MS = 300_000;

/** Name a defect as one survey saw it. */
export interface Seen {
  readonly defectId: string;
  readonly surveyId: string;
}

const params = ({ defectId, surveyId }: Seen) => ({
  path: { defect_id: defectId },
  query: { survey_id: surveyId },
});

export const profileQuery = (seen: Seen) =>
  queryOptions({
    queryKey: ["evidence", seen.defectId, seen.surveyId, "profile"],
    queryFn: async ({ signal }) =>
      told(await api.GET("/api/defects/{defect_id}/profile", { signal, params: params(seen) }), "ProfileOut"),
    staleTime: KEPT_MS,
    retry: whileBusy,
  });

export const sightingsQuery = (seen: Seen) =>
  queryOptions({
    queryKey: ["evidence", seen.defectId, seen.surveyId, "photos"],
    queryFn: async ({ signal }) =>
      told(await api.GET("/api/defects/{defect_id}/photos", { signal, params: params(seen) }), "SightingsOut"),
    staleTime: KEPT_MS,
  });

export const earlierQuery = (seen: Seen) =>
  queryOptions({
    queryKey: ["evidence", seen.defectId, seen.surveyId, "earlier"],
    queryFn: async ({ signal }) =>
      told(await api.GET("/api/defects/{defect_id}/earlier", { signal, params: params(seen) }), "EarlierList"),
    staleTime: KEPT_MS,
  });

export const growthQuery = (seen: Seen, earlierId: string) =>
  queryOptions({
    queryKey: ["evidence", seen.defectId, seen.surveyId, "growth", earlierId],
    queryFn: async ({ signal }) =>
      told(
        await api.GET("/api/defects/{defect_id}/earlier/{earlier_id}/growth", {
          signal,
          params: {
            path: { defect_id: seen.defectId, earlier_id: earlierId },
            query: { survey_id: seen.surveyId },
          },
        }),
        "GrowthOut",
      ),
    staleTime: KEPT_MS,
  });

/** Read what became of a defect; anew after every decision, whose key begins with "defect". */
export const historyQuery = (defectId: string) =>
  queryOptions({
    queryKey: ["defect", defectId, "history"],
    queryFn: async ({ signal }) =>
      told(
        await api.GET("/api/defects/{defect_id}/history", { signal, params: { path: { defect_id: defectId } } }),
        "HistoryOut",
      ),
  });
