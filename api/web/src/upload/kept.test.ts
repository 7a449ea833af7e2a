import { describe, expect, it } from "vitest";

import { sought } from "./kept";

const photos = ["DJI_0001.JPG", "DJI_0012.JPG", "ＩＭＧ＿３.jpg"].map((name) => ({ name }));

describe("photos that somebody seeks", () => {
  it.each([
    ["", 3],
    ["  ", 3],
    ["dji", 2],
    ["0012", 1],
    ["００１２", 1],
    ["img_3", 1],
    ["png", 0],
  ] as const)("by %j are %i", (name, count) => {
    expect(sought(photos, name)).toHaveLength(count);
  });
});
