import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { Problem } from "../client";
import { Door, isPassing, isStopped, persist, Unreachable, waitMs } from "./patience";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("what passes by itself", () => {
  it.each([
    [new Unreachable("no line"), true],
    [new TypeError("Failed to fetch"), true],
    [new Problem(502, "Bad gateway"), true],
    [new Problem(503, "the database is starting"), true],
    [new Problem(409, "at another byte"), true],
    [new Problem(429, "slower"), true],
    [new Problem(404, "no such survey"), false],
    [new Problem(413, "over the limit"), false],
    [new Problem(403, "over the quota"), false],
    [new RangeError("our own fault"), false],
  ])("%s: %s", (error, expected) => {
    expect(isPassing(error)).toBe(expected);
  });

  it("is asked for less and less often, but at least every quarter of a minute", () => {
    const waits = Array.from({ length: 12 }, (_, tried) => waitMs(tried));
    expect(waits.slice(0, 5)).toEqual([1000, 2000, 4000, 8000, 15000]);
    expect(Math.max(...waits)).toBe(15000);
  });
});

describe("persistence", () => {
  it("ends with the first success and says every time that it waits", async () => {
    const heard: unknown[] = [];
    let left = 3;
    const given = persist(
      async () => {
        if (left-- > 0) throw new Unreachable("gone");
        return "there";
      },
      new AbortController().signal,
      (error) => void heard.push(error),
    );
    await vi.advanceTimersByTimeAsync(1000 + 2000 + 4000);
    expect(await given).toBe("there");
    expect(heard).toHaveLength(3);
  });

  it("does not wait any longer once the network is back", async () => {
    let isBack = false;
    const given = persist(async () => {
      if (!isBack) throw new Unreachable("offline");
      return "there";
    }, new AbortController().signal);
    await vi.advanceTimersByTimeAsync(1000 + 2000 + 4000 + 100);
    isBack = true;
    dispatchEvent(new Event("online"));
    await vi.advanceTimersByTimeAsync(1);
    expect(await given).toBe("there");
  });

  it("throws at once what a person has to look at", async () => {
    await expect(
      persist(() => Promise.reject(new Problem(413, "too large")), new AbortController().signal),
    ).rejects.toThrow("too large");
  });

  it("can be stopped while it waits", async () => {
    const stopping = new AbortController();
    const given = persist(() => Promise.reject(new Unreachable("gone")), stopping.signal).catch((error) => error);
    await vi.advanceTimersByTimeAsync(10);
    stopping.abort();
    expect(isStopped(await given)).toBe(true);
  });
});

describe("a door", () => {
  it("lets only so many in, in their order, also after one has failed", async () => {
    const door = new Door(2);
    const order: number[] = [];
    let inside = 0;
    let most = 0;
    const walk = (number: number) =>
      door.through(async () => {
        order.push(number);
        most = Math.max(most, ++inside);
        await new Promise((resolve) => setTimeout(resolve, 10));
        inside--;
        if (number === 1) throw new Error("stumbled");
      });
    const all = Promise.allSettled([0, 1, 2, 3, 4].map(walk));
    await vi.advanceTimersByTimeAsync(100);
    const ends = await all;
    expect(order).toEqual([0, 1, 2, 3, 4]);
    expect(most).toBe(2);
    expect(ends.map(({ status }) => status).filter((status) => status === "rejected")).toHaveLength(1);
  });
});
