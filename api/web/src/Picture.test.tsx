import { act, cleanup, fireEvent, render } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { Picture } from "./Picture";

const busy = () => new Response("", { status: 503, headers: { "Retry-After": "7" } });
const gone = () => new Response("", { status: 404 });
const there = () => new Response("picture");

/** Show a picture while a service gives these answers to whoever asks why it did not come. */
function shown(...answers: (Response | Error)[]) {
  const asked: string[] = [];
  vi.stubGlobal("fetch", (url: string) => {
    asked.push(url);
    const answer = answers.shift();
    return answer instanceof Response ? Promise.resolve(answer) : Promise.reject(answer ?? new TypeError("no network"));
  });
  const onGone = vi.fn();
  const view = render(<Picture src="/a.png" alt="a" className="chip" onGone={onGone} />);
  const image = () => view.getByAltText("a");
  const fail = async () => {
    fireEvent.error(image());
    await act(() => vi.advanceTimersByTimeAsync(0));
  };
  const wait = (ms: number) => act(() => vi.advanceTimersByTimeAsync(ms));
  return { asked, onGone, view, image, fail, wait };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  cleanup();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("a picture", () => {
  it("is shown as it is, and nobody asks about one that comes", () => {
    const { image, asked } = shown();
    expect(image().getAttribute("src")).toBe("/a.png");
    expect(image().className).toBe("chip");
    expect(asked).toEqual([]);
  });

  it("is asked for again when the service says so", async () => {
    const { image, fail, wait, asked, onGone } = shown(busy(), busy());
    const first = image();
    await fail();
    await wait(6_900);
    expect(image()).toBe(first);
    await wait(200);
    const second = image();
    expect(second).not.toBe(first);
    await fail();
    await wait(7_100);
    expect(image()).not.toBe(second);
    expect(asked).toEqual(["/a.png", "/a.png"]);
    expect(onGone).not.toHaveBeenCalled();
  });

  it.each([["not there", gone()], ["out of reach", new TypeError("no network")]])("that is %s is told of once", async (_, answer) => {
    const { image, fail, wait, onGone } = shown(answer);
    const first = image();
    await fail();
    await wait(60_000);
    expect(onGone).toHaveBeenCalledTimes(1);
    expect(image()).toBe(first);
  });

  it("that is there after all is asked for at once, but not for ever", async () => {
    const { image, fail, onGone } = shown(...Array.from({ length: 6 }, there));
    for (let turn = 0; turn < 5; turn += 1) {
      const before = image();
      await fail();
      expect(image()).not.toBe(before);
    }
    await fail();
    expect(onGone).toHaveBeenCalledTimes(1);
  });

  it("that another takes the place of begins anew", async () => {
    const { view, fail, wait, onGone } = shown(busy(), busy());
    await fail();
    view.rerender(<Picture src="/b.png" alt="a" onGone={onGone} />);
    expect(view.getByAltText("a").getAttribute("src")).toBe("/b.png");
    await wait(60_000);
    expect(view.getByAltText("a").getAttribute("src")).toBe("/b.png");
    expect(onGone).not.toHaveBeenCalled();
  });
});
