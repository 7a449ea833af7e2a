import { describe, expect, it, vi } from "vitest";

import { comeBack, leave, whenLeaving } from "./leaving";

describe("what belongs to a person", () => {
  it("ends when they sign out or somebody else signs in, not when their session was renewed", () => {
    const ended = vi.fn();
    whenLeaving(ended);
    comeBack("hanako");
    comeBack(null); // the session ended by itself
    comeBack("hanako");
    expect(ended).toHaveBeenCalledTimes(0);
    comeBack("taro");
    expect(ended).toHaveBeenCalledTimes(1);
    leave();
    expect(ended).toHaveBeenCalledTimes(2);
    comeBack("hanako");
    expect(ended).toHaveBeenCalledTimes(2);
  });
});
