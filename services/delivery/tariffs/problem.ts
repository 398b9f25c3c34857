/** What is wrong with a version, or with a price grid as CSV. */
import type { Bracket } from "./tariff.ts";

/** What is wrong with a version: where (`services[2].limits.weightMax`), a stable code, and values that say it. */
export interface Problem {
  readonly path: string;
  readonly code: ProblemCode;
  readonly text: string;
}

export const problemCodes = [
  "not_a_number",
  "out_of_bounds",
  "not_text",
  "too_many",
  "empty",
  "duplicate",
  "unknown_zone",
  "unknown_service",
  "unknown_container",
  "unknown_kind",
  "unknown_currency",
  "unknown_time_zone",
  "bad_date",
  "bad_instant",
  "bad_order",
  "overlap",
  "hole",
  "price_falls",
  "no_price",
  "no_transit",
  "malformed",
  "unknown_field",
] as const;
export type ProblemCode = (typeof problemCodes)[number];

/** A problem of a CSV text: line from 1, the header included, column from 1. */
export interface CsvProblem {
  readonly line: number;
  readonly column: number;
  readonly code: ProblemCode;
  readonly text: string;
}

export type GridImport =
  | { readonly grid: readonly Bracket[]; readonly problems: readonly [] }
  | { readonly grid?: never; readonly problems: readonly CsvProblem[] };
