import type { Defect, Schemas } from "../client";

export const ORDERS = ["size", "urgent", "uncertain"] as const;
export type Order = Schemas["Order"];

export interface Filter {
  readonly damageClass: Defect["damage_class"] | null;
  readonly state: Defect["state"] | null;
  /** A code of the scheme by which the asset is graded, or `UNGRADED`. */
  readonly grade: string | null;
  /** Only those whose grade is to be decided again after an edit. */
  readonly again: boolean;
  /** Cracks that are surely thinner are left out, mm; null shows all. */
  readonly widthMm: number | null;
  /** Least confidence, 0–1. */
  readonly confidence: number;
}

/** The service's word for the grade of what has none. */
export const UNGRADED = "none";

export const EVERYTHING: Filter = {
  damageClass: null,
  state: null,
  grade: null,
  again: false,
  widthMm: null,
  confidence: 0,
};

/** What the service is asked; what narrows nothing is left out. */
export interface Choice {
  damage_class?: Defect["damage_class"][];
  state?: Defect["state"][];
  grade?: string[];
  again?: boolean;
  width_mm?: number;
  confidence?: number;
}

export function choiceOf(filter: Filter): Choice {
  return {
    ...(filter.damageClass === null ? {} : { damage_class: [filter.damageClass] }),
    ...(filter.state === null ? {} : { state: [filter.state] }),
    ...(filter.grade === null ? {} : { grade: [filter.grade] }),
    ...(filter.again ? { again: true } : {}),
    ...(filter.widthMm === null ? {} : { width_mm: filter.widthMm }),
    ...(filter.confidence > 0 ? { confidence: filter.confidence } : {}),
  };
}

/** Write a choice and the revision it was counted at as the query of an address. */
export function queryOf(filter: Filter, revision: number): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(choiceOf(filter))) {
    for (const one of Array.isArray(value) ? value : [value]) query.append(name, String(one));
  }
  query.set("revision", String(revision));
  return query.toString();
}

/**
 * Name the grades that can be chosen: those of the survey, worst first, the chosen one whatever the
 * counts say, and last what has no grade.
 */
export function gradesOf(counted: Readonly<Record<string, number>>, chosen: string | null): string[] {
  const codes = new Set([...Object.keys(counted), ...(chosen === null ? [] : [chosen])]);
  return [...codes].sort((a, b) => Number(a === UNGRADED) - Number(b === UNGRADED) || b.localeCompare(a));
}

/** Where somebody stands in a list: the defect, and its place when it was chosen. */
export interface Stand {
  readonly defect_id: string;
  readonly mark: string;
}

/**
 * Give the row next to where somebody stands; undefined when these rows do not say: the defect has
 * moved (a decision puts it last), or the neighbour is on a page that has not been read.
 */
export function beside<Row extends Stand>(
  rows: readonly Row[],
  stand: Stand | undefined,
  step: 1 | -1,
): Row | undefined {
  if (stand === undefined) return rows[0];
  const at = rows.findIndex((row) => row.defect_id === stand.defect_id && row.mark === stand.mark);
  return at < 0 ? undefined : rows[at + step];
}
