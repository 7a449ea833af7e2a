import type { Schemas } from "../client";

export type Person = Schemas["PersonOut"];
export type Role = Schemas["Role"];

export const ROLES: readonly Role[] = ["viewer", "crew", "engineer", "planner", "admin"];
const APPROVING: ReadonlySet<Role> = new Set(["planner", "admin"]);

/** Tell whether somebody of a role can be made an approver. */
export function canApprove(role: Role): boolean {
  return APPROVING.has(role);
}

/** Say in which way somebody signs in, as a word of the pages. */
export function wayIn(person: Person): "oneTimeWaits" | "viaIssuer" | "tokenOnly" | null {
  if (person.one_time_until !== null) return "oneTimeWaits";
  if (person.has_issuer) return "viaIssuer";
  return person.has_password ? null : "tokenOnly";
}
