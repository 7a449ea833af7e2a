import type { Schemas } from "../client";

export type JobRow = Schemas["JobRow"];
export type JobState = Schemas["JobState"];
export type Step = "mosaic" | "detect" | "measure" | "consolidate" | "issue";
export type Priority = Schemas["JobRow"]["priority"];

export const STATES: readonly JobState[] = ["queued", "running", "failed", "done", "dead", "cancelled"];
export const STEPS: readonly Step[] = ["mosaic", "detect", "measure", "consolidate", "issue"];
export const PRIORITIES: readonly Priority[] = ["low", "normal", "high", "emergency"];

/** Say how much of the current step is done; null where nobody knows how much there is. */
export function percentDone(job: Pick<JobRow, "progress">): number | null {
  const { progress } = job;
  if (progress === null || progress.total === 0) return null;
  return Math.floor((100 * progress.done) / progress.total);
}

/** Tell whether a job may be tried again: it ended, or waits for its next attempt. */
export function mayRetry(job: Pick<JobRow, "state">): boolean {
  return job.state !== "queued" && job.state !== "running";
}
