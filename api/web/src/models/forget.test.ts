import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { forget } from "./queries";

/** Stands for the service; made before the client is, which keeps the fetch that it finds. */
const service = vi.hoisted(() => {
  const made = { asked: [] as string[], failures: 0 };
  const Native = globalThis.Request;
  globalThis.Request = class extends Native {
    constructor(input: RequestInfo | URL, init?: RequestInit) {
      super(typeof input === "string" ? new URL(input, "http://127.0.0.1:8000") : input, init);
    }
  };
  globalThis.fetch = async (input) => {
    const request = input as Request;
    made.asked.push(`${request.method} ${new URL(request.url).pathname}`);
    if (made.failures-- > 0) throw new TypeError("Failed to fetch");
    return new Response(null, { status: 204 });
  };
  return made;
});

beforeEach(() => {
  vi.useFakeTimers();
  service.asked.length = 0;
});
afterEach(() => vi.useRealTimers());

it("frees the name at once where the service answers", async () => {
  service.failures = 0;
  await forget("u1");
  await vi.runAllTimersAsync();
  expect(service.asked).toEqual(["DELETE /api/models/u1"]);
});

it("never fails, and tries again when the connection is back", async () => {
  service.failures = 2;
  await expect(forget("u2")).resolves.toBeUndefined();
  expect(service.asked).toHaveLength(1);
  await vi.runAllTimersAsync();
  expect(service.asked).toEqual(Array(3).fill("DELETE /api/models/u2"));
});

it("gives up where there is none", async () => {
  service.failures = 100;
  await forget("u3", [1, 1]);
  await vi.runAllTimersAsync();
  expect(service.asked).toHaveLength(3);
});
