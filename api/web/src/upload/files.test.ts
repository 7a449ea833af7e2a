// @vitest-environment node
import { describe, expect, it } from "vitest";

import type { Schemas } from "../client";
import { digestOf } from "./digest";
import { fatesOf } from "./known";
import { fromDrop, fromInput, kindOf } from "./picked";
import { copiesOf, type Phase, type Row, rowFor, sayBytes, shownRows, tally } from "./rows";

const file = (name: string, content = name) => new File([content], name);

/** Stand for what a browser hands over when a folder is dropped; it gives two entries at a time. */
function folder(name: string, inside: FileSystemEntry[], above = ""): FileSystemEntry {
  const left = [...inside];
  const readEntries = (done: (entries: FileSystemEntry[]) => void) => done(left.splice(0, 2));
  return { isDirectory: true, isFile: false, fullPath: `${above}/${name}`, createReader: () => ({ readEntries }) } as never;
}
const entry = (path: string): FileSystemEntry =>
  ({ isFile: true, isDirectory: false, fullPath: path, file: (done: (one: File) => void) => done(file(path)) }) as never;
const item = (dropped: FileSystemEntry | null, file: File | null = null) =>
  ({ webkitGetAsEntry: () => dropped, getAsFile: () => file }) as DataTransferItem;

describe("what was dropped", () => {
  it("is walked to the end of every folder, in the order of the camera", async () => {
    const deep = folder("101MEDIA", [entry("/f/101MEDIA/DJI_2.JPG")], "/f");
    const inside = ["DJI_10", "DJI_9", "DJI_1", "DJI_100", "DJI_11"].map((name) => entry(`/f/${name}.JPG`));
    const found = await fromDrop([item(folder("f", [deep, ...inside])), item(null), item(entry("/last.jpg"))]);
    expect(found.map(({ path }) => path)).toEqual([
      "f/101MEDIA/DJI_2.JPG",
      ...[1, 9, 10, 11, 100].map((number) => `f/DJI_${number}.JPG`),
      "last.jpg",
    ]);
    const again = found[0]?.again;
    expect(again && (await again()).name).toBe("/f/101MEDIA/DJI_2.JPG");
  });

  it("may be a picture that is in no folder", async () => {
    const found = await fromDrop([item(null, file("pasted.png")), item(null)]);
    expect(found.map(({ path, again }) => [path, again])).toEqual([["pasted.png", null]]);
  });

  it("keeps its place in the folder when the folder was chosen", () => {
    const chosen = file("a.jpg");
    Object.defineProperty(chosen, "webkitRelativePath", { value: "card/DCIM/a.jpg" });
    expect(fromInput([chosen, file("b.jpg")]).map(({ path }) => path)).toEqual(["b.jpg", "card/DCIM/a.jpg"]);
  });

  it.each([
    ["DCIM/DJI_1.JPG", "photo"],
    ["橋.jpeg", "photo"],
    ["a.tif", "photo"],
    ["a.png", "photo"],
    ["a.DNG", "foreign"],
    ["IMG_1.heic", "foreign"],
    ["x/._DJI_1.JPG", "other"],
    ["x/flight.MRK", "other"],
    ["jpg", "other"],
  ] as const)("%s is a %s", (name, kind) => {
    expect(kindOf(name)).toBe(kind);
  });
});

/** Stand for a file, handed out in odd pieces: the Blob of jsdom has no stream. */
function blobOf(bytes: Uint8Array<ArrayBuffer>): Blob {
  let at = 0;
  const read = async () => {
    if (at >= bytes.length) return { done: true, value: undefined };
    const value = bytes.slice(at, (at += 777));
    return { done: false, value };
  };
  return { size: bytes.length, arrayBuffer: async () => bytes.buffer, stream: () => ({ getReader: () => ({ read }) }) } as never;
}

