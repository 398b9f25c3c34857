/** SQLite's words. Integers are split for sums, because SQLite's own sum fails beyond int64. */
import type { Bindings } from "../compile/binding.ts";
import type { Dialect } from "../compile/dialect.ts";

const partLength = { year: 4, month: 7, day: 10, hour: 13 } as const;

const nowForms = { date: "'%Y-%m-%d'", timestamp: "'%Y-%m-%dT%H:%M:%fZ'" } as const;

/** The two halves of an integer column, summed: together exact for two billion rows. */
const halves = (column: string): readonly [string, string] => [`sum(${column} >> 32)`, `sum(${column} & 4294967295)`];

const integer = (bindings: Bindings, from: "limit" | "offset"): string => bindings.bind({ from }, "integer");

export const sqliteDialect: Dialect = {
  engine: "sqlite",
  placeholder: (index) => `?${index + 1}`,
  inList: (value, list) => `${value} IN (SELECT value FROM json_each(${list}))`,
  inKeys: (value, list) => `${value} IN (SELECT value FROM json_each(${list}))`,
  fold: (text) => `pons_fold(${text})`,
  containsText: (text, part) => `instr(${text}, ${part}) > 0`,
  startsWithText: (text, prefix) => `substr(${text}, 1, length(${prefix})) = ${prefix}`,
  now: (type) => `strftime(${nowForms[type]}, 'now')`,
  // Null is smallest in SQLite by itself.
  direction: (direction) => (direction === "asc" ? " ASC" : " DESC"),
  part: (column, _type, part) => `substr(${column}, 1, ${partLength[part]})`,
  sum: (column, type) => (type === "decimal" ? `pons_decimal_sum(${column})` : halves(column).join(" || ':' || ")),
  average: (column, type) =>
    type === "decimal" ? `pons_decimal_average(${column})` : `pons_average(${halves(column).join(", ")}, count(${column}))`,
  slice: (select, bindings) => `${select} LIMIT ${integer(bindings, "limit")} OFFSET ${integer(bindings, "offset")}`,
};
