/**
 * What a column of each type can hold, checked once for both engines before a value reaches a driver, so that neither engine's leniency
 * shows: a value comes back as the same value from both, or is refused by both with `StoreError("check")`.
 *
 *   text       well-formed Unicode without U+0000 (Postgres cannot hold it)
 *   integer    a whole number, −(2^53−1) … 2^53−1; a bigint in that range is taken too
 *   bigint     int64; a whole number is taken too
 *   decimal    made canonical, see decimal.ts
 *   date       a real day of the years 0001 … 9999
 *   timestamp  an instant of those years; made `YYYY-MM-DDTHH:MM:SS.sssZ`
 *   json       anything JSON can hold; `null` is SQL's NULL
 */
import type { Value } from "../define/expression.ts";
import { canonicalDecimal } from "./decimal.ts";
import { StoreError } from "./store-error.ts";
import type { ColumnType } from "./table.ts";

const int64Max = 2n ** 63n - 1n;
const int64Min = -(2n ** 63n);

const refuse = (type: ColumnType): never => {
  throw new StoreError("check", `a value is not of type ${type}`);
};

const text = (value: Value): string => {
  if (typeof value !== "string" || value.includes("\0") || !value.isWellFormed()) return refuse("text");
  return value;
};

const integer = (value: Value): number => {
  const number = typeof value === "bigint" ? Number(value) : value;
  return typeof number === "number" && Number.isSafeInteger(number) ? number + 0 : refuse("integer");
};

const bigint = (value: Value): bigint => {
  if (typeof value === "number" && Number.isSafeInteger(value)) return BigInt(value);
  return typeof value === "bigint" && value <= int64Max && value >= int64Min ? value : refuse("bigint");
};

const boolean = (value: Value): boolean => (typeof value === "boolean" ? value : refuse("boolean"));

const decimal = (value: Value): string => {
  const written = typeof value === "bigint" || (typeof value === "number" && Number.isSafeInteger(value)) ? String(value) : value;
  return (typeof written === "string" ? canonicalDecimal(written) : undefined) ?? refuse("decimal");
};

const isoOf = (value: string): string => {
  const ms = Date.parse(value);
  if (Number.isNaN(ms)) return "";
  const iso = new Date(ms).toISOString();
  return iso.length === 24 && !iso.startsWith("0000") ? iso : "";
};

const dateForm = /^\d{4}-\d\d-\d\d$/;

const date = (value: Value): string => {
  if (typeof value !== "string" || !dateForm.test(value)) return refuse("date");
  // Date.parse turns 30 February into 2 March; a real day comes back as itself.
  return isoOf(value).slice(0, 10) === value ? value : refuse("date");
};

const timestampForm = /^\d{4}-\d\d-\d\d(?:[Tt]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:[Zz]|[+-]\d\d:\d\d))?$/;

/** The last instant that was found to be in its one form: the rows of a batch share theirs. */
let lastTimestamp = "";

const timestamp = (value: Value): string => {
  if (value === lastTimestamp) return lastTimestamp;
  if (typeof value !== "string" || !timestampForm.test(value)) return refuse("timestamp");
  const iso = isoOf(value);
  // As with dates; only the form in UTC can be compared.
  if (iso === "" || (value.endsWith("Z") && iso.slice(0, 10) !== value.slice(0, 10))) return refuse("timestamp");
  lastTimestamp = iso;
  return iso;
};

/** JSON that is written already: the store keeps its text as it is. In a row it stands for what it means. */
export class WrittenJson {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** For a column of JSON. */
  static value(text: string): Value {
    return new WrittenJson(text) as unknown as Value;
  }
}

const json = (value: Value): string => {
  if ((value as unknown) instanceof WrittenJson) return (value as unknown as WrittenJson).text;
  const written = JSON.stringify(value);
  return written === undefined ? refuse("json") : written;
};

const binary = (value: Value): Uint8Array => (value instanceof Uint8Array ? value : refuse("binary"));

/** A value in the one form both engines start from: JSON as text, everything else as itself. */
export type Checked = null | string | number | bigint | boolean | Uint8Array;

const checks: Readonly<Record<ColumnType, (value: Value) => Checked>> = {
  text,
  integer,
  bigint,
  boolean,
  decimal,
  date,
  timestamp,
  json,
  binary,
};

/** The check of a type, without the case of null: for compiled encoders. */
export const checkOf = (type: ColumnType): ((value: Value) => Checked) => checks[type];

/** Checks one value. Throws `StoreError("check")`. */
export const checked = (type: ColumnType, value: Value | undefined): Checked =>
  value === null || value === undefined ? null : checks[type](value);
