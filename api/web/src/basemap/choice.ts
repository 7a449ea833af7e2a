import type { Schemas } from "../client";

export type Basemap = Schemas["Basemap"];

/** What the list of choices says for "none"; the service lets no map have an empty name. */
export const NONE = "";

/** Find the background that is shown: what was chosen in this browser, else the operator's first. */
export function shownOf(basemaps: readonly Basemap[], chosen: string | null): Basemap | null {
  if (chosen === NONE) return null;
  return basemaps.find((one) => one.name === chosen) ?? basemaps[0] ?? null;
}
