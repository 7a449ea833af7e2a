/** What an administrator looks for in the audit log; empty text leaves a condition out. */
export interface Sought {
  readonly actor: string;
  readonly action: string;
  readonly first: string;
  readonly last: string;
}

/** Give the conditions that are set. */
export function conditionsOf(sought: Sought): Partial<Sought> {
  const given = Object.entries(sought).map(([name, value]) => [name, value.trim()] as const);
  return Object.fromEntries(given.filter(([, value]) => value !== ""));
}

/** Write the conditions as the search part of an address; nothing without any. */
export function searchOf(sought: Sought): string {
  const search = new URLSearchParams(conditionsOf(sought)).toString();
  return search === "" ? "" : `?${search}`;
}
