import { describe, expect, it } from "vitest";

import document from "../../../openapi.json";
import { canApprove, type Person, ROLES, wayIn } from "./person";

const person = (changes: Partial<Person>): Person => ({
  account_id: "d2374f7d-a45c-5459-9a5b-7d863c203015",
  name: "hanako",
  display_name: "花子",
  active: true,
  role: "engineer",
  approver: false,
  elsewhere: false,
  has_password: true,
  has_issuer: false,
  one_time_until: null,
  created_at: "2026-05-02T09:30:00Z",
  ...changes,
});

describe("people", () => {
  it("have every role that the service knows", () => {
    expect([...ROLES].sort()).toEqual([...document.components.schemas.Role.enum].sort());
  });

  it("approve as planners and admins only", () => {
    expect(ROLES.filter(canApprove)).toEqual(["planner", "admin"]);
  });

  it("sign in with a password, unless something else is to be said", () => {
    expect(wayIn(person({}))).toBeNull();
    expect(wayIn(person({ has_password: false }))).toBe("tokenOnly");
    expect(wayIn(person({ has_password: false, has_issuer: true }))).toBe("viaIssuer");
    expect(wayIn(person({ one_time_until: "2026-05-05T09:30:00Z" }))).toBe("oneTimeWaits");
  });
});
