/**
 * Conditions as SQL, with one meaning on both engines.
 *
 * A condition is true or false, never unknown: a comparison with null is false, `ne` and `notIn` are the exact opposites of `eq` and `in`
 * (so `ne(status, 3)` includes rows without a status), and `not` is the opposite of whatever it stands before. Null equals nothing, not
 * even null; `null` and `notNull` ask for it. An empty `in` matches nothing, an empty `and` everything, an empty `or` nothing.
 */
import type { Comparison, Condition, Term } from "../../define/expression.ts";
import { conditionDepthMax } from "../limits.ts";
import { columnOf } from "../table.ts";
import { quote } from "./dialect.ts";
import type { Order, Shape } from "../store.ts";
import type { ColumnSql, Scope } from "./scope.ts";
import { comparedType, resolveTerm, termSql } from "./term.ts";

const operators = { eq: "=", lt: "<", lte: "<=", gt: ">", gte: ">=" } as const;

const contains = (scope: Scope, left: Term, right: Term): string => {
  const [text, part] = textTerms(scope, left, right);
  const folded = part.kind === "bound" ? termSql(scope, part, "text", "fold") : scope.dialect.fold(termSql(scope, part, "text"));
  return scope.dialect.containsText(scope.dialect.fold(termSql(scope, text, "text")), folded);
};

const startsWith = (scope: Scope, left: Term, right: Term): string => {
  const [text, prefix] = textTerms(scope, left, right);
  const sql = termSql(scope, text, "text");
  if (prefix.kind !== "bound") return scope.dialect.startsWithText(sql, termSql(scope, prefix, "text"));
  return `(${sql} >= ${termSql(scope, prefix, "text")} AND ${sql} < ${termSql(scope, prefix, "text", "prefixEnd")})`;
};

const textTerms = (scope: Scope, left: Term, right: Term) => {
  const terms = [resolveTerm(scope, left), resolveTerm(scope, right)] as const;
  if (comparedType(scope, ...terms) !== "text") throw new Error(`shape ${scope.shape.key}: only text has parts`);
  return terms;
};

const comparison = (scope: Scope, op: Comparison, left: Term, right: Term): string => {
  if (op === "contains") return contains(scope, left, right);
  if (op === "startsWith") return startsWith(scope, left, right);
  const [a, b] = [resolveTerm(scope, left), resolveTerm(scope, right)];
  const type = comparedType(scope, a, b);
  const [x, y] = [termSql(scope, a, type), termSql(scope, b, type)];
  return op === "ne" ? `(${x} = ${y}) IS NOT TRUE` : `${x} ${operators[op]} ${y}`;
};

/** Whether a membership is that of the key in a list of the call's, of rows in no order. */
const isKeyList = (shape: Shape, left: Term, right: Term): right is { readonly param: string } => {
  if (shape.kind !== "rows" || shape.order.length > 0 || shape.table.key.length !== 1) return false;
  return "field" in left && left.field.length === 1 && left.field[0] === shape.table.key[0] && "param" in right;
};

/** The parameter that the keys of all rows are in, where rows are asked for by theirs, in no order: each value of the list finds one row at most. */
export const keyListOf = (shape: Shape): string | undefined => {
  const find = (condition: Condition | undefined): string | undefined => {
    if (condition?.op === "and") return condition.of.map(find).find((name) => name !== undefined);
    if (condition?.op !== "in" || !isKeyList(shape, condition.left, condition.right)) return undefined;
    return condition.right.param;
  };
  return find(shape.where);
};

const membership = (scope: Scope, left: Term, right: Term): string => {
  const [value, list] = [resolveTerm(scope, left), resolveTerm(scope, right)];
  if (list.kind !== "bound" || !list.list) throw new Error(`shape ${scope.shape.key}: "in" takes a list`);
  const type = comparedType(scope, value, list);
  if (type === "binary") throw new Error(`shape ${scope.shape.key}: no lists of binary values`);
  const [x, y] = [termSql(scope, value, type), termSql(scope, list, type)];
  return isKeyList(scope.shape, left, right) ? scope.dialect.inKeys(x, y) : scope.dialect.inList(x, y);
};

