import { describe, expect, it } from "vitest";

import document from "../../../openapi.json";
import { mayRetry, percentDone, PRIORITIES, STATES, STEPS } from "./job";

const schemas = document.components.schemas;

describe("jobs", () => {
  it("have every state, step and priority that the service knows", () => {
    expect([...STATES].sort()).toEqual([...schemas.JobState.enum].sort());
    const { step, priority } = schemas.RetryIn.properties;
    const known = (field: { anyOf: { enum?: string[] }[] }) => field.anyOf.flatMap((one) => one.enum ?? []);
    expect([...STEPS].sort()).toEqual(known(step as never).sort());
    expect([...PRIORITIES].sort()).toEqual(known(priority as never).sort());
  });

  it("say how far they are, where it is known", () => {
    expect(percentDone({ progress: { step: "detect", done: 1, total: 3 } })).toBe(33);
    expect(percentDone({ progress: { step: "detect", done: 3, total: 3 } })).toBe(100);
    expect(percentDone({ progress: { step: "mosaic", done: 0, total: 0 } })).toBeNull();
    expect(percentDone({ progress: null })).toBeNull();
  });

  it("are tried again when nobody works on them", () => {
    expect(STATES.filter((state) => mayRetry({ state }))).toEqual(["failed", "done", "dead", "cancelled"]);
  });
});
