/**
 * One parameter of a query string as a condition. The operator may stand on either side of the first "=" or alone:
 *
 *   price>=500   price>500   price<1000   status!=3   name~=John   name^=Jo   price[gte]=500   status[]=1   closedAt[null]=true
 *
 * A browser or a URL library may have percent-encoded the operator with its neighbours (`price%3E%3D500`): the text is decoded first.
 */
import type { RawFilter } from "../../pipeline/call.ts";

export interface Condition {
  readonly path: string;
  readonly op: RawFilter["op"];
  readonly value: string;
  /** How it was written, for a refusal: `price>=`, `price[gte]`, `status`. */
  readonly as: string;
}

/** An operator in brackets that does not exist. */
export interface UnknownOperator {
  readonly unknownOperator: string;
  readonly as: string;
}

/** Operators in brackets: `price[gte]`. An empty pair is equality with a set: `status[]=1&status[]=2`. */
export const bracketOperators: ReadonlyMap<string, RawFilter["op"]> = new Map([
  ["", "eq"],
  ["eq", "eq"],
  ["ne", "ne"],
  ["lt", "lt"],
  ["lte", "lte"],
  ["gt", "gt"],
  ["gte", "gte"],
  ["contains", "contains"],
  ["startsWith", "startsWith"],
  ["null", "null"],
]);

/** Operators by the character before "=". */
const beforeEquals: ReadonlyMap<string, RawFilter["op"]> = new Map([
  ["!", "ne"],
  ["~", "contains"],
  ["^", "startsWith"],
  [">", "gte"],
  ["<", "lte"],
]);

const bare = /^([^<>!~^=]+)(>=|<=|!=|~=|\^=|=|>|<)(.*)$/s;

/** The name of a filter: a path, or a path with an operator in brackets. */
export const readName = (name: string): { readonly path: string; readonly op: RawFilter["op"] } | UnknownOperator => {
  if (!name.endsWith("]")) return { path: name, op: "eq" };
  const open = name.indexOf("[");
  if (open === -1) return { path: name, op: "eq" };
  const op = bracketOperators.get(name.slice(open + 1, -1));
  return op === undefined ? { unknownOperator: name.slice(open + 1, -1), as: name } : { path: name.slice(0, open), op };
};

const withBrackets = (name: string, value: string): Condition | UnknownOperator => {
  const read = readName(name);
  return "unknownOperator" in read ? read : { ...read, value, as: name.endsWith("[]") ? read.path : name };
};

/** A decoded parameter; `value` is undefined when it had no "=" of its own. */
export const readCondition = (name: string, value: string | undefined): Condition | UnknownOperator => {
  if (value === undefined) {
    const match = bare.exec(name);
    if (match === null) return withBrackets(name, "");
    const [, path = "", operator = "", rest = ""] = match;
    if (operator === "=") return withBrackets(path, rest);
    if (operator === ">" || operator === "<") {
      return { path, op: operator === ">" ? "gt" : "lt", value: rest, as: `${path}${operator}` };
    }
    return { path, op: beforeEquals.get(operator[0] as string) as RawFilter["op"], value: rest, as: `${path}${operator}` };
  }
  const last = name.at(-1) ?? "";
  const op = beforeEquals.get(last);
  if (op !== undefined) return { path: name.slice(0, -1), op, value, as: `${name}=` };
  // `name>a=b`: the "=" belongs to the value.
  const at = name.search(/[<>]/);
  if (at > 0) {
    return {
      path: name.slice(0, at),
      op: name[at] === ">" ? "gt" : "lt",
      value: `${name.slice(at + 1)}=${value}`,
      as: name.slice(0, at + 1),
    };
  }
  return withBrackets(name, value);
};
