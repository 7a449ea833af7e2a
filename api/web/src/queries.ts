import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";

import { api, keepCsrf, told } from "./client";
import type { JobState } from "./admin/job";
import { conditionsOf, type Sought } from "./admin/sought";
import type { Step } from "./dashboard/chart";
import type { Where } from "./dashboard/where";
import { filesOf, monthsOf } from "./open/figures";
import { choiceOf, type Filter, type Order } from "./review/filter";
import { comeBack } from "./session/leaving";

const QUEUE_PAGE = 100;
/** Most pages that are kept: what somebody has scrolled past is read again when they come back. */
const QUEUE_PAGES = 10;
const BUSY_MS = 1_500;
const SURVEYS_PAGE = 100;

/** Say who is signed in; what the answer says goes along with every change from then on. */
export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: async () => {
    const session = told(await api.GET("/api/session"), "SessionOut");
    keepCsrf(session.csrf);
    comeBack(session.account?.account_id ?? null);
    return session;
  },
  staleTime: Number.POSITIVE_INFINITY,
});

/** Find surveys by what their asset's name or identifier has, newest first; empty text finds all. */
export const surveysQuery = (text: string) =>
  infiniteQueryOptions({
    queryKey: ["surveys", text],
    queryFn: async ({ signal, pageParam }) => {
      const query = { limit: SURVEYS_PAGE, offset: pageParam, ...(text === "" ? {} : { q: text }) };
      return told(await api.GET("/api/surveys", { signal, params: { query } }), "SurveyList");
    },
    initialPageParam: 0,
    getNextPageParam: (last, pages) => {
      const read = pages.reduce((sum, page) => sum + page.surveys.length, 0);
      return last.surveys.length > 0 && read < last.number_matched ? read : null;
    },
    placeholderData: keepPreviousData,
    refetchInterval: (query) => {
      const pages = query.state.data?.pages ?? [];
      const isBusy = pages.some((page) => page.surveys.some((survey) => survey.job?.active));
      return isBusy ? BUSY_MS * pages.length : false;
    },
  });

export const surveyQuery = (surveyId: string) =>
  queryOptions({
    queryKey: ["survey", surveyId],
    queryFn: async ({ signal }) =>
      told(
        await api.GET("/api/surveys/{survey_id}", { signal, params: { path: { survey_id: surveyId } } }),
        "SurveyDetail",
      ),
    refetchInterval: (query) => (query.state.data?.job?.active ? BUSY_MS : false),
  });

export const assetsQuery = queryOptions({
  queryKey: ["assets"],
  queryFn: async ({ signal }) =>
    told(await api.GET("/api/assets", { signal, params: { query: { limit: 500 } } }), "AssetList"),
});

