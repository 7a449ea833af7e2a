import { beforeEach, describe, expect, it, vi } from "vitest";

import { Problem } from "../client";
import { createSurvey, sendPhotos, startProcessing } from "./upload";

interface Asked {
  method: string;
  path: string;
  body: unknown;
}

/** Stands for the service; made before the client is, which keeps the fetch that it finds. */
const service = vi.hoisted(() => {
  const base = "http://127.0.0.1:8000";
  const made = {
    asked: [] as Asked[],
    answer: (_asked: Asked): [status: number, content: unknown] => [500, {}],
  };
  const Native = globalThis.Request;
  globalThis.Request = class extends Native {
    constructor(input: RequestInfo | URL, init?: RequestInit) {
      super(typeof input === "string" ? new URL(input, base) : input, init);
    }
  };
  globalThis.fetch = async (input, init) => {
    const sent = input instanceof Native ? input : null;
    const one = {
      method: sent?.method ?? init?.method ?? "GET",
      path: new URL(sent?.url ?? String(input), base).pathname,
      body: init?.body ?? (sent ? await sent.json().catch(() => null) : null),
    };
    made.asked.push(one);
    const [status, content] = made.answer(one);
    return new Response(typeof content === "string" ? content : JSON.stringify(content), {
      status,
      headers: { "content-type": "application/json" },
    });
  };
  return made;
});
const { asked } = service;

beforeEach(() => {
  asked.length = 0;
});

const plan = { assetId: "橋-1", assetName: "", surface: "strip", gsdMmPerPx: 2.3 } as const;
const photo = (name: string) => new File(["x"], name, { type: "image/jpeg" });
const names = (form: unknown) => (form as FormData).getAll("files").map((file) => (file as File).name);

describe("a new survey", () => {
  it("makes the asset under its identifier when it has no name, then the survey", async () => {
    service.answer = ({ path }) => (path === "/api/assets" ? [201, {}] : [201, { survey_id: "s-1" }]);
    expect(await createSurvey(plan)).toBe("s-1");
    expect(asked.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "POST /api/assets",
      "POST /api/surveys",
    ]);
    expect(asked[0]?.body).toEqual({ asset_id: "橋-1", name: "橋-1" });
    expect(asked[1]?.body).toEqual({ asset_id: "橋-1", surface: "strip", gsd_mm_per_px: 2.3 });
  });

  it("leaves an asset as it is that is known already", async () => {
    service.answer = ({ path }) =>
      path === "/api/assets" ? [409, { detail: "there is one" }] : [201, { survey_id: "s-2" }];
    expect(await createSurvey(plan)).toBe("s-2");
    expect(asked.some(({ method }) => method === "PUT")).toBe(false);
  });

  it("stops with the words of the service when the asset is refused", async () => {
    service.answer = () => [422, { detail: "asset_id has a NUL" }];
    await expect(createSurvey(plan)).rejects.toThrow("asset_id has a NUL");
    expect(asked).toHaveLength(1);
  });
});

describe("photos", () => {
  it("go four at a time, in order, and each answer is counted", async () => {
    service.answer = ({ body }) => [200, { files: names(body).map((name) => ({ name })) }];
    const heard: [number, string[]][] = [];
    const files = Array.from({ length: 9 }, (_, n) => photo(`${n}.jpg`));
    await sendPhotos("s", files, (sent, some) => heard.push([sent, some.map((file) => file.name)]));
    expect(heard.map(([sent]) => sent)).toEqual([4, 8, 9]);
    expect(heard.flatMap(([, some]) => some)).toEqual(files.map((file) => file.name));
    expect(new Set(asked.map(({ path }) => path))).toEqual(new Set(["/api/surveys/s/photos"]));
  });

  it("are nothing to send when there are none", async () => {
    service.answer = () => [500, {}];
    await sendPhotos("s", [], () => expect.unreachable());
    expect(asked).toEqual([]);
  });

  it.each([
    [413, { detail: "too many files" }, "too many files"],
    [502, "<html>Bad gateway</html>", "HTTP 502"],
    [500, {}, "HTTP 500"],
  ] as const)("stop at status %i and say why", async (status, content, words) => {
    service.answer = () => [status, content];
    const files = Array.from({ length: 5 }, (_, n) => photo(`${n}.jpg`));
    const sending = sendPhotos("s", files, () => expect.unreachable());
    await expect(sending).rejects.toThrow(words);
    await expect(sending).rejects.toBeInstanceOf(Problem);
    expect(asked).toHaveLength(1);
  });
});

describe("the start of the work", () => {
  it("says that photos are missing in the words of the service", async () => {
    service.answer = () => [422, { detail: "upload photos first" }];
    await expect(startProcessing("s")).rejects.toMatchObject({ status: 422, message: "upload photos first" });
  });
});
