/** The rows of a shape as SQL. */
import { orderEntriesMax } from "../limits.ts";
import type { RowsShape } from "../store.ts";
import { columnOf } from "../table.ts";
import { conditionSql, demandsOneRow, orderColumnSql } from "./condition.ts";
import { quote } from "./dialect.ts";
import { keysetBranches } from "./keyset.ts";
import type { NullPattern } from "./keyset.ts";
import type { Scope } from "./scope.ts";
import type { OutputColumn } from "./statement.ts";

export interface RowsVariant {
  /** Which values of `after` are null; absent for a shape without `after`. */
  readonly after?: NullPattern;
  readonly offset: boolean;
  /** Not smaller than the call's limit and offset together. */
  readonly rowsMax: number;
  /** Adds the values of the order as columns `$o0`, `$o1` …: what a statement around this one sorts by, or a scan goes on from. */
  readonly orderColumns?: true;
}

export interface RowsSql {
  readonly sql: string;
  readonly columns: readonly OutputColumn[];
  readonly single: boolean;
}

/** Name of the hidden column that holds the value of the order's entry `index`. */
export const orderColumn = (index: number): string => `$o${index}`;

/** `"a" ASC, "b" DESC NULLS LAST` over SQL expressions. */
const orderBy = (scope: Scope, shape: RowsShape, sqlOf: (index: number, sql: string) => string): string =>
  shape.order
    .map((entry, index) => {
      const { sql, nullable } = orderColumnSql(scope, entry);
      return sqlOf(index, sql) + scope.dialect.direction(entry.direction, nullable);
    })
    .join(", ");

/** The order of a shape over the hidden order columns of a statement called `alias`. */
export const outerOrder = (scope: Scope, shape: RowsShape, alias: string): string =>
  orderBy(scope, shape, (index) => `${alias}.${quote(orderColumn(index))}`);

const check = (shape: RowsShape): void => {
  if (shape.order.length > orderEntriesMax) throw new Error(`shape ${shape.key}: more than ${orderEntriesMax} order entries`);
  if (shape.select.length === 0) throw new Error(`shape ${shape.key}: selects nothing`);
  if (shape.select.some((field) => field.startsWith("$"))) throw new Error(`shape ${shape.key}: $ is the store's own`);
  if (shape.after === undefined) return;
  const own = new Set(shape.order.filter((o) => o.path.length === 1).map((o) => o.path[0]));
  const missing = shape.table.key.filter((field) => !own.has(field));
  if (missing.length > 0)
    throw new Error(`shape ${shape.key}: a keyset's order must contain the key, ${missing.join(", ")} is missing`);
};

/** Compiles the rows of a shape for one variant. */
export const rowsSql = (scope: Scope, shape: RowsShape, variant: RowsVariant): RowsSql => {
  check(shape);
  const columns = shape.select.map((field) => columnOf(shape.table, field));
  const output: OutputColumn[] = columns.map((c) => ({ field: c.field, type: c.type, nullable: c.nullable }));
  const selected = columns.map((c) => `t.${quote(c.name)} AS ${quote(c.field)}`);
  const where = [`t."realm" = ${scope.bindings.bind({ from: "realm" }, "integer")}`];
  if (shape.where !== undefined) where.push(conditionSql(scope, shape.where));
  if (shape.after === undefined && variant.orderColumns === undefined && demandsOneRow(scope)) {
    return { sql: `SELECT ${selected.join(", ")} ${scope.from()} WHERE ${where.join(" AND ")}`, columns: output, single: true };
  }

  const branches = shape.after === undefined ? [] : keysetBranches(scope, shape.order, variant.after ?? "");
  // No branch: nothing comes after a null that is last.
  const stretches = shape.after !== undefined && branches.length === 0 ? ["FALSE"] : branches;
  const ordered = shape.order.length === 0 ? "" : ` ORDER BY ${orderBy(scope, shape, (_, sql) => sql)}`;
  const needsOrder = variant.orderColumns !== undefined || stretches.length > 1;
  const hidden = needsOrder
    ? shape.order.map((entry, i) => `${orderColumnSql(scope, entry).sql} AS ${quote(orderColumn(i))}`)
    : [];
  const list = [...selected, ...hidden].join(", ");
  if (variant.orderColumns !== undefined) {
    shape.order.forEach((entry, i) => {
      const { column, nullable } = orderColumnSql(scope, entry);
      output.push({ field: orderColumn(i), type: column.type, nullable });
    });
  }
  const from = scope.from();
  const slice = (sql: string, offset = variant.offset) =>
    scope.dialect.slice(sql, scope.bindings, { offset, rowsMax: variant.rowsMax });
  const select = (stretch: string | undefined) =>
    `SELECT ${list} ${from} WHERE ${[...where, ...(stretch === undefined ? [] : [stretch])].join(" AND ")}${ordered}`;

  if (stretches.length <= 1) return { sql: slice(select(stretches[0])), columns: output, single: false };
  // Each branch gives its first rows in order by its own range of an index; the few rows of all of them are sorted again.
  const names = output.map((c) => c.field);
  const union = stretches.map((stretch) => `SELECT * FROM (${slice(select(stretch), false)}) AS b`).join(" UNION ALL ");
  const sql = `SELECT ${names.map((n) => `u.${quote(n)}`).join(", ")} FROM (${union}) AS u ORDER BY ${outerOrder(scope, shape, "u")}`;
  return { sql: slice(sql), columns: output, single: false };
};