describe("the digest of a file", () => {
  const bytesOf = (size: number) => Uint8Array.from({ length: size }, (_, at) => (at * 31) % 251);

  it.each([0, 1, 63, 64, 65, 100_000])("of %i bytes is the same as a whole and piece by piece", async (size) => {
    expect(await digestOf(blobOf(bytesOf(size)))).toBe(await digestOf(blobOf(bytesOf(size)), -1));
  });

  // FIPS 180-4 examples of NIST: the empty message, and "abc".
  it.each([
    ["", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
    ["abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
  ])("of %j is the published one, both ways", async (text, expected) => {
    const bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
    expect(await digestOf(blobOf(bytes))).toBe(expected);
    expect(await digestOf(blobOf(bytes), -1)).toBe(expected);
  });
});

describe("what the service knows", () => {
  const upload = { survey_id: "s", upload_id: "u", offset_bytes: 7, sha256_promised: "c" } as Schemas["UploadOut"];
  const fates = fatesOf({
    here: [{ sha256: "a", name: "A.JPG" }],
    set_aside: [
      { file: "b", sha256: "b", reason: "truncated", detail: "ends early" },
      { file: "old", sha256: null, reason: "empty", detail: "" },
    ],
    arriving: [upload],
  });

  it("is sorted by digest", () => {
    expect(fates.get("a")).toEqual({ is: "here", name: "A.JPG" });
    expect(fates.get("b")).toMatchObject({ is: "rejected", reason: "truncated" });
    expect(fates.get("c")).toEqual({ is: "wanted", address: "/api/surveys/s/uploads/u", offsetBytes: 7 });
    expect(fates.size).toBe(3);
  });
});

describe("the list", () => {
  const row = (phase: Phase, bytes: number, sentBytes = 0) => ({ phase, bytes, sentBytes }) as Row;
  const rows = [
    row("arrived", 100),
    row("here", 50),
    row("copy", 50),
    row("rejected", 10),
    row("foreign", 5),
    row("failed", 20),
    row("sending", 200, 80),
    row("retrying", 40, 10),
    row("waiting", 25),
    row("ended", 999),
  ];

  it("is counted; what a person ended is no part of it", () => {
    expect(tally(rows)).toEqual({
      files: 9,
      over: 6,
      good: 3,
      bad: 3,
      copies: 1,
      retrying: 1,
      failed: 1,
      bytes: 500,
      sentBytes: 235 + 80 + 10,
    });
    expect(tally([])).toMatchObject({ files: 0, bytes: 0 });
  });

  it("shows all, what is open, or what needs somebody", () => {
    const phases = (shown: "all" | "open" | "bad") => shownRows(rows, shown).map(({ phase }) => phase);
    expect(phases("all")).toHaveLength(10);
    expect(phases("open")).toEqual(["sending", "retrying", "waiting"]);
    expect(phases("bad")).toEqual(["rejected", "foreign", "failed"]);
  });

  it.each([
    [0, "0 kB"],
    [1, "1 kB"],
    [1500, "2 kB"],
    [2_345_678, "2.3 MB"],
    [12_345_678_901, "12.35 GB"],
  ])("says %i bytes as %s", (bytes, words) => {
    expect(sayBytes(bytes)).toBe(words);
  });
});

describe("a file that is added", () => {
  const at = (id: number, more: Partial<Row> = {}): Row => ({
    id, path: "DCIM/DJI_0001.JPG", bytes: 10, modified: 1, phase: "sending", sentBytes: 0, sha256: "a", reason: null,
    detail: "", ...more,
  });

  it("has the row of the same file, and none where only the name is the same", () => {
    const rows = [at(1), at(2, { bytes: 11, sha256: "b" })];
    expect(rowFor(rows, { size: 10, lastModified: 1 })?.id).toBe(1);
    expect(rowFor(rows, { size: 11, lastModified: 1 })?.id).toBe(2);
    expect(rowFor(rows, { size: 10, lastModified: 2 })).toBeUndefined();
    expect(rowFor([], { size: 10, lastModified: 1 })).toBeUndefined();
  });

  it("takes the place of one that changed and had to be chosen again", () => {
    const rows = [at(1, { phase: "failed", detail: "HTTP 500" }), at(2, { phase: "failed", detail: "changed" })];
    expect(rowFor(rows, { size: 12, lastModified: 5 })?.id).toBe(2);
    expect(rowFor(rows, { size: 10, lastModified: 1 })?.id).toBe(1);
  });

  it("is sent itself once the one with the same bytes has others", () => {
    const rows = [at(1), at(2, { phase: "copy" }), at(3, { phase: "copy", sha256: "b" }), at(4, { phase: "here" })];
    expect(copiesOf(rows, "a").map(({ id }) => id)).toEqual([2]);
    expect(copiesOf(rows, null)).toEqual([]);
  });
});
