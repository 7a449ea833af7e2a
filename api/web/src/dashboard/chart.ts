/** Where the bars of a chart stand, in a box of 100 × 100 that is stretched to its place. */
export interface Bar {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** How long the periods of a series are. */
export type Step = "month" | "day";

const GAP = 0.2;

/** Give the round number at or above the largest value: 1, 2 or 5 times a power of ten. */
export function ceiling(values: readonly number[]): number {
  const most = Math.max(0, ...values);
  if (most === 0) return 1;
  const power = 10 ** Math.floor(Math.log10(most));
  return [1, 2, 5, 10].map((step) => step * power).find((round) => round >= most) ?? most;
}

/** Stand a bar for each value, oldest on the left; of nothing there is none. */
export function bars(values: readonly number[]): Bar[] {
  const top = ceiling(values);
  const step = 100 / Math.max(values.length, 1);
  return values.map((value, i) => {
    const height = (100 * value) / top;
    return { x: (i + GAP / 2) * step, y: 100 - height, width: step * (1 - GAP), height };
  });
}

/** Name a period: a day by its date, a month by year and month. */
export function periodName({ first, last }: { first: string; last: string }, step: Step): string {
  return step === "day" ? last : first.slice(0, 7);
}

/** Say a duration: days, or what it is at least. */
export function daysText(days: { days: number; at_least: boolean } | null, unit: string): string {
  if (days === null) return "–";
  return `${days.at_least ? "≥ " : ""}${days.days} ${unit}`;
}

/** Give a share with one decimal; a dash of nothing. */
export function percentText(percent: number | null): string {
  return percent === null ? "–" : `${percent.toFixed(1)} %`;
}
