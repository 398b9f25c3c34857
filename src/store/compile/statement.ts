/**
 * A shape compiled for one engine: SQL, what it binds, what it gives. Plain form: one call, one statement. A store keeps the result by
 * `shape.key` and the variant, and never compiles on the way of a call.
 */
import { rowsPerCallMax } from "../limits.ts";
import type { ReadCall, Shape } from "../store.ts";
import type { ColumnType } from "../table.ts";
import { aggregateSql, countSql } from "./aggregate.ts";
import { Bindings } from "./binding.ts";
import type { Binding } from "./binding.ts";
import type { Dialect } from "./dialect.ts";
import { nullPatternOf } from "./keyset.ts";
import { rowsSql } from "./rows.ts";
import type { RowsSql, RowsVariant } from "./rows.ts";
import { Scope } from "./scope.ts";

/** A column of the answer: the row's property and the type its value is decoded as. */
export interface OutputColumn {
  readonly field: string;
  readonly type: ColumnType;
  readonly nullable: boolean;
}

export interface Statement {
  readonly sql: string;
  readonly bindings: readonly Binding[];
  readonly columns: readonly OutputColumn[];
  /** One row at most (a primary key, a unique index) or always (a count). */
  readonly single: boolean;
}

/** What a call needs of its shape's statement beyond the shape: calls of equal variants share a statement. */
export type Variant = RowsVariant;

const powerOfTwoAbove = (n: number): number => {
  let power = 1;
  while (power < n) power *= 2;
  return power;
};

/** The variant of a call. Throws for a call that does not fit its shape. */
export const variantOf = (shape: Shape, call: ReadCall): Variant => {
  const limit = call.limit ?? rowsPerCallMax;
  const offset = call.offset ?? 0;
  if (!Number.isSafeInteger(limit) || limit < 0 || limit > rowsPerCallMax)
    throw new RangeError(`shape ${shape.key}: limit ${limit}`);
  if (!Number.isSafeInteger(offset) || offset < 0) throw new RangeError(`shape ${shape.key}: offset ${offset}`);
  if (call.params.length !== shape.params.length) throw new RangeError(`shape ${shape.key}: ${call.params.length} parameters`);
  const rowsMax = powerOfTwoAbove(limit + offset);
  const keyset = shape.kind === "rows" && shape.after !== undefined;
  if (!keyset) {
    if (call.after !== undefined) throw new RangeError(`shape ${shape.key}: takes no "after"`);
    return { offset: offset > 0, rowsMax };
  }
  if (call.after?.length !== shape.order.length)
    throw new RangeError(`shape ${shape.key}: "after" gives one value per order entry`);
  if (offset > 0) throw new RangeError(`shape ${shape.key}: "after" and an offset exclude each other`);
  return { after: nullPatternOf(call.after), offset: false, rowsMax };
};

/** Compiles any shape within a scope: the plain form, and what a batch form wraps. */
export const shapeSql = (scope: Scope, shape: Shape, variant: Variant): RowsSql => {
  switch (shape.kind) {
    case "rows":
      return rowsSql(scope, shape, variant);
    case "count":
      return countSql(scope, shape);
    case "aggregate":
      return aggregateSql(scope, shape, variant);
  }
};

/** The plain form of a shape. */
export const compileStatement = (dialect: Dialect, shape: Shape, variant: Variant): Statement => {
  const bindings = new Bindings((index, { type, list }) => dialect.placeholder(index, type, list));
  return { ...shapeSql(new Scope(dialect, shape, bindings), shape, variant), bindings: bindings.all };
};
