/**
 * Postgres's words. Every parameter is cast, so that the server never guesses a type. Text columns are of collation "C" (see ddl.ts):
 * code point order, as in SQLite.
 */
import type { Bindings } from "../compile/binding.ts";
import type { Dialect } from "../compile/dialect.ts";
import type { ColumnType } from "../table.ts";

export const sqlTypes: Readonly<Record<ColumnType, string>> = {
  text: "text",
  integer: "bigint",
  bigint: "bigint",
  boolean: "boolean",
  decimal: "numeric",
  date: "date",
  timestamp: "timestamptz",
  json: "json",
  binary: "bytea",
};

const partForms = { year: "YYYY", month: "YYYY-MM", day: "YYYY-MM-DD", hour: 'YYYY-MM-DD"T"HH24' } as const;

const integer = (bindings: Bindings, from: "limit" | "offset"): string => bindings.bind({ from }, "integer");

export const postgresDialect: Dialect = {
  engine: "postgres",
  placeholder: (index, type, list) => `$${index + 1}::${sqlTypes[type]}${list ? "[]" : ""}`,
  inList: (value, list) => `${value} = ANY(${list})`,
  // A list that the planner does not see is looked through for every row, where it takes them one after the other.
  inKeys: (value, list) => `${value} IN (SELECT unnest(${list}))`,
  // The two replacements and the rule of the final sigma: see foldText.
  fold: (text) => `(replace(lower(replace(${text}, 'İ', 'i') COLLATE "und-x-icu"), 'ς', 'σ') COLLATE "C")`,
  containsText: (text, part) => `strpos(${text}, ${part}) > 0`,
  startsWithText: (text, prefix) => `starts_with(${text}, ${prefix})`,
  now: (type) => (type === "date" ? "(statement_timestamp() AT TIME ZONE 'UTC')::date" : "statement_timestamp()::timestamptz(3)"),
  // For a column that cannot be null the default is left, so that the order is the one of the primary key's index.
  direction: (direction, nullable) =>
    (direction === "asc" ? " ASC" : " DESC") + (nullable ? (direction === "asc" ? " NULLS FIRST" : " NULLS LAST") : ""),
  part: (column, type, part) =>
    `to_char(${type === "timestamp" ? `${column} AT TIME ZONE 'UTC'` : column}, '${partForms[part]}') COLLATE "C"`,
  sum: (column) => `sum(${column})`,
  // Whole-number division, because Postgres's own rounds twice.
  average: (column) =>
    `sign(sum(${column})) * div(abs(sum(${column})) * 2000000 + count(${column}), nullif(2 * count(${column}), 0)) * 0.000001`,
  // The constant is what the planner sees: with a parameter alone a generic plan expects a tenth of the table.
  slice: (select, bindings, { offset, rowsMax }) =>
    `SELECT * FROM (${select} LIMIT ${rowsMax}) AS w LIMIT ${integer(bindings, "limit")}` +
    (offset ? ` OFFSET ${integer(bindings, "offset")}` : ""),
};
