import { beforeEach, describe, expect, it, vi } from "vitest";

import { createSurvey, startProcessing, stopProcessing } from "./survey";

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

const plan = { assetId: "橋-1", assetName: "", isKnown: false, surface: "strip", gsdMmPerPx: 2.3 } as const;

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

  it("asks nothing about an asset that was chosen from the list", async () => {
    service.answer = () => [201, { survey_id: "s-3" }];
    expect(await createSurvey({ ...plan, isKnown: true })).toBe("s-3");
    expect(asked.map(({ path }) => path)).toEqual(["/api/surveys"]);
  });

  it("stops with the words of the service when the asset is refused", async () => {
    service.answer = () => [422, { detail: "asset_id has a NUL" }];
    await expect(createSurvey(plan)).rejects.toThrow("asset_id has a NUL");
    expect(asked).toHaveLength(1);
  });
});

describe("the start of the work", () => {
  it("can be taken back by its job", async () => {
    service.answer = () => [200, { job_id: "j" }];
    await stopProcessing("j");
    expect(asked.map(({ method, path }) => `${method} ${path}`)).toEqual(["POST /api/jobs/j/cancel"]);
  });

  it("says that photos are missing in the words of the service", async () => {
    service.answer = () => [422, { detail: "upload photos first" }];
    await expect(startProcessing("s")).rejects.toMatchObject({ status: 422, message: "upload photos first" });
  });
});
