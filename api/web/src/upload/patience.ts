import { Problem } from "../client";

const FIRST_MS = 1_000;
const LONGEST_MS = 15_000;
const CHANGED_PLACE = 409;

/** Nothing came back: no network, or no service. */
export class Unreachable extends Error {}

/** Say whether an error passes by itself: the network is gone, or the service is being restarted. */
export function isPassing(error: unknown): boolean {
  if (error instanceof Unreachable || error instanceof TypeError) return true; // TypeError is fetch's
  if (!(error instanceof Problem)) return false;
  return error.status >= 500 || [CHANGED_PLACE, 408, 423, 425, 429].includes(error.status);
}

/** Give how long to wait before the next attempt: doubling, with an upper bound. */
export function waitMs(attempt: number): number {
  return Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 10));
}

/** Wait, but no longer than until the network comes back; throws when it is stopped. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = () => {
      clearTimeout(timer);
      removeEventListener("online", go);
      signal.removeEventListener("abort", stop);
    };
    const go = () => {
      end();
      resolve();
    };
    const stop = () => {
      end();
      reject(stopped());
    };
    const timer = setTimeout(go, ms);
    addEventListener("online", go);
    signal.addEventListener("abort", stop);
    if (signal.aborted) stop();
  });
}

export const stopped = () => new DOMException("stopped", "AbortError");
export const isStopped = (error: unknown) => error instanceof DOMException && error.name === "AbortError";

/** Do something until it works; what passes by itself is waited for, what does not is thrown. */
export async function persist<Given>(
  attempt: () => Promise<Given>,
  signal: AbortSignal,
  onWait: (error: unknown) => Promise<void> | void = () => {},
): Promise<Given> {
  for (let tried = 0; ; tried++) {
    if (signal.aborted) throw stopped();
    try {
      return await attempt();
    } catch (error) {
      if (signal.aborted) throw stopped();
      if (!isPassing(error)) throw error;
      await onWait(error);
      await pause(error instanceof Problem && error.status === CHANGED_PLACE ? FIRST_MS / 4 : waitMs(tried), signal);
    }
  }
}

/** Lets only so many in at a time, in the order in which they came. */
export class Door {
  private inside = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly most: number) {}

  async through<Given>(work: () => Promise<Given>): Promise<Given> {
    if (this.inside >= this.most) await new Promise<void>((resolve) => this.waiting.push(resolve));
    else this.inside++;
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.inside--;
    }
  }
}
