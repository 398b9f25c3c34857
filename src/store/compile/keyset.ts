/**
 * "After this row, in this order" as SQL that an index can serve.
 *
 * Where all directions are the same and no null is in the way, it is one comparison of rows: `(a, id) > (?, ?)`. Otherwise it is several
 * *branches*, each a contiguous stretch of the order and each served by its own range of the index; together they are the rows after.
 * For `order: [rank desc, id asc]` after (7, "x"), rank nullable:
 *
 *   rank = 7 AND id > 'x'      the rest of the rows of the same rank
 *   rank < 7                   the lower ranks
 *   rank IS NULL               null is smallest, so it comes last when descending
 *
 * Which of the last row's values are null decides about the branches, so a shape compiles once for each such pattern that occurs.
 */
import type { Value } from "../../define/expression.ts";
import type { RowsShape } from "../store.ts";
import { orderColumnSql } from "./condition.ts";
import type { ColumnSql, Scope } from "./scope.ts";

/** For each entry of the order whether the last row's value is null: `"01"`. It is part of the compiled statement's cache key. */
export type NullPattern = string;

export const nullPatternOf = (after: readonly Value[]): NullPattern => {
  let pattern = "";
  for (const value of after) pattern += value === null ? "1" : "0";
  return pattern;
};

interface Entry extends ColumnSql {
  readonly descending: boolean;
  readonly isNull: boolean;
  /** The SQL of the last row's value; not to be asked for when it is null, so that nothing unused is bound. */
  readonly value: () => string;
}

const equal = (entry: Entry): string => (entry.isNull ? `${entry.sql} IS NULL` : `${entry.sql} = ${entry.value()}`);

/** The stretches of rows that come after in this one column: none, one or two. */
const beyond = (entry: Entry): readonly string[] => {
  if (entry.isNull) return entry.descending ? [] : [`${entry.sql} IS NOT NULL`];
  if (!entry.descending) return [`${entry.sql} > ${entry.value()}`];
  return [`${entry.sql} < ${entry.value()}`, ...(entry.nullable ? [`${entry.sql} IS NULL`] : [])];
};

/** The branches, in the order of their rows; one branch is a plain condition. */
export const keysetBranches = (scope: Scope, order: RowsShape["order"], pattern: NullPattern): readonly string[] => {
  const entries = order.map((entry, index): Entry => {
    const column = orderColumnSql(scope, entry);
    return {
      ...column,
      descending: entry.direction === "desc",
      isNull: pattern[index] === "1",
      value: () => scope.bindings.bind({ from: "after", index }, column.column.type),
    };
  });
  const [first] = entries;
  if (first === undefined) throw new Error(`shape ${scope.shape.key}: a keyset needs an order`);
  const comparable = entries.every((e) => e.descending === first.descending && !e.isNull && !(e.descending && e.nullable));
  if (comparable) {
    const [columns, values] = [entries.map((e) => e.sql).join(", "), entries.map((e) => e.value()).join(", ")];
    return [`(${columns}) ${first.descending ? "<" : ">"} (${values})`];
  }
  return entries
    .map((entry, index) => beyond(entry).map((step) => [...entries.slice(0, index).map(equal), step].join(" AND ")))
    .toReversed()
    .flat();
};
