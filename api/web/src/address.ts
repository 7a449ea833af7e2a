import { useSyncExternalStore } from "react";

import { type Tab, TABS } from "./inspections/inspection";

/** The desks of an administrator. */
export const DESKS = ["people", "models", "audit", "jobs", "storage"] as const;
export type Desk = (typeof DESKS)[number];

export type View =
  | { name: "inspections"; tab: Tab }
  | { name: "inspection"; assetId: string; fiscalYear: number }
  | { name: "surveys" }
  | { name: "dashboard" }
  | { name: "account" }
  | { name: "admin"; desk: Desk }
  | { name: "flight" }
  | { name: "planner" }
  | { name: "open" }
  | { name: "review"; surveyId: string; defectId?: string }
  | { name: "worklist"; surveyId: string }
  | { name: "upload"; surveyId: string };

const ID = "[0-9a-f-]{36}";

/** Read which view an address means; an unknown one is the list of surveys. */
export function viewOf(path: string): View {
  const review = new RegExp(`^/app/surveys/(${ID})(?:/defects/(${ID}))?/?$`).exec(path);
  if (review?.[1]) {
    return { name: "review", surveyId: review[1], ...(review[2] ? { defectId: review[2] } : {}) };
  }
  const worklist = new RegExp(`^/app/surveys/(${ID})/worklist/?$`).exec(path);
  if (worklist?.[1]) return { name: "worklist", surveyId: worklist[1] };
  const desk = /^\/app\/admin(?:\/(\w+))?\/?$/.exec(path);
  if (desk) return { name: "admin", desk: DESKS.find((name) => name === desk[1]) ?? "people" };
  const one = /^\/app\/inspections\/of\/([^/]+)\/(\d{4})\/?$/.exec(path);
  const assetId = one?.[1] && unescaped(one[1]);
  if (one && assetId) return { name: "inspection", assetId, fiscalYear: Number(one[2]) };
  const tab = /^\/app\/inspections(?:\/(\w+))?\/?$/.exec(path);
  if (tab) return { name: "inspections", tab: TABS.find((name) => name === tab[1]) ?? "waiting" };
  if (/^\/app\/account\/?$/.test(path)) return { name: "account" };
  if (/^\/app\/dashboard\/?$/.test(path)) return { name: "dashboard" };
  const upload = new RegExp(`^/app/surveys/(${ID})/upload/?$`).exec(path);
  if (upload?.[1]) return { name: "upload", surveyId: upload[1] };
  if (/^\/app\/flight\/?$/.test(path)) return { name: "flight" };
  if (/^\/app\/planner\/?$/.test(path)) return { name: "planner" };
  if (/^\/app\/open\/?$/.test(path)) return { name: "open" };
  return { name: "surveys" };
}

/** Read an escaped part of an address; undefined when it is none. */
function unescaped(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}

export function addressOf(view: View): string {
  switch (view.name) {
    case "surveys":
      return "/app";
    case "dashboard":
      return "/app/dashboard";
    case "inspections":
      return `/app/inspections/${view.tab}`;
    case "inspection":
      return `/app/inspections/of/${encodeURIComponent(view.assetId)}/${view.fiscalYear}`;
    case "account":
      return "/app/account";
    case "admin":
      return `/app/admin/${view.desk}`;
    case "flight":
      return "/app/flight";
    case "planner":
      return "/app/planner";
    case "open":
      return "/app/open";
    case "review": {
      const survey = `/app/surveys/${view.surveyId}`;
      return view.defectId ? `${survey}/defects/${view.defectId}` : survey;
    }
    case "worklist":
      return `/app/surveys/${view.surveyId}/worklist`;
    case "upload":
      return `/app/surveys/${view.surveyId}/upload`;
  }
}

const MOVED = "tenken:moved";

/** Go to a view; the address can be kept, sent and opened again. */
export function go(view: View, { replace = false } = {}): void {
  if (replace) history.replaceState(null, "", addressOf(view));
  else history.pushState(null, "", addressOf(view));
  dispatchEvent(new Event(MOVED));
}

function listen(onMove: () => void): () => void {
  addEventListener("popstate", onMove);
  addEventListener(MOVED, onMove);
  return () => {
    removeEventListener("popstate", onMove);
    removeEventListener(MOVED, onMove);
  };
}

export function useView(): View {
  return viewOf(useSyncExternalStore(listen, () => location.pathname));
}
