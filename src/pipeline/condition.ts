/** Conditions at run time: bound to the caller, moved behind a relation, or decided on a row in memory. */
import type { Condition, Term, Value } from "../define/expression.ts";
import type { Fields } from "../define/field.ts";
import type { Principal } from "../define/function.ts";
import type { MaybePromise, Row } from "../store/store.ts";

/** Parameters a condition asks for by itself: the caller and the moment. */
export const callerParams = ["$subject", "$app", "$user", "$now"] as const;
export type CallerParam = (typeof callerParams)[number];

const mapTerms = (condition: Condition, map: (term: Term) => Term): Condition => {
  switch (condition.op) {
    case "and":
    case "or":
      return { op: condition.op, of: condition.of.map((part) => mapTerms(part, map)) };
    case "not":
      return { op: "not", of: mapTerms(condition.of, map) };
    case "null":
    case "notNull":
      return { op: condition.op, left: map(condition.left) };
    case "exists":
      return { ...condition, where: condition.where.map(([field, term]) => [field, map(term)] as const) };
    default:
      return { ...condition, left: map(condition.left), right: map(condition.right) };
  }
};

/** Replaces the caller and the moment by parameters; `used` collects which. */
export const bindCaller = (condition: Condition, used: Set<CallerParam>): Condition =>
  mapTerms(condition, (term) => {
    if ("principal" in term) {
      const name = `$${term.principal}` as const;
      used.add(name);
      return { param: name };
    }
    if ("now" in term) {
      used.add("$now");
      return { param: "$now" };
    }
    return term;
  });

/** Renames a condition's own parameters, so that several may stand in one statement. */
export const renameParams = (condition: Condition, rename: (name: string) => string): Condition =>
  mapTerms(condition, (term) => ("param" in term && !term.param.startsWith("$") ? { param: rename(term.param) } : term));

/** The same condition asked of the row behind a to-one relation. */
export const behind = (condition: Condition, path: readonly string[]): Condition =>
  mapTerms(condition, (term) => ("field" in term ? { field: [...path, ...term.field] } : term));

/** The value of a caller parameter. A caller without a subject matches nothing. */
export const callerValue = (name: CallerParam, principal: Principal, now: string): Value => {
  switch (name) {
    case "$subject":
      return principal.subject;
    case "$app":
      return principal.app;
    case "$user":
      return principal.user;
    case "$now":
      return now;
  }
};

/**
 * Whether a condition can be decided in memory: it reads only the row's own fields, and none whose text does not tell its order or equality
 * (decimals: "10" is more than "9", "1.50" is "1.5").
 */
export const isLocal = (condition: Condition, fields: Fields): boolean => {
  if (condition.op === "exists") return false;
  if (condition.op === "and" || condition.op === "or") return condition.of.every((part) => isLocal(part, fields));
  if (condition.op === "not") return isLocal(condition.of, fields);
  const terms = "right" in condition ? [condition.left, condition.right] : [condition.left];
  return terms.every(
    (term) => !("field" in term) || (term.field.length === 1 && fields[term.field[0] ?? ""]?.kind !== "decimal"),
  );
};

/** By code points, as the databases do; JavaScript itself goes by UTF-16 units. */
const compareText = (a: string, b: string): number => {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  let at = 0;
  while (at < length && a.charCodeAt(at) === b.charCodeAt(at)) at++;
  if (at === length) return a.length - b.length;
  const [x, y] = [a.charCodeAt(at), b.charCodeAt(at)];
  // A surrogate stands for a code point beyond all single units.
  const isHigh = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdfff;
  return isHigh(x) === isHigh(y) ? x - y : isHigh(x) ? 1 : -1;
};

/** Text without letter case, as the stores have it: a dotted capital I is an i, a final sigma a sigma. */
const fold = (text: string): string => text.replaceAll("İ", "i").toLowerCase().replaceAll("ς", "σ");

const compare = (a: Value, b: Value): number => {
  if (typeof a === "string" && typeof b === "string") return compareText(a, b);
  const left = a as number | bigint;
  const right = b as number | bigint;
  return left < right ? -1 : left > right ? 1 : 0;
};

/** Decides a local condition on a row. Null differs from every value and is in no order. */
export const holds = (condition: Condition, row: Row, principal: Principal, now: string): boolean => {
  const valueOf = (term: Term): Value => {
    if ("field" in term) {
      if (term.field.length !== 1) throw new Error(`${term.field.join(".")} cannot be decided on one row`);
      return row[term.field[0] ?? ""] ?? null;
    }
    if ("value" in term) return term.value;
    if ("principal" in term) return callerValue(`$${term.principal}`, principal, now);
    if ("now" in term) return now;
    throw new Error(`parameter ${term.param} has no value here`);
  };
  switch (condition.op) {
    case "and":
      return condition.of.every((part) => holds(part, row, principal, now));
    case "or":
      return condition.of.some((part) => holds(part, row, principal, now));
    case "not":
      return !holds(condition.of, row, principal, now);
    case "null":
      return valueOf(condition.left) === null;
    case "notNull":
      return valueOf(condition.left) !== null;
    case "exists":
      throw new Error("a condition over a link cannot be decided on one row");
    case "in":
      return (valueOf(condition.right) as readonly Value[]).includes(valueOf(condition.left));
    case "notIn":
      return !(valueOf(condition.right) as readonly Value[]).includes(valueOf(condition.left));
    case "contains":
    case "startsWith": {
      const left = valueOf(condition.left);
      const right = valueOf(condition.right);
      if (typeof left !== "string" || typeof right !== "string") return false;
      return condition.op === "startsWith" ? left.startsWith(right) : fold(left).includes(fold(right));
    }
    default: {
      const left = valueOf(condition.left);
      const right = valueOf(condition.right);
      if (condition.op === "ne") return left !== right;
      if (left === null || right === null) return false;
      if (condition.op === "eq") return left === right || compare(left, right) === 0;
      const order = compare(left, right);
      if (condition.op === "lt") return order < 0;
      if (condition.op === "lte") return order <= 0;
      if (condition.op === "gt") return order > 0;
      return order >= 0;
    }
  }
};

/** Goes on with a value that may still be awaited, without awaiting one that is there. */
export const andThen = <A, B>(value: MaybePromise<A>, next: (value: A) => MaybePromise<B>): MaybePromise<B> =>
  value instanceof Promise ? value.then(next) : next(value);
