/**
 * Conditions on rows: the one small language in which row rules, named filters and the filters of a request are written.
 * A condition is data; the store compiles it into the WHERE clause and never concatenates a value into SQL.
 *
 *   lt(balance, 0n)                          → { op: "lt", left: { field: ["balance"] }, right: { value: 0n } }
 *   and(eq(status, "active"), gt(age, from)) → { op: "and", of: [ … ] }
 */

/** A value a column can hold. Money and 64-bit integers are `bigint`; dates and instants are RFC 3339 strings in UTC. */
export type Value = null | string | number | bigint | boolean | Uint8Array | readonly Value[] | { readonly [key: string]: Value };

/** What stands left or right of an operator. A `field` with a longer path goes over to-one relations: `["customer", "country"]`. */
export type Term =
  | { readonly field: readonly string[] }
  | { readonly value: Value }
  | { readonly param: string }
  | { readonly principal: "subject" | "app" | "user" }
  | { readonly now: true };

export type Comparison = "eq" | "ne" | "lt" | "lte" | "gt" | "gte" | "contains" | "startsWith";

export type Condition =
  | { readonly op: Comparison; readonly left: Term; readonly right: Term }
  | { readonly op: "in" | "notIn"; readonly left: Term; readonly right: Term }
  | { readonly op: "null"; readonly left: Term }
  | { readonly op: "notNull"; readonly left: Term }
  | { readonly op: "and"; readonly of: readonly Condition[] }
  | { readonly op: "or"; readonly of: readonly Condition[] }
  | { readonly op: "not"; readonly of: Condition }
  | { readonly op: "exists"; readonly through: string; readonly where: readonly (readonly [string, Term])[] };

declare const valueType: unique symbol;

/** A typed stand-in for a field, a parameter or the caller inside a condition. */
export type Operand<T> = Term & { readonly [valueType]?: T };

type Right<T> = Operand<NoInfer<T>> | NoInfer<Exclude<T, null>>;

const isTerm = (x: unknown): x is Term =>
  typeof x === "object" && x !== null && ("field" in x || "value" in x || "param" in x || "principal" in x || "now" in x);

const term = (x: unknown): Term => (isTerm(x) ? x : { value: x as Value });

const comparison =
  (op: Comparison) =>
  <T>(left: Operand<T>, right: Right<T>): Condition => ({ op, left, right: term(right) });

export const eq = comparison("eq");
export const ne = comparison("ne");
export const lt = comparison("lt");
export const lte = comparison("lte");
export const gt = comparison("gt");
export const gte = comparison("gte");

/** Case-insensitive substring. */
export const contains = (left: Operand<string> | Operand<string | null>, right: Operand<string> | string): Condition => ({
  op: "contains",
  left,
  right: term(right),
});

/** Case-sensitive prefix. */
export const startsWith = (left: Operand<string> | Operand<string | null>, right: Operand<string> | string): Condition => ({
  op: "startsWith",
  left,
  right: term(right),
});

/** The field's value is one of `values`; an empty list matches nothing. */
export const oneOf = <T>(left: Operand<T>, values: readonly NoInfer<Exclude<T, null>>[]): Condition => ({
  op: "in",
  left,
  right: { value: values as readonly Value[] },
});

export const isNull = (left: Operand<unknown>): Condition => ({ op: "null", left });
export const notNull = (left: Operand<unknown>): Condition => ({ op: "notNull", left });
export const and = (...of: readonly Condition[]): Condition => ({ op: "and", of });
export const or = (...of: readonly Condition[]): Condition => ({ op: "or", of });
export const not = (of: Condition): Condition => ({ op: "not", of });

/** The moment the statement runs. */
export const now: Operand<string> = { now: true };

/** A field of the row that a reference points to: `related(customer, "country")`. */
export const related = (reference: Operand<string> | Operand<string | null>, field: string): Operand<string> => {
  if (!("field" in reference)) throw new TypeError("related() takes a reference field of the row");
  return { field: [...reference.field, field] };
};
