import { queryOptions } from "@tanstack/react-query";

import { api, csrfHeaders, Problem, told } from "../client";
import { isBeingTried, type Trial } from "./model";

const BUSY_MS = 1_500;
const QUIET_MS = 30_000;

export const modelsQuery = queryOptions({
  queryKey: ["models"],
  queryFn: async () => told(await api.GET("/api/models"), "ModelsOut"),
  refetchInterval: (query) => (query.state.data?.models.some(isBeingTried) ? BUSY_MS : QUIET_MS),
});

export const surveyModelQuery = (surveyId: string) =>
  queryOptions({
    queryKey: ["models", "survey", surveyId],
    queryFn: async () =>
      told(
        await api.GET("/api/surveys/{survey_id}/model", { params: { path: { survey_id: surveyId } } }),
        "SurveyModelOut",
      ),
  });

const isActive = (trial: Trial) => trial.job?.active === true;

export const trialsQuery = (surveyId: string) =>
  queryOptions({
    queryKey: ["trials", surveyId],
    queryFn: async () => told(await api.GET("/api/trials", { params: { query: { survey_id: surveyId } } }), "TrialList"),
    refetchInterval: (query) => (query.state.data?.trials.some(isActive) ? BUSY_MS : false),
  });

export const outlinesQuery = (trialId: string) =>
  queryOptions({
    queryKey: ["trials", "outlines", trialId],
    queryFn: async () =>
      told(
        await api.GET("/api/trials/{trial_id}/outlines", { params: { path: { trial_id: trialId } } }),
        "OutlineList",
      ),
    staleTime: Number.POSITIVE_INFINITY,
  });

export const comparisonQuery = (first: string, second: string) =>
  queryOptions({
    queryKey: ["trials", "comparison", first, second],
    queryFn: async () =>
      told(await api.GET("/api/trials/comparison", { params: { query: { first, second } } }), "ComparisonOut"),
    staleTime: Number.POSITIVE_INFINITY,
  });

const PAUSES_MS = [1_000, 5_000, 20_000];

/**
 * Forget what was said of a model whose file did not arrive, so that its name is free again. It
 * never fails: where the connection broke it is tried a few times more, and what went wrong first
 * is what is told.
 */
export async function forget(ownModelId: string, pausesMs: readonly number[] = PAUSES_MS): Promise<void> {
  try {
    await api.DELETE("/api/models/{own_model_id}", { params: { path: { own_model_id: ownModelId } } });
  } catch {
    const [pauseMs, ...others] = pausesMs;
    if (pauseMs !== undefined) setTimeout(() => void forget(ownModelId, others), pauseMs);
  }
}

/** Send a file as it is, saying how far it is; the service reads it piece by piece. */
export function sendFile(address: string, file: File, onShare: (share: number) => void): Promise<void> {
  return new Promise((done, failed) => {
    const request = new XMLHttpRequest();
    request.open("PUT", address);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    for (const [name, value] of Object.entries(csrfHeaders())) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => onShare(event.loaded / Math.max(1, event.total));
    request.onerror = () => failed(new Problem(0, "the connection broke off; send the file again"));
    request.onload = () => {
      if (request.status < 300) done();
      else failed(new Problem(request.status, detailOf(request.responseText) ?? `HTTP ${request.status}`));
    };
    request.send(file);
  });
}

function detailOf(text: string): string | null {
  try {
    const { detail } = JSON.parse(text) as { detail?: unknown };
    return typeof detail === "string" ? detail : null;
  } catch {
    return null;
  }
}
