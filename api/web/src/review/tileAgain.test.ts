import ImageTile from "ol/ImageTile";
import TileState from "ol/TileState";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { waitS } from "../again";
import { tilesAgain } from "./tileAgain";

const URL_OF_TILE = "/api/surveys/s/tiles/2/3/1.webp?v=abc";

/** Answer questions for tiles one after the other, and keep what is to be done later. */
function answering(...answers: Response[]) {
  const asked: string[] = [];
  const later: [() => void, number][] = [];
  vi.stubGlobal("fetch", (url: string) => {
    asked.push(url);
    const answer = answers.shift();
    return answer ? Promise.resolve(answer) : Promise.reject(new TypeError("no network"));
  });
  const load = tilesAgain((act, waitMs) => void later.push([act, waitMs]));
  const tile = new ImageTile([2, 3, 1], TileState.IDLE, URL_OF_TILE, { crossOrigin: null }, load);
  return { asked, later, tile };
}

const busy = (after = "1") => new Response("", { status: 503, headers: { "Retry-After": after } });

beforeEach(() => {
  vi.stubGlobal("URL", Object.assign(URL, { createObjectURL: () => "blob:tile", revokeObjectURL: vi.fn() }));
});

afterEach(() => vi.unstubAllGlobals());

describe("tiles of a mosaic that is being fetched", () => {
  it("are asked for again when the service is ready, and then shown", async () => {
    const { asked, later, tile } = answering(busy(), busy("9"), new Response("picture"));
    tile.load();
    await vi.waitFor(() => expect(later.length).toBe(1));
    expect(tile.getState()).toBe(TileState.ERROR);
    expect(later[0]?.[1]).toBe(2000);
    later[0]?.[0]();
    await vi.waitFor(() => expect(later.length).toBe(2));
    expect(later[1]?.[1]).toBe(9000);
    later[1]?.[0]();
    await vi.waitFor(() => expect((tile.getImage() as HTMLImageElement).src).toBe("blob:tile"));
    expect(asked).toEqual([URL_OF_TILE, URL_OF_TILE, URL_OF_TILE]);
    tile.getImage()?.dispatchEvent(new Event("load"));
    expect(URL.revokeObjectURL).toHaveBeenCalledWith("blob:tile");
  });

  it.each([
    ["another answer", [new Response("", { status: 404 })]],
    ["no answer", []],
  ])("are given up on %s", async (_, answers) => {
    const { asked, later, tile } = answering(...answers);
    tile.load();
    await vi.waitFor(() => expect(tile.getState()).toBe(TileState.ERROR));
    expect([asked.length, later.length]).toEqual([1, 0]);
  });

  it("are not asked for for ever", async () => {
    const { asked, later, tile } = answering(...Array.from({ length: 40 }, () => busy()));
    tile.load();
    for (let done = 1; done <= 25; done += 1) {
      await vi.waitFor(() => expect(later.length).toBe(done));
      later[done - 1]?.[0]();
    }
    await vi.waitFor(() => expect(tile.getState()).toBe(TileState.ERROR));
    expect(asked.length).toBe(26);
    expect(later.length).toBe(25);
  });
});

describe("how long a tile waits", () => {
  it.each([
    [null, 0, 2],
    [null, 9, 10],
    ["5", 0, 5],
    ["5", 3, 8],
    ["600", 0, 10],
    ["-1", 0, 2],
    ["soon", 1, 4],
  ])("%s, asked %i times before: %i s", (said, asked, seconds) => {
    expect(waitS(said, asked)).toBe(seconds);
  });
});
