/**
 * JSON (RFC 8259), strict: what two parsers could read differently is refused.
 *
 * Refused beyond the grammar: invalid UTF-8, a byte order mark, lone surrogates (raw or escaped), duplicate keys,
 * the key `__proto__`, numbers beyond a double (1e400), depth and size over the limits, an empty body.
 * Exact: an integer literal beyond 2^53 - 1 becomes a bigint. `\u0000` is data (U+0000); whether a field may hold
 * it is for the schema.
 *
 * How: one pass over the bytes counts colons outside strings, tracks depth, and looks for the three things the
 * native parser does not do right (long integers, exponents, surrogate escapes). If none is there, JSON.parse
 * does the work and the keys of its result are counted against the colons: fewer keys, so one came twice.
 * Everything else, and every error, goes to the exact parser in json-exact.ts.
 */
import { FormatError } from "../../http/format-error.ts";
import { parseJsonExact } from "./json-exact.ts";
import { decodeUtf8, defaultLimits, forbiddenKey, toBase64, tooDeep, tooLarge, tooMany } from "./plain.ts";
import type { FormatLimits, Parsed, PlainValue } from "./plain.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
/** Integers of up to 15 digits are below 2^53. */
const SAFE_DIGITS = 15;

/** Result of {@link scan}: the colons outside strings, or one of these. */
const TOO_DEEP = -1;
const NEEDS_EXACT = -2;
const TOO_MANY = -3;

/**
 * Parses one JSON text.
 *
 *     parseJson(utf8('{"a":[1,9007199254740993]}'))  →  { a: [1, 9007199254740993n] }
 *     parseJson(utf8('{"a":1,"a":2}'))               →  FormatError 400 duplicate_key at line 1 column 8
 *
 * Errors: 400 invalid_json, invalid_encoding, too_deep, duplicate_key, forbidden_key, number_out_of_range; 413 too_large.
 */
export function parseJson(bytes: Uint8Array, limits: FormatLimits = defaultLimits): Parsed {
  if (bytes.length > limits.bytesMax) return tooLarge(limits);
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) {
    return new FormatError(400, "invalid_encoding", "The body starts with a byte order mark.", { offset: 0 });
  }
  const colons = scan(bytes, limits);
  if (colons === TOO_DEEP) return tooDeep(limits);
  if (colons === TOO_MANY) return tooMany(limits);
  const text = decodeUtf8(bytes);
  if (text instanceof FormatError) return text;
  if (colons === NEEDS_EXACT) return parseJsonExact(text, limits);
  let value: PlainValue;
  try {
    value = JSON.parse(text) as PlainValue;
  } catch {
    return refusalOf(text, limits);
  }
  if (colons > 0) {
    const keys = countKeys(value);
    if (Number.isNaN(keys)) return forbiddenKey();
    if (keys !== colons) return refusalOf(text, limits);
  }
  return value;
}

/** The exact parser's refusal of a text that the native parser, or the count of keys, has refused. */
function refusalOf(text: string, limits: FormatLimits): FormatError {
  const exact = parseJsonExact(text, limits);
  return exact instanceof FormatError ? exact : new FormatError(400, "invalid_json", "The body is not valid JSON.");
}

/** Walks the bytes once. Malformed texts give any number: the parser behind refuses them. */
function scan(bytes: Uint8Array, { depthMax, nodesMax }: FormatLimits): number {
  const length = bytes.length;
  let colons = 0;
  let depth = 0;
  let containers = 0;
  let index = 0;
  while (index < length) {
    const byte = bytes[index++] as number;
    if (byte === QUOTE) {
      let inner = 0;
      while (index < length && (inner = bytes[index++] as number) !== QUOTE) {
        if (inner === BACKSLASH) {
          // \ud… may be a surrogate: the exact parser checks that it has its other half.
          if (bytes[index] === 0x75 && ((bytes[index + 1] as number) | 0x20) === 0x64) return NEEDS_EXACT;
          index++;
        }
      }
    } else if (byte === COLON) {
      colons++;
    } else if (byte >= 0x30 && byte <= 0x39) {
      const start = index - 1;
      let next = bytes[index] as number;
      while (next >= 0x30 && next <= 0x39) next = bytes[++index] as number;
      if (index - start > SAFE_DIGITS) return NEEDS_EXACT;
      if (next === 0x2e) {
        next = bytes[++index] as number;
        while (next >= 0x30 && next <= 0x39) next = bytes[++index] as number;
      }
      if ((next | 0x20) === 0x65) return NEEDS_EXACT;
    } else if ((byte | 0x20) === 0x7b) {
      // [ and { differ in the bit 0x20 only, as ] and } do.
      if (++depth > depthMax) return TOO_DEEP;
      if (++containers > nodesMax) return TOO_MANY;
    } else if ((byte | 0x20) === 0x7d) {
      depth--;
    }
  }
  return colons;
}

/** Keys of all objects in a parsed value; NaN when one of them is `__proto__`. */
function countKeys(value: PlainValue): number {
  let count = 0;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      const item = value[index] as PlainValue;
      if (typeof item === "object" && item !== null) count += countKeys(item);
    }
    return count;
  }
  const object = value as { [key: string]: PlainValue };
  for (const key in object) {
    if (key === "__proto__") return Number.NaN;
    count++;
    const item = object[key] as PlainValue;
    if (typeof item === "object" && item !== null) count += countKeys(item);
  }
  return count;
}

/**
 * Writes one JSON text without white space. A bigint within ±(2^53 - 1) is a number, beyond it a string (WIRE:
 * "API integers beyond 2^53 - 1 are strings"); a Uint8Array is a base64 string; members that are undefined are left
 * out. NaN and the infinities are a programmer's mistake and throw, as does a cycle.
 *
 *     stringifyJson({ a: 5n, b: 9007199254740993n, c: new Uint8Array([1]) })  →  '{"a":5,"b":"9007199254740993","c":"AQ=="}'
 */
export function stringifyJson(value: PlainValue): string {
  return JSON.stringify(toNative(value));
}

/** The same value with bigints and binary replaced; copies only the containers that hold one. */
function toNative(value: PlainValue): unknown {
  if (typeof value !== "object") return typeof value === "bigint" || typeof value === "number" ? scalar(value) : value;
  if (value === null) return value;
  if (Array.isArray(value)) {
    let copy: unknown[] | undefined;
    for (let index = 0; index < value.length; index++) {
      const item = value[index] as PlainValue;
      if (typeof item === "string") continue;
      const native = toNative(item);
      if (native !== item) (copy ??= value.slice())[index] = native;
    }
    return copy ?? value;
  }
  if (value instanceof Uint8Array) return toBase64(value);
  let copy: Record<string, unknown> | undefined;
  for (const key in value) {
    const item = value[key] as PlainValue;
    if (typeof item === "string") continue;
    const native = toNative(item);
    if (native !== item) (copy ??= { ...value })[key] = native;
  }
  return copy ?? value;
}

function scalar(value: bigint | number): string | number {
  if (typeof value === "bigint") {
    return value >= -9007199254740991n && value <= 9007199254740991n ? Number(value) : value.toString();
  }
  if (!Number.isFinite(value)) throw new TypeError("a plain value cannot be NaN or infinite");
  return value;
}
