/**
 * The canonical plain values that every format reads and writes, and what the parsers share.
 *
 * A plain value is null, a boolean, a string, a finite number, a bigint (integers beyond 2^53 - 1), a
 * Uint8Array (binary, where the format has it), an array, or an object whose own enumerable keys are data.
 * The key `__proto__` is refused by every parser, because a later `target[key] = value` or `Object.assign`
 * would change a prototype; `constructor`, `prototype`, `toString` and the like are ordinary own data.
 */
import { FormatError } from "../../http/format-error.ts";

export type PlainValue = null | boolean | string | number | bigint | Uint8Array | PlainValue[] | PlainObject;
export interface PlainObject {
  [key: string]: PlainValue;
}

/** What a parser returns: the value, or why not. Tell them apart with `instanceof FormatError`. */
export type Parsed<T = PlainValue> = T | FormatError;

/** Bounds of one body. Each parser stops at the first one exceeded. */
export interface FormatLimits {
  /** Size of the body in bytes after decompression; beyond it 413 `too_large`. */
  readonly bytesMax: number;
  /** Arrays and objects within one another; a scalar has depth 0, `[]` has 1. Beyond it 400 `too_deep`. */
  readonly depthMax: number;
  /**
   * Containers (JSON, MessagePack), markup (XML), values (YAML) or cells (CSV) of one body, because three bytes of it
   * can become an object of hundreds. Beyond it 413 `too_large`.
   */
  readonly nodesMax: number;
}

/** 16 MiB as for batches (WIRE), 64 levels, 200,000 nodes (as XML, the costliest, about 80 MB while it is read). */
export const defaultLimits: FormatLimits = Object.freeze({ bytesMax: 16 * 1024 * 1024, depthMax: 64, nodesMax: 200_000 });

/** The part of JSON Schema that resolves what XML and CSV cannot say by themselves. Anything else in it is ignored. */
export interface SchemaHint {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, SchemaHint>>;
  readonly items?: SchemaHint | boolean;
  readonly additionalProperties?: SchemaHint | boolean;
}

/** What a call of a parser may bring along; limits default to {@link defaultLimits}. */
export interface ParseOptions {
  readonly limits?: FormatLimits;
  readonly hint?: SchemaHint;
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Decodes UTF-8 strictly (a byte order mark stays as U+FEFF), or 400 `invalid_encoding`. */
export function decodeUtf8(bytes: Uint8Array): string | FormatError {
  try {
    return utf8.decode(bytes);
  } catch {
    return new FormatError(400, "invalid_encoding", "The body is not valid UTF-8.");
  }
}

/** The refusal of a body beyond `bytesMax`. */
export function tooLarge(limits: FormatLimits): FormatError {
  return new FormatError(413, "too_large", `The body is larger than ${limits.bytesMax} bytes.`);
}

/** The refusal of a body beyond `nodesMax`. */
export function tooMany(limits: FormatLimits): FormatError {
  return new FormatError(413, "too_large", `The body has more than ${limits.nodesMax} elements.`);
}

/** The refusal of a body nested beyond `depthMax`. */
export function tooDeep(limits: FormatLimits): FormatError {
  return new FormatError(400, "too_deep", `The body is nested deeper than ${limits.depthMax} levels.`);
}

/** The refusal of the key `__proto__`. */
export function forbiddenKey(): FormatError {
  return new FormatError(400, "forbidden_key", "The key __proto__ is not accepted.");
}

/** Line and column, from 1, of a character offset in a text. */
export function positionOf(text: string, index: number): { line: number; column: number } {
  let line = 1;
  let start = 0;
  for (let at = text.indexOf("\n"); at !== -1 && at < index; at = text.indexOf("\n", at + 1)) {
    line++;
    start = at + 1;
  }
  return { line, column: index - start + 1 };
}

/** Base64 (RFC 4648 section 4, padded) of binary data, as the text formats carry it. */
export function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}
