import type { Schemas } from "../client";

export type Reason = Schemas["RejectionReason"];

/** What becomes of a file, from the drop to its end. */
export type Phase =
  | "waiting" // for its turn to be read
  | "reading" // its digest is being computed
  | "asking" // the service is asked whether it has it
  | "queued" // it is wanted and waits for a free line
  | "elsewhere" // another tab sends it
  | "sending"
  | "retrying" // nothing comes through; tried again by itself
  | "arrived"
  | "here" // the service had it already
  | "copy" // the same bytes as another file of the folder
  | "rejected" // looked at, and not usable
  | "foreign" // a kind of image that is not read
  | "failed" // a person has to do something
  | "ended"; // a person ended it

export interface Row {
  id: number;
  path: string;
  bytes: number;
  modified: number;
  phase: Phase;
  sentBytes: number;
  sha256: string | null;
  reason: Reason | null;
  /** In the words of the service, or of the browser. */
  detail: string;
}

const LAST: ReadonlySet<Phase> = new Set(["arrived", "here", "copy", "rejected", "foreign", "failed", "ended"]);
const GOOD: ReadonlySet<Phase> = new Set(["arrived", "here", "copy"]);
const BAD: ReadonlySet<Phase> = new Set(["rejected", "foreign", "failed"]);

export const isOver = (phase: Phase) => LAST.has(phase);
export const isGood = (phase: Phase) => GOOD.has(phase);
export const isBad = (phase: Phase) => BAD.has(phase);

export interface Tally {
  files: number;
  over: number;
  good: number;
  bad: number;
  copies: number;
  retrying: number;
  failed: number;
  bytes: number;
  sentBytes: number;
}

/** Count rows: files, and bytes that are at the service or need not go there. */
export function tally(rows: readonly Row[]): Tally {
  const sum: Tally = { files: 0, over: 0, good: 0, bad: 0, copies: 0, retrying: 0, failed: 0, bytes: 0, sentBytes: 0 };
  for (const row of rows) {
    if (row.phase === "ended") continue;
    sum.files++;
    sum.bytes += row.bytes;
    if (isOver(row.phase)) sum.over++;
    if (isGood(row.phase)) sum.good++;
    if (isBad(row.phase)) sum.bad++;
    if (row.phase === "copy") sum.copies++;
    if (row.phase === "retrying") sum.retrying++;
    if (row.phase === "failed") sum.failed++;
    sum.sentBytes += isOver(row.phase) ? row.bytes : row.sentBytes;
  }
  return sum;
}

export type Shown = "all" | "open" | "bad";

/** Choose the rows to show. */
export function shownRows(rows: readonly Row[], shown: Shown): readonly Row[] {
  if (shown === "all") return rows;
  return rows.filter(({ phase }) => (shown === "bad" ? isBad(phase) : !isOver(phase)));
}

/** Say bytes as people do. */
export function sayBytes(bytes: number): string {
  if (bytes < 1e6) return `${Math.max(bytes > 0 ? 1 : 0, Math.round(bytes / 1e3))} kB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}

/**
 * Find the row of a file that is added, among those of its place: the same file, or one that changed
 * and can be read again now. Two cards have the same names: other bytes are another file.
 */
export function rowFor(here: readonly Row[], file: { size: number; lastModified: number }): Row | undefined {
  const same = here.find((row) => row.bytes === file.size && row.modified === file.lastModified);
  return same ?? here.find((row) => row.phase === "failed" && row.detail === "changed");
}

/** List the rows that are not sent because another one has the same bytes. */
export function copiesOf(rows: readonly Row[], sha256: string | null): readonly Row[] {
  return sha256 === null ? [] : rows.filter((row) => row.phase === "copy" && row.sha256 === sha256);
}