export const coverageQuery = (surveyId: string, widthMm: number, surfaceHeightM: number) =>
  queryOptions({
    queryKey: ["coverage", surveyId, widthMm, surfaceHeightM],
    queryFn: async ({ signal }) =>
      told(
        await api.GET("/api/surveys/{survey_id}/coverage", {
          signal,
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
    queryFn: async ({ signal }) =>
      told(
        await api.GET("/api/surveys/{survey_id}/outlook", { signal, params: { path: { survey_id: surveyId } } }),
        "OutlookOut",
      ),
  });

export const classesQuery = queryOptions({
  queryKey: ["damage-classes"],
  queryFn: async ({ signal }) => told(await api.GET("/api/codelists/damage-classes", { signal }), "DamageClassList"),
  staleTime: Number.POSITIVE_INFINITY,
});

/** Count a survey's defects; the answer's revision names what the vector tiles shall show. */
export const countsQuery = (surveyId: string, filter: Filter) =>
  queryOptions({
    queryKey: ["defects", surveyId, "counts", filter],
    queryFn: async ({ signal }) =>
      told(
        await api.GET("/api/surveys/{survey_id}/queue/counts", {
          signal,
          params: { path: { survey_id: surveyId }, query: choiceOf(filter) },
        }),
        "QueueCounts",
      ),
  });

interface QueuePlace {
  readonly at?: string;
  readonly after?: string;
  readonly before?: string;
}

async function readQueue(surveyId: string, filter: Filter, order: Order, place: QueuePlace, limit: number, signal?: AbortSignal) {
  return told(
    await api.GET("/api/surveys/{survey_id}/queue", {
      ...(signal ? { signal } : {}),
      params: { path: { survey_id: surveyId }, query: { ...choiceOf(filter), order, limit, ...place } },
    }),
    "QueuePage",
  );
}

/** Read a survey's queue page by page, from its beginning or from a defect. */
export const queueQuery = (surveyId: string, filter: Filter, order: Order, at: string | undefined) =>
  infiniteQueryOptions({
    queryKey: ["defects", surveyId, "queue", filter, order, at ?? null],
    queryFn: ({ pageParam, signal }) => readQueue(surveyId, filter, order, pageParam, QUEUE_PAGE, signal),
    initialPageParam: (at === undefined ? {} : { at }) as QueuePlace,
    getNextPageParam: ({ rows }): QueuePlace | undefined => {
      const last = rows.at(-1);
      return last !== undefined && rows.length === QUEUE_PAGE ? { after: last.mark } : undefined;
    },
    getPreviousPageParam: ({ rows }, _pages, { at: first, before }): QueuePlace | undefined => {
      const top = rows[0];
      const more = first !== undefined || (before !== undefined && rows.length === QUEUE_PAGE);
      return top !== undefined && more ? { before: top.mark } : undefined;
    },
    maxPages: QUEUE_PAGES,
  });

/** Read where a defect stands in a survey's queue, whatever is chosen. */
export const placeQuery = (surveyId: string, filter: Filter, order: Order, at: string) =>
  queryOptions({
    queryKey: ["defects", surveyId, "place", order, at],
    queryFn: ({ signal }) => readQueue(surveyId, filter, order, { at }, 1, signal),
  });

/** Read the one row beside a place in a survey's queue. */
export const queueBeside = (surveyId: string, filter: Filter, order: Order, mark: string, way: 1 | -1) =>
  queryOptions({
    queryKey: ["defects", surveyId, "beside", filter, order, mark, way],
    queryFn: () => readQueue(surveyId, filter, order, way === 1 ? { after: mark } : { before: mark }, 1),
    staleTime: 0,
  });

/** Read the first candidates of a choice, for deciding about them together. */
export const candidatesQuery = (surveyId: string, filter: Filter, order: Order, most: number) =>
  queryOptions({
    queryKey: ["defects", surveyId, "candidates", filter, order, most],
    queryFn: () => readQueue(surveyId, { ...filter, state: "candidate" }, order, {}, most),
    staleTime: 0,
  });

export const defectQuery = (defectId: string) =>
  queryOptions({
    queryKey: ["defect", defectId],
    queryFn: async ({ signal }) =>
      told(
        await api.GET("/api/defects/{defect_id}", { signal, params: { path: { defect_id: defectId } } }),
        "DefectDetail",
      ),
  });

/** Rank a defect among all of its asset; the version is part of the name, for a decision moves it. */
export const priorityQuery = (defectId: string, version: number) =>
  queryOptions({
    queryKey: ["defect", defectId, "priority", version],
    queryFn: async ({ signal }) =>
      told(
        await api.GET("/api/defects/{defect_id}/priority", { signal, params: { path: { defect_id: defectId } } }),
        "RankOut",
      ),
    staleTime: 60_000,
  });

export const worklistQuery = (surveyId: string) =>
  queryOptions({
    queryKey: ["worklist", surveyId],
    queryFn: async ({ signal }) =>
      told(
        await api.GET("/api/worklist", { signal, params: { query: { survey_id: surveyId } } }),
        "WorkListOut",
      ),
  });

export const flightChoicesQuery = queryOptions({
  queryKey: ["flight-choices"],
  queryFn: async ({ signal }) => told(await api.GET("/api/flight/choices", { signal }), "FlightChoicesOut"),
  staleTime: Number.POSITIVE_INFINITY,
});

const MOST_PLACES = 10_000;

export const rankingQuery = (weights: string | undefined) =>
  queryOptions({
    queryKey: ["ranking", weights],
    queryFn: async ({ signal }) =>
      told(
        await api.GET("/api/ranking", { signal, params: { query: { limit: MOST_PLACES, ...(weights ? { weights } : {}) } } }),
        "RankingOut",
      ),
    staleTime: 60_000,
  });

export const explanationQuery = (assetId: string, weights: string | undefined) =>
  queryOptions({
    queryKey: ["explanation", assetId, weights],
    queryFn: async ({ signal }) =>
      told(
        await api.GET("/api/ranking/{asset_id}", {
          signal,
          params: { path: { asset_id: assetId }, query: weights ? { weights } : {} },
        }),
        "ExplanationOut",
      ),
  });

export const programmesQuery = queryOptions({
  queryKey: ["programmes"],
  queryFn: async ({ signal }) => told(await api.GET("/api/programmes", { signal }), "ProgrammeList"),
});

export const programmeQuery = (name: string) =>
  queryOptions({
    queryKey: ["programme", name],
    queryFn: async ({ signal }) =>
      told(await api.GET("/api/programmes/{name}", { signal, params: { path: { name } } }), "ProgrammeOut"),
  });

/** Read what is published of each month; everybody may. */
export const monthlyQuery = queryOptions({
  queryKey: ["monthly"],
  queryFn: async ({ signal }) => monthsOf(told(await api.GET("/api/figures/monthly", { signal }), "MonthlyList")),
});

export const openFilesQuery = queryOptions({
  queryKey: ["open-files"],
  queryFn: async ({ signal }) => {
    const { data } = await api.GET("/api/3/action/package_search", { signal, params: { query: { rows: 1 } } });
    return data === undefined ? [] : filesOf(data); // no publisher is named: there are no files
  },
});

export const dashboardQuery = (where: Where) =>
  queryOptions({
    queryKey: ["dashboard", where],
    queryFn: async ({ signal }) => told(await api.GET("/api/dashboard", { signal, params: { query: where } }), "DashboardOut"),
  });

export const seriesQuery = (step: Step, periods: number, where: Where) =>
  queryOptions({
    queryKey: ["dashboard", "series", step, periods, where],
    queryFn: async ({ signal }) =>
      told(await api.GET("/api/dashboard/series", { signal, params: { query: { step, periods, ...where } } }), "SeriesOut"),
  });

export const waitingQuery = (where: Where) =>
  queryOptions({
    queryKey: ["dashboard", "waiting", where],
    queryFn: async ({ signal }) =>
      told(await api.GET("/api/dashboard/waiting", { signal, params: { query: where } }), "WaitingList"),
  });

export const measuresQuery = (assetId: string) =>
  queryOptions({
    queryKey: ["measures", assetId],
    queryFn: async ({ signal }) =>
      told(await api.GET("/api/measures", { signal, params: { query: { asset_id: assetId } } }), "MeasureList"),
  });

export const peopleQuery = queryOptions({
  queryKey: ["people"],
  queryFn: async ({ signal }) => told(await api.GET("/api/people", { signal }), "PersonList"),
});

export const personTokensQuery = (accountId: string) =>
  queryOptions({
    queryKey: ["people", accountId, "tokens"],
    queryFn: async ({ signal }) =>
      told(
        await api.GET("/api/people/{account_id}/tokens", { signal, params: { path: { account_id: accountId } } }),
        "TokenList",
      ),
  });

export const tokensQuery = queryOptions({
  queryKey: ["tokens"],
  queryFn: async ({ signal }) => told(await api.GET("/api/account/tokens", { signal }), "TokenList"),
});

export const auditQuery = (sought: Sought) =>
  infiniteQueryOptions({
    queryKey: ["audit", sought],
    queryFn: async ({ pageParam, signal }: { pageParam: number | null; signal: AbortSignal }) =>
      told(
        await api.GET("/api/audit", {
          signal,
          params: { query: { ...conditionsOf(sought), ...(pageParam === null ? {} : { before: pageParam }) } },
        }),
        "AuditPage",
      ),
    initialPageParam: null as number | null,
    getNextPageParam: (page) => page.next,
  });

/** Prove the audit log: only when somebody asks, for the whole of it is read. */
export const verificationQuery = queryOptions({
  queryKey: ["verification"],
  queryFn: async ({ signal }) => told(await api.GET("/api/audit/verification", { signal }), "AuditVerified"),
  enabled: false,
});

/** List jobs, newest first; again and again while something is going to happen to one. */
export const jobsQuery = (state: JobState | null) =>
  infiniteQueryOptions({
    queryKey: ["jobs", state],
    queryFn: async ({ pageParam, signal }: { pageParam: string | null; signal: AbortSignal }) =>
      told(
        await api.GET("/api/jobs", {
          signal,
          params: {
            query: {
              limit: 50,
              ...(state === null ? {} : { state: [state] }),
              ...(pageParam === null ? {} : { after: pageParam }),
            },
          },
        }),
        "JobPage",
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    refetchInterval: (query) =>
      query.state.data?.pages.some((page) => page.jobs.some((job) => job.active)) ? 2 * BUSY_MS : false,
  });

export const jobQuery = (jobId: string, active: boolean) =>
  queryOptions({
    queryKey: ["jobs", "one", jobId],
    queryFn: async ({ signal }) =>
      told(await api.GET("/api/jobs/{job_id}", { signal, params: { path: { job_id: jobId } } }), "JobDetail"),
    refetchInterval: active ? 2 * BUSY_MS : false,
  });

export const jobLogQuery = (jobId: string, active: boolean) =>
  queryOptions({
    queryKey: ["jobs", "log", jobId],
    queryFn: async ({ signal }) =>
      told(
        await api.GET("/api/jobs/{job_id}/log", { signal, params: { path: { job_id: jobId }, query: { limit: 2000 } } }),
        "JobLog",
      ),
    refetchInterval: active ? 2 * BUSY_MS : false,
  });

export const storageQuery = queryOptions({
  queryKey: ["storage"],
  queryFn: async ({ signal }) => told(await api.GET("/api/storage", { signal }), "StorageOut"),
  staleTime: 60_000,
});

export const basemapsQuery = queryOptions({
  queryKey: ["basemaps"],
  queryFn: async ({ signal }) => told(await api.GET("/api/basemaps", { signal }), "BasemapList"),
  staleTime: Number.POSITIVE_INFINITY,
});
