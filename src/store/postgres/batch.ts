/**
 * The batch form: N calls of a shape in one statement. What the calls bind comes as one array per parameter; the plain form stands in a
 * LATERAL join over their rows, and the ordinal tells which call a row answers. Constants of the shape stay plain parameters.
 *
 *   SELECT q.n::int4, s."id", s."name"
 *   FROM unnest($1::bigint[], $2::text[]) WITH ORDINALITY AS q(c0, c1, n)
 *   CROSS JOIN LATERAL (SELECT t."id" AS "id", t."name" AS "name" FROM "customers" AS t WHERE t."realm" = q.c0 AND (t."id" = q.c1)) AS s
 *
 * Where a call gives one row at most, there is no LIMIT within, and the planner makes it a plain join by the index. Arrays were chosen over
 * one JSON parameter because `json_to_recordset` costs the server six to ten times as much (measured at 8, 32 and 64 calls).
 *
 * A call's rows come in the order of the plain form within, call after call: a join with a LIMIT within is a nested loop. SQL does not promise
 * it, but to sort all of them once more costs a third of the statement. So where the values of the order are among the columns, the reader looks
 * whether the rows are in order (see `order`), and elsewhere they are sorted again.
 */
import { Bindings } from "../compile/binding.ts";
import type { Binding } from "../compile/binding.ts";
import { demandsOneRow } from "../compile/condition.ts";
import { quote } from "../compile/dialect.ts";
import { outerOrder } from "../compile/rows.ts";
import type { Dialect } from "../compile/dialect.ts";
import { Scope } from "../compile/scope.ts";
import { shapeSql } from "../compile/statement.ts";
import type { Statement, Variant } from "../compile/statement.ts";
import type { Shape } from "../store.ts";
import { type ColumnType, columnOf } from "../table.ts";
import { postgresDialect, sqlTypes } from "./dialect.ts";

/** A statement for many calls: its first column is the ordinal of the call, from 1. */
export interface BatchStatement extends Statement {
  readonly batch: true;
  /** By which columns the rows of a call have to be in order, as nothing in the statement says so; absent: it does. */
  readonly order?: readonly ColumnOrder[];
}

export interface ColumnOrder {
  /** Position among the columns. */
  readonly index: number;
  readonly direction: "asc" | "desc";
}

/** Types whose values the driver gives in a form that JavaScript compares. */
const comparable: ReadonlySet<ColumnType> = new Set<ColumnType>(["text", "integer", "bigint", "date", "timestamp"]);

/** The order of a shape by its columns; undefined where one of its values is not among them, or may be null. */
const columnOrderOf = (shape: Shape): readonly ColumnOrder[] | undefined => {
  if (shape.kind !== "rows") return undefined;
  const found = shape.order.map(({ path: [field = "", ...further], direction, when }): ColumnOrder | undefined => {
    const index = further.length > 0 || when !== undefined ? -1 : shape.select.indexOf(field);
    if (index === -1) return undefined;
    const { type, nullable } = columnOf(shape.table, field);
    return nullable || !comparable.has(type) ? undefined : { index, direction };
  });
  return found.every((entry) => entry !== undefined) ? found : undefined;
};

/** Whether a binding differs from call to call. */
export const isPerCall = ({ source }: Binding): boolean => source.from !== "constant";

/** A list is one text per call, an array literal: unnest would flatten an array of arrays. */
const listOf = (column: string, { type }: Binding): string => `(${column})::${sqlTypes[type]}[]`;

/** Within, a list of a call is made rows once: `= ANY` would read its text again for every row that is looked at, and look through all of it. */
const batchDialect: Dialect = {
  ...postgresDialect,
  inList: (value, list) => (list.startsWith("(q.") ? postgresDialect.inKeys(value, list) : postgresDialect.inList(value, list)),
};

const orderOf = (scope: Scope, shape: Shape): string => {
  if (shape.kind === "rows") return shape.order.length === 0 ? "" : `, ${outerOrder(scope, shape, "s")}`;
  if (shape.kind === "count") return "";
  return shape.groups
    .map(({ name, field }) => `, s.${quote(name)}${scope.dialect.direction("asc", scope.column([field]).nullable)}`)
    .join("");
};

export const compileBatch = (shape: Shape, variant: Variant): BatchStatement => {
  const bindings = new Bindings((index, binding) => {
    if (!isPerCall(binding)) return postgresDialect.placeholder(index, binding.type, binding.list);
    return binding.list ? listOf(`q.c${index}`, binding) : `q.c${index}`;
  });
  const scope = new Scope(batchDialect, shape, bindings);
  const ordered = shape.kind === "rows" && shape.order.length > 0 && (shape.after !== undefined || !demandsOneRow(scope));
  const columnOrder = ordered ? columnOrderOf(shape) : undefined;
  const isSorted = ordered && columnOrder === undefined;
  const inner = shapeSql(scope, shape, isSorted ? { ...variant, orderColumns: true } : variant);
  const columns = inner.columns.filter((column) => !column.field.startsWith("$"));
  const perCall = bindings.all.flatMap((binding, index) => (isPerCall(binding) ? [{ binding, index }] : []));
  const arrays = perCall.map(({ binding, index }) => `$${index + 1}::${binding.list ? "text" : sqlTypes[binding.type]}[]`);
  const names = perCall.map(({ index }) => `c${index}`);
  const select = ["q.n::int4", ...columns.map((c) => `s.${quote(c.field)}`)].join(", ");
  const calls = `unnest(${arrays.join(", ")}) WITH ORDINALITY AS q(${names.join(", ")}, n)`;
  const order = inner.single ? "" : ` ORDER BY q.n${columnOrder === undefined ? orderOf(scope, shape) : ""}`;
  const sql = `SELECT ${select} FROM ${calls} CROSS JOIN LATERAL (${inner.sql}) AS s${order}`;
  return {
    sql,
    columns,
    bindings: bindings.all,
    single: inner.single,
    batch: true,
    ...(columnOrder === undefined ? {} : { order: columnOrder }),
  };
};
