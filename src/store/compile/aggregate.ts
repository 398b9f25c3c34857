/** Counts and aggregates as SQL. */
import type { AggregateShape, CountShape, GroupBy, Measure } from "../store.ts";
import { columnOf } from "../table.ts";
import type { ColumnType } from "../table.ts";
import { conditionSql } from "./condition.ts";
import { quote } from "./dialect.ts";
import type { RowsSql } from "./rows.ts";
import type { Scope } from "./scope.ts";
import type { OutputColumn } from "./statement.ts";

const whereSql = (scope: Scope): string => {
  const where = [`t."realm" = ${scope.bindings.bind({ from: "realm" }, "integer")}`];
  if (scope.shape.where !== undefined) where.push(conditionSql(scope, scope.shape.where));
  return where.join(" AND ");
};

/** The number of rows of a shape: `{ count }`. */
export const countSql = (scope: Scope, _shape: CountShape): RowsSql => {
  const where = whereSql(scope);
  return {
    sql: `SELECT count(*) AS "count" ${scope.from()} WHERE ${where}`,
    columns: [{ field: "count", type: "integer", nullable: false }],
    single: true,
  };
};

const numeric: readonly ColumnType[] = ["integer", "bigint", "decimal"];
const ordered: readonly ColumnType[] = [...numeric, "text", "date", "timestamp"];

interface Expression {
  readonly sql: string;
  readonly type: ColumnType;
  readonly nullable: boolean;
}

const measureSql = (scope: Scope, shape: AggregateShape, name: string, measure: Measure): Expression => {
  if (measure.kind === "count") return { sql: "count(*)", type: "integer", nullable: false };
  const { sql, column } = scope.column([measure.field]);
  const need = (types: readonly ColumnType[]): void => {
    if (!types.includes(column.type))
      throw new Error(`shape ${shape.key}: ${name} cannot take the ${measure.kind} of ${column.type}`);
  };
  switch (measure.kind) {
    case "countDistinct":
      need([...ordered, "boolean"]);
      return { sql: `count(DISTINCT ${sql})`, type: "integer", nullable: false };
    case "min":
    case "max":
      need(ordered);
      return { sql: `${measure.kind}(${sql})`, type: column.type, nullable: true };
    case "sum":
      need(numeric);
      return { sql: scope.dialect.sum(sql, column.type), type: column.type === "decimal" ? "decimal" : "bigint", nullable: true };
    case "avg":
      need(numeric);
      return { sql: scope.dialect.average(sql, column.type), type: "decimal", nullable: true };
  }
};

const groupSql = (scope: Scope, shape: AggregateShape, group: GroupBy): Expression => {
  const { sql, nullable } = scope.column([group.field]);
  const { type } = columnOf(shape.table, group.field);
  if (group.part === undefined) {
    if (type === "json" || type === "binary") throw new Error(`shape ${shape.key}: cannot group by ${type}`);
    return { sql, type, nullable };
  }
  if (type !== "timestamp" && (type !== "date" || group.part === "hour")) {
    throw new Error(`shape ${shape.key}: ${group.field} has no ${group.part}`);
  }
  return { sql: scope.dialect.part(sql, type, group.part), type: "text", nullable };
};

/** Groups and measures of a shape, ordered by the groups. */
export const aggregateSql = (scope: Scope, shape: AggregateShape, variant: { readonly rowsMax: number }): RowsSql => {
  const where = whereSql(scope);
  const groups = shape.groups.map((group) => ({ field: group.name, ...groupSql(scope, shape, group) }));
  const measures = Object.entries(shape.measures).map(([name, measure]) => ({
    field: name,
    ...measureSql(scope, shape, name, measure),
  }));
  const all = [...groups, ...measures];
  if (all.length === 0) throw new Error(`shape ${shape.key}: measures nothing`);
  const columns: readonly OutputColumn[] = all.map(({ field, type, nullable }) => ({ field, type, nullable }));
  const select = `SELECT ${all.map(({ field, sql }) => `${sql} AS ${quote(field)}`).join(", ")} ${scope.from()} WHERE ${where}`;
  if (groups.length === 0) return { sql: select, columns, single: true };
  const by = groups.map((g) => g.sql).join(", ");
  const order = groups.map((g) => g.sql + scope.dialect.direction("asc", g.nullable)).join(", ");
  const sql = scope.dialect.slice(`${select} GROUP BY ${by} ORDER BY ${order}`, scope.bindings, {
    offset: false,
    rowsMax: variant.rowsMax,
  });
  return { sql, columns, single: false };
};
