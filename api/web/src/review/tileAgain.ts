import type ImageTile from "ol/ImageTile";
import type Tile from "ol/Tile";
import TileState from "ol/TileState";

/** What a service answers that will have the tile in a while: it is fetching the mosaic. */
const BUSY = 503;

/** How often a tile is asked for again; with the longest wait, about four minutes in all. */
const AGAIN_MOST = 25;
const WAIT_S = 2;
const WAIT_MOST_S = 10;

/** How long to wait before a tile is asked for again, s: what the service says, else longer and longer. */
export function waitS(said: string | null, asked: number): number {
  const seconds = Number(said ?? Number.NaN);
  const own = WAIT_S * (asked + 1);
  return Math.min(WAIT_MOST_S, seconds > 0 ? Math.max(seconds, own) : own);
}

/**
 * Load tiles, and ask again for those for which the service is not ready. The first look at a
 * mosaic in a bucket waits until all of it was fetched; a picture that failed once would stay blank.
 */
export function tilesAgain(
  later: (act: () => void, waitMs: number) => void = (act, waitMs) => void setTimeout(act, waitMs),
): (tile: Tile, url: string) => void {
  const asked = new WeakMap<Tile, number>();
  return (tile, url) => {
    const before = asked.get(tile) ?? 0;
    void fetch(url)
      .then(async (answer) => {
        if (answer.status === BUSY && before < AGAIN_MOST) {
          asked.set(tile, before + 1);
          tile.setState(TileState.ERROR); // from which it may be loaded again
          later(() => tile.load(), 1000 * waitS(answer.headers.get("Retry-After"), before));
          return;
        }
        if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
        show(tile as ImageTile, URL.createObjectURL(await answer.blob()));
      })
      .catch(() => tile.setState(TileState.ERROR));
  };
}

function show(tile: ImageTile, picture: string): void {
  const image = tile.getImage() as HTMLImageElement;
  const forget = () => URL.revokeObjectURL(picture);
  image.addEventListener("load", forget, { once: true });
  image.addEventListener("error", forget, { once: true });
  image.src = picture;
}
