/**
 * YAML 1.2, the part of it that is JSON, on Bun.YAML.
 *
 * Refused before parsing: size over 1 MiB (YAML costs 100 ms of CPU per MiB), invalid UTF-8, more than one document,
 * more than 64 aliases (fewer in a large body), merge keys (`<<`, no part of YAML 1.2: a hundred kilobytes of them can fill any memory).
 * Refused after: depth, cycles, more than `nodesMax` values when the aliases are written out, NaN and the infinities,
 * integers beyond ±(2^53 - 1) that are not quoted (the parser has rounded them already), the key `__proto__`, and
 * duplicate keys. The last is decided by counting (yaml-scan.ts): a document has as many keys as its value, so explicit
 * keys without a value (`? a`), `{a, b}` and `!!set` are refused as well; quote or spell them out.
 * Tags are ignored: `!!js/function`, `!!binary`, `!!timestamp` give strings. Dates, yes, no, on, off are strings.
 */
import { YAML } from "bun";
import { FormatError } from "../../http/format-error.ts";
import { decodeUtf8, defaultLimits, forbiddenKey, toBase64, tooDeep, tooLarge, tooMany } from "./plain.ts";
import type { FormatLimits, Parsed, PlainObject, PlainValue } from "./plain.ts";
import { mergeCostMax, scanYaml } from "./yaml-scan.ts";