const exists = (scope: Scope, through: string, where: readonly (readonly [string, Term])[]): string => {
  const { alias, table } = scope.link(through);
  const matches = where.map(([field, term]) => {
    const column = columnOf(table, field);
    const resolved = resolveTerm(scope, term);
    const sql = `${alias}.${quote(column.name)}`;
    const type = comparedType(scope, { kind: "column", sql, type: column.type }, resolved);
    return `${sql} = ${termSql(scope, resolved, type)}`;
  });
  const conditions = [`${alias}."realm" = t."realm"`, ...matches].join(" AND ");
  return `EXISTS (SELECT 1 FROM ${quote(table.name)} AS ${alias} WHERE ${conditions})`;
};

/**
 * A condition as SQL that is true, false or unknown (unknown counts as false), in parentheses: it stands beside the realm, and an OR without
 * them would reach other tenants. Throws for what the shape does not know.
 */
export const conditionSql = (scope: Scope, condition: Condition): string => `(${expressionSql(scope, condition, 0)})`;

const expressionSql = (scope: Scope, condition: Condition, depth: number): string => {
  if (depth > conditionDepthMax) throw new Error(`shape ${scope.shape.key}: a condition nests deeper than ${conditionDepthMax}`);
  const inner = (c: Condition) => `(${expressionSql(scope, c, depth + 1)})`;
  switch (condition.op) {
    case "and":
      return condition.of.map(inner).join(" AND ") || "TRUE";
    case "or":
      return condition.of.map(inner).join(" OR ") || "FALSE";
    case "not":
      return `${inner(condition.of)} IS NOT TRUE`;
    case "null":
    case "notNull": {
      const term = resolveTerm(scope, condition.left);
      const sql =
        term.kind === "column" ? term.sql : termSql(scope, term, (term.kind === "bound" ? term.type : "timestamp") ?? "text");
      return `${sql} IS ${condition.op === "null" ? "" : "NOT "}NULL`;
    }
    case "in":
      return membership(scope, condition.left, condition.right);
    case "notIn":
      return `(${membership(scope, condition.left, condition.right)}) IS NOT TRUE`;
    case "exists":
      return exists(scope, condition.through, condition.where);
    default:
      return comparison(scope, condition.op, condition.left, condition.right);
  }
};

/** What an entry of an order sorts by: the column, or null where its condition does not hold. */
export const orderColumnSql = (scope: Scope, { path, when }: Order): ColumnSql => {
  const column = scope.column(path);
  if (when === undefined) return column;
  return { ...column, sql: `CASE WHEN ${conditionSql(scope, when)} THEN ${column.sql} END`, nullable: true };
};

/**
 * Whether a condition allows one row at most: it demands one value for each field of the primary key or of a unique index. Such a shape
 * needs neither order nor limit, and the planner joins it instead of running it once per call.
 */
export const demandsOneRow = (scope: Scope): boolean => {
  const { table, where } = scope.shape;
  const fixed = new Set<string>();
  const collect = (c: Condition | undefined): void => {
    if (c?.op === "and") c.of.forEach(collect);
    if (c?.op !== "eq") return;
    for (const [field, other] of [[c.left, c.right] as const, [c.right, c.left] as const]) {
      const name = "field" in field && field.field.length === 1 ? field.field[0] : undefined;
      if (name !== undefined && !("field" in other)) fixed.add(name);
    }
  };
  collect(where);
  const uniques = [table.key, ...table.indexes.filter((i) => i.unique).map((i) => i.fields)];
  return uniques.some((fields) => fields.length > 0 && fields.every((field) => fixed.has(field)));
};
