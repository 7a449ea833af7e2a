import { describe, expect, it } from "vitest";

import { Problem, told } from "./client";

const answer = (status: number, more: { data?: unknown; error?: unknown }) => ({
  response: new Response(null, { status }),
  ...more,
});

describe("an answer of the service", () => {
  it.each([[{ surveys: [] }], [[]], [0], [""], [false]])("that is %j is given as it is", (data) => {
    expect(told(answer(200, { data }), "SurveyList")).toBe(data);
  });

  it.each([
    [{ detail: "there is no survey 7" }, "there is no survey 7"],
    [{ detail: 7 }, "HTTP 404"],
    [{}, "HTTP 404"],
    ["<html>", "HTTP 404"],
    [undefined, "HTTP 404"],
  ])("that is an error %j is thrown in words", (error, words) => {
    const telling = () => told(answer(404, { error }), "SurveyDetail");
    expect(telling).toThrow(words);
    expect(telling).toThrow(Problem);
  });
});
