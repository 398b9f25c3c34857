/**
 * MessagePack on @msgpack/msgpack. msgpack-scan.ts validates the bytes first (see there for what is refused), the
 * library decodes, and the keys of the result are counted against the scan's: fewer, so one came twice.
 *
 * Integers of 64 bits become numbers within ±(2^53 - 1), bigints beyond. Binary is a Uint8Array of its own memory.
 */
import { Decoder, Encoder } from "@msgpack/msgpack";
import { FormatError } from "../../http/format-error.ts";
import { scanMsgpack } from "./msgpack-scan.ts";
import { defaultLimits, tooLarge } from "./plain.ts";
import type { FormatLimits, Parsed, PlainObject, PlainValue } from "./plain.ts";

const decoder = new Decoder({ useBigInt64: true });
/** A cycle is a programmer's mistake: the encoder throws at this depth. */
const encoder = new Encoder({ useBigInt64: true, ignoreUndefined: true, maxDepth: 512 });
const INT64_MIN = -(2n ** 63n);
const UINT64_MAX = 2n ** 64n - 1n;

/** Errors: 400 invalid_msgpack, invalid_encoding, too_deep, duplicate_key, forbidden_key, number_out_of_range; 413 too_large. */
export function parseMsgpack(bytes: Uint8Array, limits: FormatLimits = defaultLimits): Parsed {
  if (bytes.length > limits.bytesMax) return tooLarge(limits);
  const keys = scanMsgpack(bytes, limits);
  if (keys instanceof FormatError) return keys;
  const counter = { keys: 0 };
  const value = fromWire(decoder.decode(bytes) as PlainValue, counter);
  return counter.keys === keys ? value : new FormatError(400, "duplicate_key", "A key stands twice in one map.");
}

/** In place: bigints that a number holds, binary out of the body's memory, keys counted. Depth was bounded by the scan. */
function fromWire(value: PlainValue, counter: { keys: number }): PlainValue {
  if (typeof value === "bigint") return value >= -9007199254740991n && value <= 9007199254740991n ? Number(value) : value;
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Uint8Array) return value.slice();
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) value[index] = fromWire(value[index] as PlainValue, counter);
    return value;
  }
  for (const key in value) {
    counter.keys++;
    const item = value[key] as PlainValue;
    if (typeof item === "bigint" || (typeof item === "object" && item !== null)) value[key] = fromWire(item, counter);
  }
  return value;
}

/** Bytes of their own. A bigint beyond 64 bits is a decimal string, as in JSON. NaN, the infinities and cycles throw. */
export function stringifyMsgpack(value: PlainValue): Uint8Array {
  return encoder.encode(toWire(value, 0));
}

/** The encoder writes every bigint as 64 bits; small ones are made numbers. Copies only where something changes. */
function toWire(value: PlainValue, depth: number): PlainValue {
  if (typeof value === "bigint") {
    if (value >= -9007199254740991n && value <= 9007199254740991n) return Number(value);
    return value >= INT64_MIN && value <= UINT64_MAX ? value : value.toString();
  }
  if (typeof value === "number" && !Number.isFinite(value)) throw new TypeError("a plain value cannot be NaN or infinite");
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  if (depth > 512) throw new TypeError("a value is nested too deep to be written, or holds itself");
  if (Array.isArray(value)) {
    let copy: PlainValue[] | undefined;
    for (let index = 0; index < value.length; index++) {
      const item = value[index] as PlainValue;
      const wire = toWire(item, depth + 1);
      if (wire !== item) (copy ??= value.slice())[index] = wire;
    }
    return copy ?? value;
  }
  let copy: PlainObject | undefined;
  for (const key in value) {
    const item = value[key] as PlainValue;
    const wire = toWire(item, depth + 1);
    if (wire !== item) (copy ??= { ...value })[key] = wire;
  }
  return copy ?? value;
}
