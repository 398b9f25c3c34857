/** The SQL functions that SQLite lacks, given to every connection that reads or migrates. No index or trigger uses them. */
import type { Database } from "bun:sqlite";
import { foldText } from "../compile/fold.ts";
import { addScaled, averageOf, decimalOfScaled, decimalOfSortable, scaledOf, sortableDecimal } from "../decimal.ts";
import type { Scaled } from "../decimal.ts";

type Cell = string | number | bigint | Uint8Array | null;

const options = { deterministic: true, directOnly: true, safeIntegers: true } as const;

/** A running exact sum with its number of summands. */
interface Total {
  readonly sum: Scaled;
  readonly count: bigint;
}

const start: Total = { sum: { units: 0n, scale: 0 }, count: 0n };

const add = (total: Total, value: Cell): Total =>
  typeof value === "string" ? { sum: addScaled(total.sum, scaledOf(decimalOfSortable(value))), count: total.count + 1n } : total;

export const defineFunctions = (database: Database): void => {
  database.function("pons_fold", options, (text: Cell) => (typeof text === "string" ? foldText(text) : null));
  /** A whole number as a sortable decimal: when a column is widened. */
  database.function("pons_decimal", options, (whole: Cell) => (whole === null ? null : sortableDecimal(String(whole))));
  /** A sortable decimal as plain text: when a column is widened. */
  database.function("pons_decimal_text", options, (value: Cell) => (typeof value === "string" ? decimalOfSortable(value) : null));
  database.function("pons_average", options, (high: Cell, low: Cell, count: Cell) => {
    if (typeof high !== "bigint" || typeof low !== "bigint" || typeof count !== "bigint") return null;
    return sortableDecimal(averageOf({ units: (high << 32n) + low, scale: 0 }, count));
  });
  database.aggregate<Total>("pons_decimal_sum", {
    ...options,
    start,
    step: add,
    result: ({ sum, count }) => (count === 0n ? null : sortableDecimal(decimalOfScaled(sum))),
  });
  database.aggregate<Total>("pons_decimal_average", {
    ...options,
    start,
    step: add,
    result: ({ sum, count }) => (count === 0n ? null : sortableDecimal(averageOf(sum, count))),
  });
};
