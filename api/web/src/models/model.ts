import type { Mosaic, Schemas } from "../client";

export type ModelRow = Schemas["ModelRow"];
export type Trial = Schemas["TrialOut"];
export type Agreement = Schemas["Agreement"];
export type Window = readonly [number, number, number, number];

export const BACKGROUND = "background";
export const OUTPUTS = ["logits", "probabilities", "instances"] as const;
export const STEPS = [1, 2, 4, 8, 16, 32, 64, 128, 256] as const;
export const LEAST_PX = 64;

/** Name a model so that no other one is meant: two may have the same name. */
export const keyOf = (row: Pick<ModelRow, "name" | "own_model_id">): string => row.own_model_id ?? row.name;

/** List the models that can be tried or chosen now. */
export const usable = (rows: readonly ModelRow[]): ModelRow[] => rows.filter((row) => row.standing === "usable");

/** Name the models that are tried: the second only where it is another one than the first. */
export function tried(choices: readonly ModelRow[], first: string, second: string): ModelRow[] {
  const find = (key: string) => choices.find((row) => keyOf(row) === key);
  const chosen = find(first) ?? choices[0];
  const other = find(second);
  return [chosen, other === chosen ? undefined : other].filter((row) => row !== undefined);
}

/** Tell whether a worker is still at work on an upload. */
export const isBeingTried = (row: ModelRow): boolean => row.upload?.job?.active === true;

/** Say what stands for how a model is: its standing, or how far its upload is. */
export function stateOf(row: ModelRow): "modelWaitsForFile" | "modelTrying" | "modelRefused" | `standing_${NonNullable<ModelRow["standing"]>}` {
  if (row.standing !== null) return `standing_${row.standing}`;
  if (row.upload === null || row.upload.file_sha256 === "") return "modelWaitsForFile";
  return isBeingTried(row) ? "modelTrying" : "modelRefused";
}

/** List the classes that come out of channels, each once, without background. */
export const classesOf = (channels: readonly string[]): string[] => [...new Set(channels)].filter((name) => name !== BACKGROUND);

/** Read three numbers; null where they are not three. */
export function threeOf(text: string): [number, number, number] | null {
  const numbers = text.trim().split(/[\s,]+/).map(Number);
  const [red, green, blue] = numbers;
  if (numbers.length !== 3 || !numbers.every(Number.isFinite)) return null;
  return [red as number, green as number, blue as number];
}

/**
 * Give the part of a mosaic that lies in an extent of its surface, px; null when it is too small.
 *
 * Only for mosaics whose grid is not turned: the others have no map.
 */
export function windowOf(extentM: readonly number[], mosaic: Pick<Mosaic, "surface_from_px" | "width_px" | "height_px">): Window | null {
  const [a, , c, , e, f] = mosaic.surface_from_px;
  const [left, bottom, right, top] = extentM as [number, number, number, number];
  const xs = [(left - c) / a, (right - c) / a].sort((one, other) => one - other);
  const ys = [(bottom - f) / e, (top - f) / e].sort((one, other) => one - other);
  const within = (value: number | undefined, most: number) => Math.min(most, Math.max(0, Math.round(value ?? 0)));
  const found: Window = [
    within(xs[0], mosaic.width_px),
    within(ys[0], mosaic.height_px),
    within(xs[1], mosaic.width_px),
    within(ys[1], mosaic.height_px),
  ];
  return found[2] - found[0] < LEAST_PX || found[3] - found[1] < LEAST_PX ? null : found;
}

/** Say how large a window is, in millions of pixels. */
export const megapixels = ([x0, y0, x1, y1]: Window): number => ((x1 - x0) * (y1 - y0)) / 1e6;

/** Tell whether two trials looked at the same place, so that they can be compared. */
export function isSamePlace(one: Trial, other: Trial): boolean {
  return one.mosaic_sha256 === other.mosaic_sha256 && one.window_px.join() === other.window_px.join();
}

export const AGREEMENTS = ["both", "otherwise", "only"] as const;

export interface ComparedRow {
  readonly damageClass: string;
  readonly first: Readonly<Record<Agreement, Schemas["ClassOut"] | null>>;
  readonly second: Readonly<Record<Agreement, Schemas["ClassOut"] | null>>;
}

/** Lay two sides out by class: what both found, what was called otherwise, what only one found. */
export function comparedRows(compared: Pick<Schemas["ComparisonOut"], "first" | "second">): ComparedRow[] {
  const classes = [...new Set([...compared.first.rows, ...compared.second.rows].map((row) => row.damage_class))].sort();
  const side = (rows: readonly Schemas["AgreementOut"][], damageClass: string) =>
    Object.fromEntries(
      AGREEMENTS.map((name) => [name, rows.find((row) => row.damage_class === damageClass && row.agreement === name)?.figures ?? null]),
    ) as Record<Agreement, Schemas["ClassOut"] | null>;
  return classes.map((damageClass) => ({
    damageClass,
    first: side(compared.first.rows, damageClass),
    second: side(compared.second.rows, damageClass),
  }));
}

/** Say how much of a class there is: length of cracks, else surface. */
export function amountOf(figures: Pick<Schemas["ClassOut"], "length_m" | "area_m2">): string {
  if (figures.length_m !== null) return `${figures.length_m.toFixed(2)} m`;
  return areaText(figures.area_m2);
}

/** Say a surface as exactly as it is large. */
export const areaText = (areaM2: number): string => (areaM2 >= 1 ? `${areaM2.toFixed(2)} m²` : `${(areaM2 * 1e4).toFixed(1)} cm²`);

/** Say a share of a surface: a crack is a small part of one. */
export const shareText = (share: number): string => `${(share * 100).toFixed(share < 0.01 ? 3 : 1)} %`;
