/**
 * Values of fields that an older version has and the newest has not, or has in another type. They never reach the newest version's checks, so they
 * are checked here, as any value of their kind, and handed on in the form JSON has for them: money as a number up to 2^53−1 and a string of digits
 * beyond, bytes as base64.
 *
 * `write`: the value must be within the field's bounds. `compare` (a filter's): only of its type and form.
 */
import type { Field } from "../../define/field.ts";
import { type Found, type Read, Refused } from "../values/refused.ts";
import { compileRead, compileValue } from "../values/value.ts";

export type { Found };

export interface ReadOptions {
  /** Numbers and booleans may come as strings: XML, CSV, query strings. */
  readonly text: boolean;
  readonly use: "write" | "compare";
}

export type ReadValue = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly found: readonly Found[] };

/** Compiled when first needed. */
const readers = { write: new WeakMap<Field, Read>(), compare: new WeakMap<Field, Read>() };

const compileUse = (field: Field, use: ReadOptions["use"]): Read => {
  if (use === "write") return compileRead(field);
  const compare = compileValue(field);
  return (value, text) => {
    const read = compare(value, text);
    return read.ok ? read.value : new Refused([["", read.issue]]);
  };
};

const readerOf = (field: Field, use: ReadOptions["use"]): Read => {
  const known = readers[use].get(field);
  if (known !== undefined) return known;
  const read = compileUse(field, use);
  readers[use].set(field, read);
  return read;
};

/** A handler's value as JSON carries it, which is what `up` and `down` translate. */
const onTheWire = (value: unknown): unknown => {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
  return value instanceof Uint8Array ? value.toBase64() : value;
};

/** Checks one value of an older field; it is not null. Never throws. */
export const readOlder = (field: Field, value: unknown, options: ReadOptions): ReadValue => {
  const read = readerOf(field, options.use)(value, options.text);
  return read instanceof Refused ? { ok: false, found: read.found } : { ok: true, value: onTheWire(read) };
};
