import { defaultOptions, type DetailedError, Upload, type UploadOptions } from "tus-js-client";

import { csrfHeaders, Problem } from "../client";
import { stopped, Unreachable } from "./patience";

export interface Sending {
  surveyId: string;
  path: string;
  sha256: string;
  file: File;
  /** Bytes of other files that this page is sending. */
  others: ReadonlySet<string>;
  /** Address of an upload that has begun already; null begins one. */
  address: string | null;
  onBegun: (address: string) => void;
  onProgress: (sentBytes: number) => void;
  signal: AbortSignal;
}

const uploadsOf = (surveyId: string) => `/api/surveys/${surveyId}/uploads`;

/** Send a file, from where the service is; give the address of its upload when all has arrived. */
export function send(sending: Sending): Promise<string> {
  return new Promise((resolve, reject) => {
    const { surveyId, address, file, signal } = sending;
    const upload: Upload = new Upload(file, {
      ...optionsOf(sending),
      // With an address there is no endpoint: the library would begin anew at a 502.
      ...(address === null ? { endpoint: uploadsOf(surveyId) } : { uploadUrl: address }),
      onUploadUrlAvailable: () => sending.onBegun(upload.url ?? ""),
      onProgress: sending.onProgress,
      onSuccess: () => resolve(upload.url ?? ""),
      onError: (error) => reject(problemOf(error)),
    });
    const stop = () => {
      void upload.abort();
      reject(stopped());
    };
    if (signal.aborted) return stop();
    signal.addEventListener("abort", stop, { once: true });
    upload.start();
  });
}

/**
 * Discard what was half sent of a file of this place in the folder that has other bytes now.
 *
 * Only what this browser began: another crew may be sending a photo of the same name. And not what
 * this page is sending now: the next card of the same drone has a photo of the same name, too.
 */
export async function discardOlder(sending: Sending): Promise<void> {
  const upload = new Upload(sending.file, optionsOf(sending));
  for (const before of await upload.findPreviousUploads()) {
    const bytes = before.metadata["sha256"] ?? "";
    if (sending.others.has(bytes)) continue;
    const isOlder = bytes !== sending.sha256;
    if (isOlder && before.uploadUrl) await end(before.uploadUrl);
    await defaultOptions.urlStorage.removeUpload(before.urlStorageKey);
  }
}

/** End an upload and have what arrived of it removed; one that is gone already is no error. */
export async function end(address: string): Promise<void> {
  try {
    await Upload.terminate(address, { headers: csrfHeaders(), retryDelays: [] });
  } catch (error) {
    const problem = problemOf(error as Error);
    if (!(problem instanceof Problem) || ![404, 410].includes(problem.status)) throw problem;
  }
}

function optionsOf({ surveyId, path, sha256, file }: Sending): UploadOptions {
  return {
    metadata: { filename: path.slice(path.lastIndexOf("/") + 1), sha256 },
    headers: csrfHeaders(),
    uploadSize: file.size,
    fingerprint: async () => `tenken-${surveyId}-${path}`,
    removeFingerprintOnSuccess: true,
    retryDelays: [], // patience.ts waits, and knows what the page shall say meanwhile
  };
}

/** Turn an error of the library into one of ours, with the words of the service. */
export function problemOf(error: Error | DetailedError): Error {
  const response = "originalResponse" in error ? error.originalResponse : null;
  if (response === null || response.getStatus() === 0) return new Unreachable(error.message);
  const status = response.getStatus();
  try {
    const { detail } = JSON.parse(response.getBody()) as { detail?: unknown };
    if (typeof detail === "string") return new Problem(status, detail);
  } catch {
    // no JSON: a proxy between here and the service answered
  }
  return new Problem(status, `HTTP ${status}`);
}
