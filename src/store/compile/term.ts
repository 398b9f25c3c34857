/** A term of a condition as SQL. Values are bound as the type of the column they are compared with. */
import type { Term, Value } from "../../define/expression.ts";
import type { ColumnType } from "../table.ts";
import type { Source, Transform } from "./binding.ts";
import type { Scope } from "./scope.ts";

/** A bound value, a column, or the present moment. */
export type ResolvedTerm =
  | { readonly kind: "bound"; readonly source: Source; readonly type: ColumnType | undefined; readonly list: boolean }
  | { readonly kind: "column"; readonly sql: string; readonly type: ColumnType }
  | { readonly kind: "now" };

const typeOfValue = (value: Value): ColumnType | undefined => {
  switch (typeof value) {
    case "string":
      return "text";
    case "number":
      return "integer";
    case "bigint":
      return "bigint";
    case "boolean":
      return "boolean";
    default:
      return value instanceof Uint8Array ? "binary" : undefined;
  }
};

/**
 * What a term means in a scope. `principal` and `now` are taken from the parameters `principal.subject`, `principal.app`,
 * `principal.user` and `now` where the shape declares them; `now` is the database's clock otherwise.
 */
export const resolveTerm = (scope: Scope, term: Term): ResolvedTerm => {
  if ("field" in term) {
    const { sql, column } = scope.column(term.field);
    return { kind: "column", sql, type: column.type };
  }
  if ("value" in term) {
    const source: Source = { from: "constant", value: term.value };
    return { kind: "bound", source, type: typeOfValue(term.value), list: Array.isArray(term.value) };
  }
  const name = "param" in term ? term.param : "now" in term ? "now" : `principal.${term.principal}`;
  const param = scope.param(name);
  if (param !== undefined)
    return { kind: "bound", source: { from: "param", index: param.index }, type: param.type, list: param.list };
  if ("now" in term) return { kind: "now" };
  throw new Error(`shape ${scope.shape.key}: no parameter ${name}`);
};

const wholeNumbers: readonly ColumnType[] = ["integer", "bigint"];

/** Whether a value declared as `from` may be bound as `to`: itself, or a type that holds all its values. */
const bindsAs = (from: ColumnType, to: ColumnType): boolean =>
  from === to ||
  (wholeNumbers.includes(from) && (wholeNumbers.includes(to) || to === "decimal")) ||
  (from === "date" && to === "timestamp") ||
  // Literals: dates, instants and decimals are written as text.
  (from === "text" && (to === "date" || to === "timestamp" || to === "decimal"));

/** The type in which two terms are compared; throws when they cannot be. */
export const comparedType = (scope: Scope, left: ResolvedTerm, right: ResolvedTerm): ColumnType => {
  const [a, b] = [left.kind === "now" ? "timestamp" : left.type, right.kind === "now" ? "timestamp" : right.type];
  const fail = (): never => {
    throw new Error(`shape ${scope.shape.key}: cannot compare ${a ?? "a value"} with ${b ?? "a value"}`);
  };
  if (a === "json" || b === "json") return fail();
  if (left.kind === "now" || right.kind === "now") {
    const other = left.kind === "now" ? b : a;
    return other === "date" || other === "timestamp" ? other : fail();
  }
  if (left.kind === "column" && right.kind === "column") {
    const [first, second] = [left.type, right.type];
    return first === second || (wholeNumbers.includes(first) && wholeNumbers.includes(second)) ? first : fail();
  }
  const column = left.kind === "column" ? a : right.kind === "column" ? b : undefined;
  const bound = left.kind === "column" ? b : a;
  if (column === undefined) {
    const type = a ?? b ?? "text";
    return (a === undefined || bindsAs(a, type)) && (b === undefined || bindsAs(b, type)) ? type : fail();
  }
  return bound === undefined || bindsAs(bound, column) ? column : fail();
};

/** The SQL of a term as a value of `type`. */
export const termSql = (scope: Scope, term: ResolvedTerm, type: ColumnType, transform: Transform = "none"): string => {
  switch (term.kind) {
    case "column":
      return term.sql;
    case "now":
      if (type !== "date" && type !== "timestamp") throw new Error(`shape ${scope.shape.key}: now is an instant`);
      return scope.dialect.now(type);
    case "bound":
      return scope.bindings.bind(term.source, type, { transform, list: term.list });
  }
};
