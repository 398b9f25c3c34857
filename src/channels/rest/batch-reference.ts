/**
 * References in a mixed batch: `{a.data.id}` stands for a value of the answer of the earlier call `a`.
 *
 *   "{a.data.balance}"          the whole text: the value with its type
 *   "Refund of {a.data.id}"     within a text: the value as text
 *   "{{a.data.id}}"             the literal text {a.data.id}
 *
 * A reference begins with the id of a call and then `data` or `status`; other braces are text. Values that are put in are never read again, so an
 * answer cannot smuggle in a reference.
 */
const reference = "([A-Za-z0-9_-]{1,64})\\.((?:data|status)(?:\\.[A-Za-z0-9_-]{1,64}){0,16})";
const grammar = new RegExp(`\\{\\{${reference}\\}\\}|\\{${reference}\\}`, "g");
const whole = new RegExp(`^\\{${reference}\\}$`);
const depthMax = 64;

/** What an earlier call answered: `{ status, data }`. */
export interface Answered {
  readonly status: number;
  readonly data: unknown;
}

/** Thrown inside `resolve` only, and caught by the batch: a reference that leads nowhere. */
export class BrokenReference {
  readonly reference: string;

  constructor(reference: string) {
    this.reference = reference;
  }
}

/** Ids of the calls that a value refers to, wherever in it. */
export const referencesOf = (value: unknown, into: Set<string> = new Set(), depth = 0): ReadonlySet<string> => {
  if (depth > depthMax) return into;
  if (typeof value === "string") {
    if (value.includes("{")) for (const match of value.matchAll(grammar)) if (match[3] !== undefined) into.add(match[3]);
  } else if (Array.isArray(value)) for (const item of value) referencesOf(item, into, depth + 1);
  else if (typeof value === "object" && value !== null && !(value instanceof Uint8Array)) {
    for (const item of Object.values(value)) referencesOf(item, into, depth + 1);
  }
  return into;
};

/** Follows `data.0.id` through an answer. Throws `BrokenReference`. */
const follow = (answered: Answered | undefined, call: string, path: string): unknown => {
  let value: unknown = answered;
  for (const step of path.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step))
      throw new BrokenReference(`{${call}.${path}}`);
    value = (value as Record<string, unknown>)[step];
  }
  return value;
};

export type Lookup = (call: string) => Answered | undefined;

const asText = (value: unknown, reference: string): string => {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean" || typeof value === "bigint") return String(value);
  throw new BrokenReference(reference);
};

/** A text with its references replaced; `encode` is applied to each value (in a path: percent-encoding). */
export const resolveText = (text: string, lookup: Lookup, encode: (value: string) => string = (value) => value): string =>
  text.replace(grammar, (found: string, _call: unknown, _path: unknown, call: string | undefined, path: string | undefined) => {
    if (call === undefined || path === undefined) return found.slice(1, -1);
    return encode(asText(follow(lookup(call), call, path), found));
  });

/** A body with its references replaced, typed where a text is nothing but a reference. Throws `BrokenReference`. */
export const resolve = (value: unknown, lookup: Lookup, depth = 0): unknown => {
  if (typeof value === "string") {
    if (!value.includes("{")) return value;
    const match = whole.exec(value);
    return match === null
      ? resolveText(value, lookup)
      : follow(lookup(match[1] as string), match[1] as string, match[2] as string);
  }
  if (depth > depthMax || typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map((item) => resolve(item, lookup, depth + 1));
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, resolve(item, lookup, depth + 1)]));
};
