import { describe, expect, it } from "vitest";

import { type Basemap, NONE, shownOf } from "./choice";

const basemap = (name: string): Basemap => ({
  name,
  url: "https://tiles.example/{z}/{x}/{y}.png",
  attribution: "us",
  link: null,
  max_zoom: 18,
});
const [pale, photo] = [basemap("淡色地図"), basemap("写真")];

describe("the background", () => {
  it("is none where the operator named none", () => {
    expect(shownOf([], null)).toBeNull();
    expect(shownOf([], "写真")).toBeNull();
  });

  it("is the operator's first unless another one was chosen", () => {
    expect(shownOf([pale, photo], null)).toBe(pale);
    expect(shownOf([pale, photo], "写真")).toBe(photo);
    expect(shownOf([pale, photo], "gone since")).toBe(pale);
  });

  it("can be switched off", () => {
    expect(shownOf([pale, photo], NONE)).toBeNull();
  });
});
