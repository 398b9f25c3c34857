/** Random plain values and bytes for the property tests of this folder; imported by tests only. */
import * as fc from "fast-check";
import type { PlainValue } from "./plain.ts";

/** Well-formed text, rich in what formats trip over: signs, quotes, words that look like values, control characters. */
export const textArbitrary: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 12 }),
  fc.string({ unit: "binary", maxLength: 8 }).map((text) => text.toWellFormed()),
  fc.constantFrom(
    ..."|null|true|no|Yes|~|1|-1|1.0|1e3|0x1F|017|1_000|.inf|12:30|2001-01-01|<<|=|- a|a: b|# c|*a|&a|!a|%a|@a|`|'|\"|''|{}|[]|[1]|a,b|a\nb|a\r\nb| a|a |\t|\u0000|\u0085|\u2028|\ufeff|]]>|<!--|&amp;|item|entry|constructor|toString|=1+1|+1|-12.50|'=1|''=1|a.b|a\\b|.".split(
      "|",
    ),
  ),
);

/** Keys: any text but the forbidden one. */
export const keyArbitrary: fc.Arbitrary<string> = fc
  .oneof(fc.stringMatching(/^[a-z]{1,6}$/), textArbitrary)
  .filter((key) => key !== "__proto__");

const leafArbitrary: fc.Arbitrary<PlainValue> = fc.oneof(
  textArbitrary,
  fc.boolean(),
  fc.constant(null),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);

/** Values of JSON, without binary and bigints. */
export const jsonArbitrary: fc.Arbitrary<PlainValue> = fc.letrec<{ value: PlainValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    leafArbitrary,
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(keyArbitrary, tie("value"), { maxKeys: 4, noNullPrototype: true }),
  ),
})).value;

/** Every leaf as the string a format without types gives back. */
export function stringified(value: PlainValue): PlainValue {
  if (typeof value === "number" || typeof value === "boolean" || typeof value === "bigint")
    return Object.is(value, -0) ? "-0" : String(value);
  if (Array.isArray(value)) return value.map(stringified);
  if (typeof value === "object" && value !== null && !(value instanceof Uint8Array)) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, stringified(item)]));
  }
  return value;
}

/** UTF-8 of a text. */
export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** No double in it is an integer beyond 2^53 - 1, which text formats read back as a bigint or refuse. */
export function hasSafeNumbers(value: PlainValue): boolean {
  if (typeof value === "number") return !Number.isInteger(value) || Number.isSafeInteger(value);
  return typeof value !== "object" || value === null || Object.values(value).every(hasSafeNumbers);
}
