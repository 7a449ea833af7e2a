/** What a service answers that will have a picture in a while: it is fetching the mosaic or starting. */
const BUSY = 503;

/** How often something is asked for again; with the longest wait, about four minutes in all. */
const AGAIN_MOST = 25;
const WAIT_S = 2;
const WAIT_MOST_S = 10;

/** How long to wait before something is asked for again, s: what the service says, else longer and longer. */
export function waitS(said: string | null, asked: number): number {
  const seconds = Number(said ?? Number.NaN);
  const own = WAIT_S * (asked + 1);
  return Math.min(WAIT_MOST_S, seconds > 0 ? Math.max(seconds, own) : own);
}

/** When to ask again after an answer that is no picture, ms; null when asking is of no use. */
export function againMs(answer: Response, asked: number): number | null {
  if (answer.status !== BUSY || asked >= AGAIN_MOST) return null;
  return 1000 * waitS(answer.headers.get("Retry-After"), asked);
}
