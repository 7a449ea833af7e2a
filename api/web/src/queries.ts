import { queryOptions } from "@tanstack/react-query";

import { api, type Defect, keepCsrf, told } from "./client";
import { filesOf, monthsOf } from "./open/figures";

const PAGE = 1000;
const BUSY_MS = 1_500;

/** Say who is signed in; what the answer says goes along with every change from then on. */
export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: async () => {
    const session = told(await api.GET("/api/session"), "SessionOut");
    keepCsrf(session.csrf);
    return session;
  },
  staleTime: Number.POSITIVE_INFINITY,
});

export const surveysQuery = queryOptions({
  queryKey: ["surveys"],
  queryFn: async () => told(await api.GET("/api/surveys", { params: { query: { limit: 100 } } }), "SurveyList"),
  refetchInterval: (query) =>
    query.state.data?.surveys.some((survey) => survey.job?.active) ? BUSY_MS : false,
});

export const surveyQuery = (surveyId: string) =>
  queryOptions({
    queryKey: ["survey", surveyId],
    queryFn: async () =>
      told(
        await api.GET("/api/surveys/{survey_id}", { params: { path: { survey_id: surveyId } } }),
        "SurveyDetail",
      ),
    refetchInterval: (query) => (query.state.data?.job?.active ? BUSY_MS : false),
  });

export const assetsQuery = queryOptions({
  queryKey: ["assets"],
  queryFn: async () => told(await api.GET("/api/assets", { params: { query: { limit: 500 } } }), "AssetList"),
});

export const coverageQuery = (surveyId: string, widthMm: number, surfaceHeightM: number) =>
  queryOptions({
    queryKey: ["coverage", surveyId, widthMm, surfaceHeightM],
    queryFn: async () =>
      told(
        await api.GET("/api/surveys/{survey_id}/coverage", {
          params: {
            path: { survey_id: surveyId },
            query: { width_mm: widthMm, surface_height_m: surfaceHeightM },
          },
        }),
        "CoverageOut",
      ),
    placeholderData: (before) => before,
  });

export const outlookQuery = (surveyId: string) =>
  queryOptions({
    queryKey: ["outlook", surveyId],
    queryFn: async () =>
      told(
        await api.GET("/api/surveys/{survey_id}/outlook", { params: { path: { survey_id: surveyId } } }),
        "OutlookOut",
      ),
  });

export const classesQuery = queryOptions({
  queryKey: ["damage-classes"],
  queryFn: async () => told(await api.GET("/api/codelists/damage-classes"), "DamageClassList"),
  staleTime: Number.POSITIVE_INFINITY,
});

/** Read every defect of a survey, page by page. */
export const defectsQuery = (surveyId: string) =>
  queryOptions({
    queryKey: ["defects", surveyId],
    queryFn: async () => {
      const defects: Defect[] = [];
      for (;;) {
        const page = told(
          await api.GET("/api/surveys/{survey_id}/defects", {
            params: {
              path: { survey_id: surveyId },
              query: { limit: PAGE, offset: defects.length },
            },
          }),
          "DefectPage",
        );
        defects.push(...page.defects);
        if (page.defects.length === 0 || defects.length >= page.number_matched) return defects;
      }
    },
  });

export const defectQuery = (defectId: string) =>
  queryOptions({
    queryKey: ["defect", defectId],
    queryFn: async () =>
      told(
        await api.GET("/api/defects/{defect_id}", { params: { path: { defect_id: defectId } } }),
        "DefectDetail",
      ),
  });

export const worklistQuery = (surveyId: string) =>
  queryOptions({
    queryKey: ["worklist", surveyId],
    queryFn: async () =>
      told(
        await api.GET("/api/worklist", { params: { query: { survey_id: surveyId } } }),
        "WorkListOut",
      ),
  });

export const flightChoicesQuery = queryOptions({
  queryKey: ["flight-choices"],
  queryFn: async () => told(await api.GET("/api/flight/choices"), "FlightChoicesOut"),
  staleTime: Number.POSITIVE_INFINITY,
});

const MOST_PLACES = 10_000;

export const rankingQuery = (weights: string | undefined) =>
  queryOptions({
    queryKey: ["ranking", weights],
    queryFn: async () =>
      told(
        await api.GET("/api/ranking", { params: { query: { limit: MOST_PLACES, ...(weights ? { weights } : {}) } } }),
        "RankingOut",
      ),
    staleTime: 60_000,
  });

export const explanationQuery = (assetId: string, weights: string | undefined) =>
  queryOptions({
    queryKey: ["explanation", assetId, weights],
    queryFn: async () =>
      told(
        await api.GET("/api/ranking/{asset_id}", {
          params: { path: { asset_id: assetId }, query: weights ? { weights } : {} },
        }),
        "ExplanationOut",
      ),
  });

export const programmesQuery = queryOptions({
  queryKey: ["programmes"],
  queryFn: async () => told(await api.GET("/api/programmes"), "ProgrammeList"),
});

export const programmeQuery = (name: string) =>
  queryOptions({
    queryKey: ["programme", name],
    queryFn: async () =>
      told(await api.GET("/api/programmes/{name}", { params: { path: { name } } }), "ProgrammeOut"),
  });

/** Read what is published of each month; everybody may. */
export const monthlyQuery = queryOptions({
  queryKey: ["monthly"],
  queryFn: async () => monthsOf(told(await api.GET("/api/figures/monthly"), "MonthlyList")),
});

export const openFilesQuery = queryOptions({
  queryKey: ["open-files"],
  queryFn: async () => {
    const { data } = await api.GET("/api/3/action/package_search", { params: { query: { rows: 1 } } });
    return data === undefined ? [] : filesOf(data); // no publisher is named: there are no files
  },
});
