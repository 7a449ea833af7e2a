import { afterEach, beforeEach, expect, it, vi } from "vitest";

const asked: string[] = [];
let failures = 0;

/** Stands for the service; made before the client is, which keeps the fetch that it finds. */
globalThis.fetch = async (input) => {
  const request = input as Request;
  asked.push(`${request.method} ${new URL(request.url).pathname}`);
  if (failures-- > 0) throw new TypeError("Failed to fetch");
  return new Response(null, { status: 204 });
};

const { forget } = await import("./queries");

beforeEach(() => {
  vi.useFakeTimers();
  asked.length = 0;
});
afterEach(() => vi.useRealTimers());

it("frees the name at once where the service answers", async () => {
  failures = 0;
  await forget("u1");
  await vi.runAllTimersAsync();
  expect(asked).toEqual(["DELETE /api/models/u1"]);
});

it("never fails, and tries again when the connection is back", async () => {
  failures = 2;
  await expect(forget("u2")).resolves.toBeUndefined();
  expect(asked).toHaveLength(1);
  await vi.runAllTimersAsync();
  expect(asked).toEqual(Array(3).fill("DELETE /api/models/u2"));
});

it("gives up where there is none", async () => {
  failures = 100;
  await forget("u3", [1, 1]);
  await vi.runAllTimersAsync();
  expect(asked).toHaveLength(3);
});
