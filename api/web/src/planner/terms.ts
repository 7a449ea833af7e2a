import type { Schemas } from "../client";
import { PARTS, type Weights } from "./weights";

export type Terms = Schemas["ProgrammeIn"];
export type Programme = Schemas["ProgrammeOut"];
export type WorkLine = Schemas["WorkLineOut"];

/** What a planner types: money in millions of yen, one amount for every year or one for each. */
export interface TermsDraft {
  readonly firstYear: string;
  readonly years: string;
  readonly budgets: string;
  readonly priceList: string;
  readonly compareWith: string;
}

const MOST_YEARS = 30;
const MILLION = 1_000_000;
const MOST_MILLION = 100_000_000;

/** Give the fiscal year of a day: it begins in April. */
export function fiscalYear(day: Date): number {
  return day.getMonth() >= 3 ? day.getFullYear() : day.getFullYear() - 1;
}

/** Read amounts in millions of yen, separated by spaces or commas; null when one is none. */
export function readBudgets(text: string, years: number): number[] | null {
  const parts = text.trim().split(/[\s,、，]+/).filter(Boolean);
  const amounts = parts.map((part) => Number(half(part)));
  const sound = amounts.every((amount) => Number.isFinite(amount) && amount >= 0 && amount <= MOST_MILLION);
  if (!sound || amounts.length === 0) return null;
  if (amounts.length !== 1 && amounts.length !== years) return null;
  return Array.from({ length: years }, (_, i) => Math.round((amounts[i] ?? amounts[0] ?? 0) * MILLION));
}

/** Give the terms that a draft says, or null while something is missing. */
export function termsOf(draft: TermsDraft, weights: Weights | null): Terms | null {
  const firstYear = Number(half(draft.firstYear));
  const years = Number(half(draft.years));
  if (!Number.isInteger(firstYear) || firstYear < 2000 || firstYear > 2200) return null;
  if (!Number.isInteger(years) || years < 1 || years > MOST_YEARS) return null;
  const budgets = readBudgets(draft.budgets, years);
  if (budgets === null || draft.priceList === "") return null;
  return {
    first_year: firstYear,
    budgets_yen: budgets,
    price_list: draft.priceList,
    weights: weights && Object.fromEntries(PARTS.map((part) => [part, weights[part]])) as Terms["weights"],
    compare_with: draft.compareWith || null,
  } as Terms;
}

/** Write yen in millions, for people. */
export function million(yen: number): string {
  return (yen / MILLION).toLocaleString("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
}

/** Put the works of a programme under their years, by rank. */
export function worksByYear(programme: Pick<Programme, "years" | "lines">): [number, WorkLine[]][] {
  return programme.years.map((year) => [
    year.fiscal_year,
    programme.lines.filter((line) => line.fiscal_year === year.fiscal_year),
  ]);
}

/** Turn full-width digits, as Japanese keyboards write them, into plain ones. */
function half(text: string): string {
  return text.normalize("NFKC").trim();
}
