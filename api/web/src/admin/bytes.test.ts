import { describe, expect, it } from "vitest";

import { bytesText, shareOf } from "./bytes";

describe("bytes", () => {
  it.each([
    [0, "0 B"],
    [999, "999 B"],
    [1000, "1.0 kB"],
    [12_345, "12.3 kB"],
    [234_567_890, "235 MB"],
    [1_500_000_000, "1.5 GB"],
    [5e15, "5000 TB"],
  ])("%d are %s", (bytes, text) => {
    expect(bytesText(bytes)).toBe(text);
  });

  it("have a share, none of nothing", () => {
    expect(shareOf(1, 4)).toBe(25);
    expect(shareOf(0, 0)).toBe(0);
  });
});
