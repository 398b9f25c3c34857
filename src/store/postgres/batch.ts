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
 */
import { Bindings } from "../compile/binding.ts";
import type { Binding } from "../compile/binding.ts";
import { demandsOneRow } from "../compile/condition.ts";
import { quote } from "../compile/dialect.ts";
import { outerOrder } from "../compile/rows.ts";
import { Scope } from "../compile/scope.ts";
import { shapeSql } from "../compile/statement.ts";
import type { Statement, Variant } from "../compile/statement.ts";
import type { Shape } from "../store.ts";
import { postgresDialect, sqlTypes } from "./dialect.ts";

/** A statement for many calls: its first column is the ordinal of the call, from 1. */
export interface BatchStatement extends Statement {
  readonly batch: true;
}

/** Whether a binding differs from call to call. */
export const isPerCall = ({ source }: Binding): boolean => source.from !== "constant";

/** A list is one text per call, an array literal: unnest would flatten an array of arrays. */
const listOf = (column: string, { type }: Binding): string => `(${column})::${sqlTypes[type]}[]`;

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
  const scope = new Scope(postgresDialect, shape, bindings);
  const ordered = shape.kind === "rows" && shape.order.length > 0 && (shape.after !== undefined || !demandsOneRow(scope));
  const inner = shapeSql(scope, shape, ordered ? { ...variant, orderColumns: true } : variant);
  const columns = inner.columns.filter((column) => !column.field.startsWith("$"));
  const perCall = bindings.all.flatMap((binding, index) => (isPerCall(binding) ? [{ binding, index }] : []));
  const arrays = perCall.map(({ binding, index }) => `$${index + 1}::${binding.list ? "text" : sqlTypes[binding.type]}[]`);
  const names = perCall.map(({ index }) => `c${index}`);
  const select = ["q.n::int4", ...columns.map((c) => `s.${quote(c.field)}`)].join(", ");
  const calls = `unnest(${arrays.join(", ")}) WITH ORDINALITY AS q(${names.join(", ")}, n)`;
  const order = inner.single ? "" : ` ORDER BY q.n${orderOf(scope, shape)}`;
  const sql = `SELECT ${select} FROM ${calls} CROSS JOIN LATERAL (${inner.sql}) AS s${order}`;
  return { sql, columns, bindings: bindings.all, single: inner.single, batch: true };
};
