/** The words in which the two engines differ. Everything else of the compiler is common; see sqlite/dialect.ts and postgres/dialect.ts. */
import type { GroupBy } from "../store.ts";
import type { ColumnType } from "../table.ts";
import type { Bindings } from "./binding.ts";

export interface Dialect {
  readonly engine: "sqlite" | "postgres";
  /** The bound value at `index` (from 0) of a plain statement. */
  placeholder(index: number, type: ColumnType, list: boolean): string;
  /** Whether `value` is one of the list bound at `list`. */
  inList(value: string, list: string): string;
  /** The same of a key, where rows are asked for by theirs: the list may be long, and each of its values finds one row. */
  inKeys(value: string, list: string): string;
  /** A text without letter case, the same text as `foldText` of fold.ts makes. */
  fold(text: string): string;
  /** Whether `text` contains `part`, byte by byte. */
  containsText(text: string, part: string): string;
  /** Whether `text` starts with `prefix`, byte by byte. */
  startsWithText(text: string, prefix: string): string;
  /** The moment the statement runs, as a value of this type. */
  now(type: "date" | "timestamp"): string;
  /** What follows ORDER BY's column so that null is smallest. `nullable`: whether the column can be null; else the engine's default. */
  direction(direction: "asc" | "desc", nullable: boolean): string;
  /** Part of an instant or a day as text: `2024`, `2024-05`, `2024-05-31`, `2024-05-31T13`. */
  part(column: string, type: ColumnType, part: NonNullable<GroupBy["part"]>): string;
  /** Exact sum: a bigint, or a decimal over a decimal column. Null without rows. */
  sum(column: string, type: ColumnType): string;
  /** Average, rounded half away from zero to six places: a decimal. Null without rows. */
  average(column: string, type: ColumnType): string;
  /**
   * `select` cut to the call's limit and offset. `rowsMax` is a constant not smaller than both together: a planner that does not see
   * parameters takes it as the number of rows wanted.
   */
  slice(select: string, bindings: Bindings, options: { readonly offset: boolean; readonly rowsMax: number }): string;
}

/** An identifier, quoted for both engines. */
export const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;
