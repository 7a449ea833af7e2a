import type { Schemas } from "../client";

/** What a frozen month says of some assets; each figure has one meaning (inspection/domain/figures.py). */
export interface Counted {
  readonly assets: number;
  readonly published: number;
  readonly inspected_in_cycle: number;
  readonly inspected_percent: number | null;
  readonly soundness: Readonly<Record<Level, number>>;
  readonly urgent: number;
  readonly urgent_done: number;
  readonly urgent_done_percent: number | null;
}

export interface Figures {
  readonly cycle: readonly [number, number];
  readonly kinds: Readonly<Record<string, Counted>>;
  readonly municipalities: readonly (Counted & { readonly kind: string; readonly municipality: string })[];
}

export const LEVELS = ["I", "II", "III", "IV"] as const;
export type Level = (typeof LEVELS)[number];

export interface Month {
  readonly month: string;
  readonly figures: Figures;
}

/** Take the months as the service sends them, oldest first. */
export function monthsOf(list: Schemas["MonthlyList"]): Month[] {
  return list.months
    .map(({ month, figures }) => ({ month, figures: figures as unknown as Figures }))
    .sort((a, b) => a.month.localeCompare(b.month));
}

/** Give the shares of the soundness levels, 0–1; nothing where nothing is published. */
export function shares(counted: Pick<Counted, "soundness">): readonly { level: Level; count: number; share: number }[] {
  const all = LEVELS.reduce((sum, level) => sum + counted.soundness[level], 0);
  if (all === 0) return [];
  return LEVELS.map((level) => ({ level, count: counted.soundness[level], share: counted.soundness[level] / all }));
}

/** Give the points of a line through a figure of each month, in a box of 100 × 100; gaps break it. */
export function trend(months: readonly Month[], kind: string, figure: "inspected_percent" | "urgent_done_percent"): string {
  const step = months.length > 1 ? 100 / (months.length - 1) : 0;
  let pen = "M";
  return months
    .map(({ figures }, i) => {
      const value = figures.kinds[kind]?.[figure] ?? null;
      if (value === null) {
        pen = "M";
        return "";
      }
      const point = `${pen}${(i * step).toFixed(2)},${(100 - value).toFixed(2)}`;
      pen = "L";
      return point;
    })
    .join("");
}

/** A file of the newest open-data package. */
export interface OpenFile {
  readonly name: Readonly<Record<"ja" | "en", string>>;
  readonly url: string;
  readonly format: string;
}

/** Read the files out of CKAN's answer; what is no file is left out. */
export function filesOf(answer: unknown): OpenFile[] {
  const packages = (answer as { result?: { results?: unknown[] } }).result?.results ?? [];
  return packages.flatMap((one) => {
    const resources = (one as { resources?: unknown[] }).resources ?? [];
    return resources.flatMap((resource) => {
      const { name, name_translated, url, format } = resource as Record<string, unknown>;
      const whole = typeof name === "string" && typeof url === "string" && typeof format === "string";
      return whole ? [{ name: { ja: name, en: name, ...(name_translated as object) }, url, format }] : [];
    });
  });
}
