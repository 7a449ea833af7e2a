import type { Schemas } from "../client";

/** Which assets count: of a kind, of a municipality, or all. */
export interface Where {
  readonly kind?: Schemas["AssetKind"];
  readonly municipality?: string;
}

/** What the lists of choices say for "all"; no kind and no municipality is called so. */
export const ALL = "*";

/** Read what was chosen in the two lists. */
export function whereOf(kind: string, municipality: string): Where {
  return {
    ...(kind === ALL ? {} : { kind: kind as Schemas["AssetKind"] }),
    ...(municipality === ALL ? {} : { municipality }),
  };
}

/** Give today in Japan, as a field for a day wants it. */
export function todayInJapan(now: Date): string {
  return new Intl.DateTimeFormat("sv-SE", { timeZone: "Asia/Tokyo" }).format(now);
}
