/**
 * The store's semantics once more, in plain TypeScript over arrays: what both engines are compared with. Written from the contract in
 * compile/condition.ts and store.ts, not from the SQL.
 */
import { textOf } from "./rows.ts";
import type { Condition, Term, Value } from "../../src/define/expression.ts";
import type { Order, Row } from "../../src/store/store.ts";
import { columnOf } from "../../src/store/table.ts";
import type { ColumnType, Table } from "../../src/store/table.ts";

/** A table with its rows and what its reference fields point to. */
export interface ModelTable {
  readonly table: Table;
  readonly rows: readonly Row[];
  readonly references: Readonly<Record<string, ModelTable>>;
}

export interface ModelScope {
  readonly table: ModelTable;
  readonly params: Readonly<Record<string, Value>>;
  readonly links: Readonly<Record<string, ModelTable>>;
}

const codePoints = (text: string): number[] => Array.from(text, (c) => c.codePointAt(0) ?? 0);

const compareText = (a: string, b: string): number => {
  const [x, y] = [codePoints(a), codePoints(b)];
  for (let i = 0; i < Math.min(x.length, y.length); i += 1) {
    const difference = (x[i] ?? 0) - (y[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return x.length - y.length;
};

/** A decimal as units of 10^-30. */
const units = (text: string): bigint => {
  const [whole = "", fraction = ""] = text.replace("-", "").split(".");
  const absolute = BigInt(whole + fraction.padEnd(30, "0"));
  return text.startsWith("-") ? -absolute : absolute;
};

const compareBigint = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);

/** Parameters of decimal fields may be whole numbers. */
const written = (value: Value): string => (typeof value === "number" ? value.toFixed() : textOf(value));

const compareBytes = (a: Uint8Array, b: Uint8Array): number => Buffer.compare(a, b);

/** Two values of a column type, neither null. */
export const compareValues = (type: ColumnType, a: Value, b: Value): number => {
  switch (type) {
    case "integer":
    case "bigint":
      return compareBigint(BigInt(a as number | bigint), BigInt(b as number | bigint));
    case "decimal":
      return compareBigint(units(written(a)), units(written(b)));
    case "boolean":
      return Number(a) - Number(b);
    case "binary":
      return compareBytes(a as Uint8Array, b as Uint8Array);
    default:
      return compareText(textOf(a), textOf(b));
  }
};

const fieldOf = (
  table: ModelTable,
  row: Row | undefined,
  path: readonly string[],
): { readonly value: Value; readonly type: ColumnType } => {
  const [field = "", ...rest] = path;
  const value = row?.[field] ?? null;
  if (rest.length === 0) return { value, type: columnOf(table.table, field).type };
  const target = table.references[field];
  if (target === undefined) throw new Error(`no reference ${field}`);
  return fieldOf(target, value === null ? undefined : target.rows.find((r) => r["id"] === value), rest);
};

const valueOf = (scope: ModelScope, row: Row, term: Term): { readonly value: Value; readonly type: ColumnType | undefined } => {
  if ("field" in term) return fieldOf(scope.table, row, term.field);
  if ("value" in term) return { value: term.value, type: undefined };
  const name = "param" in term ? term.param : "now" in term ? "now" : `principal.${term.principal}`;
  return { value: scope.params[name] ?? null, type: undefined };
};

const fold = (text: string): string => text.replaceAll("İ", "i").toLowerCase().replaceAll("ς", "σ");

/** Instants may be given in any form; all rows of the suite have one. */
const compareInstants = (op: Condition["op"], left: Value, right: string): boolean => {
  const difference = Date.parse(left === null ? "" : textOf(left)) - Date.parse(right);
  return {
    eq: difference === 0,
    ne: difference !== 0,
    lt: difference < 0,
    lte: difference <= 0,
    gt: difference > 0,
    gte: difference >= 0,
  }[op as "eq"];
};

export const matches = (scope: ModelScope, row: Row, condition: Condition): boolean => {
  switch (condition.op) {
    case "and":
      return condition.of.every((c) => matches(scope, row, c));
    case "or":
      return condition.of.some((c) => matches(scope, row, c));
    case "not":
      return !matches(scope, row, condition.of);
    case "null":
      return valueOf(scope, row, condition.left).value === null;
    case "notNull":
      return valueOf(scope, row, condition.left).value !== null;
    case "exists":
      return (scope.links[condition.through]?.rows ?? []).some((linked) =>
        condition.where.every(([field, term]) => {
          const { value } = valueOf(scope, row, term);
          return value !== null && linked[field] === value;
        }),
      );
    case "in":
    case "notIn": {
      const { value, type = "text" } = valueOf(scope, row, condition.left);
      const list = valueOf(scope, row, condition.right).value as readonly Value[];
      const found = value !== null && list.some((item) => item !== null && compareValues(type, value, item) === 0);
      return condition.op === "in" ? found : !found;
    }
    default: {
      const [left, right] = [valueOf(scope, row, condition.left), valueOf(scope, row, condition.right)];
      const type = left.type ?? right.type ?? "text";
      if (type === "timestamp" && typeof right.value === "string") return compareInstants(condition.op, left.value, right.value);
      const both = left.value !== null && right.value !== null;
      if (condition.op === "contains") return both && fold(textOf(left.value)).includes(fold(textOf(right.value)));
      if (condition.op === "startsWith") return both && textOf(left.value).startsWith(textOf(right.value));
      const order = both ? compareValues(type, left.value, right.value) : Number.NaN;
      switch (condition.op) {
        case "eq":
          return order === 0;
        case "ne":
          return order !== 0;
        case "lt":
          return order < 0;
        case "lte":
          return order <= 0;
        case "gt":
          return order > 0;
        case "gte":
          return order >= 0;
      }
    }
  }
};

export const compareRows = (table: ModelTable, order: readonly Order[], a: Row, b: Row): number => {
  for (const { path, direction } of order) {
    const [x, y] = [fieldOf(table, a, path), fieldOf(table, b, path)];
    const nulls = Number(x.value !== null) - Number(y.value !== null);
    const difference = x.value !== null && y.value !== null ? compareValues(x.type, x.value, y.value) : nulls;
    if (difference !== 0) return direction === "asc" ? difference : -difference;
  }
  return 0;
};

/** All rows that match, in order. */
export const select = (scope: ModelScope, where: Condition | undefined, order: readonly Order[]): Row[] =>
  scope.table.rows
    .filter((row) => where === undefined || matches(scope, row, where))
    .toSorted((a, b) => compareRows(scope.table, order, a, b));

/** The values of the order in a row: what a call gives as `after`. */
export const orderValues = (table: ModelTable, order: readonly Order[], row: Row): Value[] =>
  order.map(({ path }) => fieldOf(table, row, path).value);
