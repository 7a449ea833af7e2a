import { describe, expect, it } from "vitest";

import { api, csrfHeaders, keepCsrf, type Session } from "../client";
import { may, mustSignIn } from "./session";

const session = (more: Partial<Session>): Session => ({
  mode: "accounts",
  account: null,
  organisation: null,
  role: null,
  rights: [],
  csrf: null,
  must_change_password: false,
  oidc: false,
  ...more,
});
const account = { account_id: "1", name: "hanako", display_name: "金沢 花子" };

describe("a session", () => {
  it("asks for a sign-in only where there are accounts", () => {
    expect(mustSignIn(session({}))).toBe(true);
    expect(mustSignIn(session({ account }))).toBe(false);
    expect(mustSignIn(session({ mode: "single-user" }))).toBe(false);
  });

  it("offers what its rights name, and nothing before it is known", () => {
    expect(may(undefined, "look")).toBe(false);
    expect(may(session({ rights: ["look"] }), "look")).toBe(true);
    expect(may(session({ rights: ["look"] }), "decide")).toBe(false);
  });

  it("sends its word along with every change", async () => {
    keepCsrf("word");
    expect(csrfHeaders()).toEqual({ "X-Tenken-CSRF": "word" });
    let sent: string | null = null;
    await api.GET("/api/session", {
      baseUrl: "http://127.0.0.1",
      fetch: async (request) => {
        sent = request.headers.get("X-Tenken-CSRF");
        return new Response("{}", { headers: { "Content-Type": "application/json" } });
      },
    });
    expect(sent).toBe("word");
    keepCsrf(null);
    expect(csrfHeaders()).toEqual({});
  });
});
