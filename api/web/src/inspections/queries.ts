import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";

import { api, told } from "../client";
import { STATES, type Tab } from "./inspection";

const PART = 50;

export const lineupQuery = (tab: Tab, fiscalYear: number | null, ledgerOnly: boolean) =>
  infiniteQueryOptions({
    queryKey: ["inspections", "list", tab, fiscalYear, ledgerOnly],
    queryFn: async ({ pageParam }: { pageParam: string | null }) =>
      told(
        await api.GET("/api/inspections/list", {
          params: {
            query: {
              state: [...STATES[tab]],
              ledger_only: ledgerOnly,
              ...(fiscalYear === null ? {} : { fiscal_year: fiscalYear }),
              ...(pageParam === null ? {} : { after: pageParam }),
            },
          },
        }),
        "LineupOut",
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });

export const inspectionQuery = (assetId: string, fiscalYear: number) =>
  queryOptions({
    queryKey: ["inspections", "one", assetId, fiscalYear],
    queryFn: async () =>
      told(
        await api.GET("/api/inspections", { params: { query: { asset_id: assetId, fiscal_year: fiscalYear } } }),
        "InspectionOut",
      ),
  });

/** Read what an approver reads; each of its long lists from some row on. */
export const contentQuery = (assetId: string, fiscalYear: number, defectsAfter = 0, damagesAfter = 0) =>
  queryOptions({
    queryKey: ["inspections", "content", assetId, fiscalYear, defectsAfter, damagesAfter],
    queryFn: async () =>
      told(
        await api.GET("/api/inspections/content", {
          params: {
            query: {
              asset_id: assetId,
              fiscal_year: fiscalYear,
              defects_after: defectsAfter,
              damages_after: damagesAfter,
              limit: PART,
            },
          },
        }),
        "ContentOut",
      ),
    placeholderData: keepPreviousData,
  });

export interface HowPublic {
  blur: boolean;
  show_damage: boolean;
  pictures: boolean;
}

export const publicationQuery = (assetId: string, fiscalYear: number, how: HowPublic) =>
  queryOptions({
    queryKey: ["inspections", "publication", assetId, fiscalYear, how],
    queryFn: async () =>
      told(
        await api.GET("/api/publications", {
          params: { query: { asset_id: assetId, fiscal_year: fiscalYear, ...how } },
        }),
        "PublicationOut",
      ),
    placeholderData: keepPreviousData,
  });
