/**
 * Values on their way into SQLite and back.
 *
 * | type | column | form |
 * | text, date, timestamp | TEXT | as it is: code point order is byte order, ISO order is time order |
 * | integer, bigint | INTEGER | |
 * | boolean | INTEGER | 0, 1 |
 * | decimal | TEXT | sortable form, see decimal.ts |
 * | json | TEXT | |
 * | binary | BLOB | |
 */
import type { Value } from "../../define/expression.ts";
import { foldText } from "../compile/fold.ts";
import { prefixEnd } from "../compile/prefix.ts";
import type { Binding } from "../compile/binding.ts";
import type { OutputColumn } from "../compile/statement.ts";
import { decimalOfSortable, sortableDecimal } from "../decimal.ts";
import type { ReadCall, Row } from "../store.ts";
import type { ColumnType } from "../table.ts";
import { StoreError } from "../store-error.ts";
import { checkOf } from "../value.ts";
import { rowsPerCallMax } from "../limits.ts";

/** What SQLite takes and gives. */
export type Cell = null | string | number | bigint | Uint8Array;

/** Value → cell for a column of this type. The encoder throws `StoreError("check")`. */
export const encoderOf = (type: ColumnType): ((value: Value | undefined) => Cell) => {
  const check = checkOf(type);
  return (value) => {
    if (value === null || value === undefined) return null;
    const checked = check(value);
    if (typeof checked === "boolean") return checked ? 1 : 0;
    return type === "decimal" ? sortableDecimal(String(checked)) : checked;
  };
};

/** A list for `json_each`: 64-bit integers are written out, which JSON.stringify refuses. */
const encodeList = (type: ColumnType, values: Value): string => {
  if (!Array.isArray(values)) throw new StoreError("check", "a list parameter is no list");
  const encode = encoderOf(type);
  const cells: string[] = [];
  for (const value of values as readonly Value[]) {
    const cell = encode(value);
    if (cell !== null) cells.push(typeof cell === "bigint" ? String(cell) : JSON.stringify(cell));
  }
  return `[${cells.join(",")}]`;
};

const transforms = {
  none: undefined,
  fold: foldText,
  prefixEnd,
} as const;

/** Reads one bound value out of a call. */
export const readerOf = ({ source, type, list, transform }: Binding): ((call: ReadCall) => Cell) => {
  const change = transforms[transform];
  const encode = encoderOf(type);
  const bind = (value: Value | undefined): Cell => {
    if (list) return encodeList(type, value ?? null);
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

const wholeOf = (cell: Cell): number => Number(cell);

/** A sum comes as two halves, see dialect.ts. */
const bigintOf = (cell: Cell): bigint => {
  if (typeof cell === "bigint") return cell;
  if (typeof cell !== "string") throw new TypeError("an integer column that holds no integer");
  const [high = "", low = ""] = cell.split(":");
  return (BigInt(high) << 32n) + BigInt(low);
};

const decoders: Readonly<Partial<Record<ColumnType, (cell: Cell) => Value>>> = {
  bigint: bigintOf,
  boolean: (cell) => cell === 1 || cell === 1n,
  decimal: (cell) => decimalOfSortable(String(cell)),
  json: (cell) => JSON.parse(String(cell)) as Value,
};

/** The calls of a batch as one JSON array of arrays; `readers` are in the order of the array's values. */
export const encodeCalls = (
  readers: readonly { readonly read: (call: ReadCall) => Cell; readonly list: boolean }[],
  calls: readonly ReadCall[],
): string => {
  const written = calls.map((call) => {
    const cells = readers.map(({ read, list }) => {
      const cell = read(call);
      // A list is JSON already, a 64-bit integer must not become a double.
      return list || typeof cell === "bigint" ? String(cell) : JSON.stringify(cell);
    });
    return `[${cells.join(",")}]`;
  });
  return `[${written.join(",")}]`;
};

/** Makes rows of arrays whose first `skip` cells are no fields. `safeIntegers`: integers come as bigint. */
export const rowMakerOf = (
  columns: readonly OutputColumn[],
  options: { readonly skip: number; readonly safeIntegers: boolean },
) => {
  const steps = columns.map(({ field, type }, i) => ({
    field,
    decode: type === "integer" && options.safeIntegers ? wholeOf : decoders[type],
    index: i + options.skip,
  }));
  return (cells: readonly Cell[]): Row => {
    const row: Row = {};
    for (const { field, decode, index } of steps) {
      const cell = cells[index] ?? null;
      row[field] = cell === null || decode === undefined ? cell : decode(cell);
    }
    return row;
  };
};

/** How the rows of a statement are decoded: only the columns that need it. */
export interface RowDecoder {
  /** Whether the driver must give integers as bigint. */
  readonly safeIntegers: boolean;
  /** Decodes in place; the driver made the rows for this call alone. */
  decode(rows: Record<string, Cell>[]): Row[];
}

export const rowDecoderOf = (columns: readonly OutputColumn[]): RowDecoder => {
  const safeIntegers = columns.some((c) => c.type === "bigint");
  const steps = columns.flatMap(({ field, type }) => {
    const decode = type === "integer" && safeIntegers ? wholeOf : decoders[type];
    return decode === undefined ? [] : [{ field, decode }];
  });
  return {
    safeIntegers,
    decode: (rows) => {
      if (steps.length === 0) return rows;
      for (const row of rows as Record<string, Cell | Value>[]) {
        for (const { field, decode } of steps) {
          const cell = row[field] as Cell;
          if (cell !== null) row[field] = decode(cell);
        }
      }
      return rows;
    },
  };
};
