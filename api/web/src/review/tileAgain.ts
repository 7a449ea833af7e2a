import type ImageTile from "ol/ImageTile";
import type Tile from "ol/Tile";
import TileState from "ol/TileState";

import { againMs } from "../again";

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
        const waitMs = againMs(answer, before);
        if (waitMs !== null) {
          asked.set(tile, before + 1);
          tile.setState(TileState.ERROR); // from which it may be loaded again
          later(() => tile.load(), waitMs);
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