const BYTES_MAX = 1024 * 1024;
const ALIASES_MAX = 64;
/** White space and comments. */
const NOTHING = /^\s*(?:#[^\n]*(?:\n\s*|$))*$/;
/** Bun.YAML expands merges without a bound of its own: a hundred kilobytes can fill any memory. */
const MERGE_COST_MAX = 1_000_000;

/**
 * Parses one document. An empty one, or one of comments only, is refused as an empty body.
 * Errors: 400 invalid_yaml, invalid_encoding, too_deep, duplicate_key, forbidden_key, number_out_of_range; 413 too_large.
 */
export function parseYaml(bytes: Uint8Array, limits: FormatLimits = defaultLimits): Parsed {
  const bytesMax = Math.min(limits.bytesMax, BYTES_MAX);
  if (bytes.length > bytesMax) return tooLarge({ ...limits, bytesMax });
  const text = decodeUtf8(bytes);
  if (text instanceof FormatError) return text;
  const scan = scanYaml(text);
  if (scan.documents > 1) return invalid("The body holds more than one YAML document.");
  if (scan.hasMerge) return invalid("Merge keys (<<) are not accepted.");
  if (scan.aliases > ALIASES_MAX || mergeCostMax(text) > MERGE_COST_MAX) {
    return invalid(`The body has more than ${ALIASES_MAX} aliases, or too many for its size.`);
  }
  let parsed: unknown;
  try {
    parsed = YAML.parse(text);
  } catch (error) {
    if (error instanceof RangeError) return tooDeep(limits);
    return invalid("The body is not valid YAML.");
  }
  if (parsed === null && NOTHING.test(text)) return invalid("The body is empty.");
  const reader = new Reader(limits);
  try {
    const value = reader.read(parsed, 0);
    return reader.keys === scan.keys
      ? value
      : new FormatError(400, "duplicate_key", "A key stands twice in one mapping, or without a value.");
  } catch (error) {
    if (error instanceof FormatError) return error;
    throw error;
  }
}

function invalid(message: string): FormatError {
  return new FormatError(400, "invalid_yaml", message);
}

/** Checks a parsed value, and copies what several aliases share, so that no two places of the result are one object. */
class Reader {
  /** Keys as they stand in the text: those of a shared mapping count once. */
  keys = 0;
  #nodes = 0;
  readonly #limits: FormatLimits;
  readonly #seen = new Set<object>();

  constructor(limits: FormatLimits) {
    this.#limits = limits;
  }

  read(value: unknown, depth: number): PlainValue {
    if (++this.#nodes > this.#limits.nodesMax) throw tooMany(this.#limits);
    switch (typeof value) {
      case "string":
      case "boolean":
        return value;
      case "number":
        if (!Number.isFinite(value)) throw new FormatError(400, "number_out_of_range", "A number is out of range.");
        if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
          throw new FormatError(400, "number_out_of_range", "An integer beyond 2^53 - 1 must be quoted in YAML.");
        }
        return value;
      case "object":
        return value === null ? null : this.#container(value, depth);
      default:
        throw invalid("A value has a type that JSON does not have.");
    }
  }

  #container(value: object, depth: number): PlainValue {
    if (depth >= this.#limits.depthMax) throw tooDeep(this.#limits);
    const isShared = this.#seen.has(value);
    this.#seen.add(value);
    if (Array.isArray(value)) {
      const target: PlainValue[] = isShared ? [] : value;
      for (let index = 0; index < value.length; index++) target[index] = this.read(value[index], depth + 1);
      return target;
    }
    const source = value as Record<string, unknown>;
    const target: PlainObject = isShared ? {} : (value as PlainObject);
    for (const key in source) {
      if (key === "__proto__") throw forbiddenKey();
      if (!isShared) this.keys++;
      target[key] = this.read(source[key], depth + 1);
    }
    return target;
  }
}

/**
 * Writes block-style YAML that ends with a newline. Strings that YAML 1.1 or 1.2 could read as something else are
 * quoted; integers beyond ±(2^53 - 1) and binary are quoted strings, as in JSON. NaN, the infinities and cycles throw.
 *
 *     stringifyYaml({ id: 7, country: "NO", tags: ["a"] })  →  'id: 7\ncountry: "NO"\ntags:\n  - a\n'
 */
export function stringifyYaml(value: PlainValue): string {
  if (isScalar(value)) return `${scalar(value)}\n`;
  return block(value, "", 0);
}

const DEPTH_MAX = 512;
/** Letters and digits that no YAML reads as anything but a string; everything else is quoted. */
const SAFE = /^[A-Za-z_][A-Za-z0-9_]*(?:[ ./-][A-Za-z0-9_]+)*$/;
/** What YAML 1.1, which many clients still read, takes for a boolean or null. */
const WORDS = /^(?:y|n|yes|no|on|off|true|false|null|nan|inf)$/i;

type Scalar = Exclude<PlainValue, PlainValue[] | PlainObject>;

function isScalar(value: PlainValue): value is Scalar {
  return typeof value !== "object" || value === null || value instanceof Uint8Array;
}

function scalar(value: Scalar): string {
  if (value === null) return "null";
  switch (typeof value) {
    case "string":
      return quote(value);
    case "number":
      if (!Number.isFinite(value)) throw new TypeError("a plain value cannot be NaN or infinite");
      // 1e21 needs its point: YAML 1.1 reads it as a string otherwise.
      return Object.is(value, -0) ? "-0.0" : String(value).replace(/^(-?[0-9]+)e/, "$1.0e");
    case "bigint":
      return value >= -9007199254740991n && value <= 9007199254740991n ? value.toString() : `"${value}"`;
    case "boolean":
      return value ? "true" : "false";
    default:
      return quote(toBase64(value));
  }
}

function quote(text: string): string {
  if (text.length <= 128 && SAFE.test(text) && !WORDS.test(text)) return text;
  // JSON's string is YAML's double-quoted scalar, but for what YAML wants escaped.
  return JSON.stringify(text.toWellFormed()).replace(/[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g, escape);
}

function escape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** Lines of a container, each with its indentation and newline; `indent` is that of its first line. */
function block(value: PlainValue[] | PlainObject, indent: string, depth: number): string {
  if (depth > DEPTH_MAX) throw new TypeError("a value is nested too deep to be written, or holds itself");
  let text = "";
  if (Array.isArray(value)) {
    for (const item of value) {
      // The first line of a nested block goes behind its dash, where the indentation would be.
      text +=
        isScalar(item) || isEmpty(item)
          ? `${indent}- ${inline(item)}\n`
          : `${indent}- ${block(item, `${indent}  `, depth + 1).trimStart()}`;
    }
    return text === "" ? "[]\n" : text;
  }
  for (const key in value) {
    const item = value[key];
    if (item === undefined) continue;
    text += `${indent}${quote(key)}:`;
    text += isScalar(item) || isEmpty(item) ? ` ${inline(item)}\n` : `\n${block(item, `${indent}  `, depth + 1)}`;
  }
  return text === "" ? "{}\n" : text;
}

function inline(value: PlainValue): string {
  if (isScalar(value)) return scalar(value);
  return Array.isArray(value) ? "[]" : "{}";
}

function isEmpty(value: PlainValue[] | PlainObject): boolean {
  if (Array.isArray(value)) return value.length === 0;
  for (const key in value) if (value[key] !== undefined) return false;
  return true;
}
