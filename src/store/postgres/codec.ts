/**
 * Values on their way to Postgres and back. Rows come as arrays (the batch form has a column that is no field) and are made into objects
 * here.
 *
 * | type | column | from the driver |
 * | text | text COLLATE "C" | string |
 * | integer, bigint | bigint | bigint |
 * | boolean | boolean | boolean |
 * | decimal | numeric | string, with the zeros it was written with |
 * | date, timestamp | date, timestamptz(3) | Date |
 * | json | json, which keeps the order of the keys | parsed |
 * | binary | bytea | Buffer |
 */
import type { Value } from "../../define/expression.ts";
import type { Binding } from "../compile/binding.ts";
import { foldText } from "../compile/fold.ts";
import { prefixEnd } from "../compile/prefix.ts";
import type { OutputColumn } from "../compile/statement.ts";
import { canonicalDecimal } from "../decimal.ts";
import { rowsPerCallMax } from "../limits.ts";
import { StoreError } from "../store-error.ts";
import type { ReadCall, Row } from "../store.ts";
import type { ColumnType } from "../table.ts";
import { checkOf } from "../value.ts";

/** What the driver takes for a value; a list is an array of them. */
export type Cell = null | string | number | bigint | boolean | Uint8Array;
export type Bound = Cell | readonly Cell[];

/** Value → cell for a column of this type. The encoder throws `StoreError("check")`. JSON comes as text and is cast in the statement. */
export const encoderOf = (type: ColumnType): ((value: Value | undefined) => Cell) => {
  const check = checkOf(type);
  return (value) => (value === null || value === undefined ? null : check(value));
};

const listOf = (type: ColumnType, values: Value): Cell[] => {
  if (!Array.isArray(values)) throw new StoreError("check", "a list parameter is no list");
  const check = checkOf(type);
  const cells: Cell[] = [];
  for (const value of values as readonly Value[]) if (value !== null) cells.push(check(value));
  return cells;
};

/** What stands in an array without quotes: not empty, no blank, no sign that means something there, and not `null`. */
const plainElement = /^(?!null$)[\w.+:-]+$/i;

const arrayElement = (cell: Cell): string => {
  const text = String(cell);
  return plainElement.test(text) ? text : `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
};

/**
 * `{a,"b \"c\""}`. Quotes stand where they have to: the driver writes this text into an array once more, with a backslash before each of them.
 * See https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO.
 */
export const arrayLiteral = (cells: readonly Cell[]): string => `{${cells.map(arrayElement).join(",")}}`;

const transforms = { none: undefined, fold: foldText, prefixEnd } as const;

/** Reads one bound value out of a call. `batch`: as an element of an array parameter, where a list has to be text. */
export const readerOf = (binding: Binding, options: { readonly batch: boolean }): ((call: ReadCall) => Bound) => {
  const { source, type, list, transform } = binding;
  const change = transforms[transform];
  const encode = encoderOf(type);
  const bind = (value: Value | undefined): Bound => {
    if (list) {
      const cells = listOf(type, value ?? null);
      return options.batch && source.from !== "constant" ? arrayLiteral(cells) : cells;
    }
    const cell = encode(value);
    return change === undefined || typeof cell !== "string" ? cell : change(cell);
  };
  switch (source.from) {
    case "realm":
      return (call) => call.realm;
    case "limit":
      return (call) => call.limit ?? rowsPerCallMax;
    case "offset":
      return (call) => call.offset ?? 0;
    case "param":
      return (call) => bind(call.params[source.index]);
    case "after":
      return (call) => bind(call.after?.[source.index]);
    case "constant": {
      const constant = bind(source.value);
      return () => constant;
    }
  }
};

/** The last instant that was written: the rows of a batch share theirs. */
let lastMs = Number.NaN;
let lastIso = "";

const isoOf = (value: unknown): string => {
  if (!(value instanceof Date)) throw new StoreError("broken", "an instant that is no instant");
  const ms = value.getTime();
  if (ms !== lastMs) {
    lastIso = value.toISOString();
    lastMs = ms;
  }
  return lastIso;
};

const decoders: Readonly<Partial<Record<ColumnType, (value: unknown) => Value>>> = {
  integer: Number,
  // A sum of bigints is a numeric, which comes as text.
  bigint: (value) => (typeof value === "bigint" ? value : BigInt(String(value))),
  decimal: (value) => canonicalDecimal(String(value)) ?? String(value),
  date: (value) => isoOf(value).slice(0, 10),
  timestamp: isoOf,
  binary: (value) => (value instanceof Uint8Array ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : null),
};

/** Makes rows of arrays whose first `skip` values are no fields. */
export const rowMakerOf = (columns: readonly OutputColumn[], skip: number): ((values: readonly unknown[]) => Row) => {
  const count = columns.length;
  const fields = columns.map(({ field }) => field);
  const decodes = columns.map(({ type }) => decoders[type]);
  return (values) => {
    const row: Row = {};
    for (let at = 0; at < count; at++) {
      const value = values[at + skip];
      const decode = decodes[at];
      row[fields[at] as string] = value === null || decode === undefined ? (value as Value) : decode(value);
    }
    return row;
  };
};
