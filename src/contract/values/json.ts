/**
 * Free JSON values and bytes.
 *
 * A JSON value has at most 32 levels, 10,000 parts and 262,144 characters in its strings and keys. Whole numbers beyond ±(2^53−1), which the parsers
 * give as bigint, are refused: JSON columns would lose digits. Bytes (MessagePack), NUL and halves of surrogate pairs in strings or keys are refused,
 * as is the key `__proto__`. The value is kept as given, not copied.
 */
import type { Value } from "../../define/expression.ts";
import { base64LengthOf, binaryBytesMax, jsonCharactersMax, jsonDepthMax, jsonPartsMax } from "../../define/forms.ts";
import { badFormat, type Read, type Refused, refused, wrongType } from "./refused.ts";

const noJson = wrongType("json");
const tooDeep = refused("too_deep", { max: jsonDepthMax });
const tooMany = refused("too_many", { max: jsonPartsMax });
const tooLong = refused("too_long", { max: jsonCharactersMax });
const tooLarge = refused("too_large", { max: Number.MAX_SAFE_INTEGER });
const badCharacters = refused("bad_characters");

class JsonWalk {
  #parts = 0;
  #characters = 0;

  check(value: unknown, depth: number): Refused | undefined {
    if (++this.#parts > jsonPartsMax) return tooMany;
    switch (typeof value) {
      case "string":
        return this.#string(value);
      case "number":
        return Number.isFinite(value) ? undefined : noJson;
      case "boolean":
        return undefined;
      case "bigint":
        return tooLarge;
      case "object":
        if (value === null) return undefined;
        if (depth === jsonDepthMax) return tooDeep;
        return Array.isArray(value) ? this.#list(value, depth + 1) : this.#object(value, depth + 1);
      default:
        return noJson;
    }
  }

  #string(value: string): Refused | undefined {
    this.#characters += value.length;
    if (this.#characters > jsonCharactersMax) return tooLong;
    return value.includes("\0") || !value.isWellFormed() ? badCharacters : undefined;
  }

  #list(list: readonly unknown[], depth: number): Refused | undefined {
    if (list.length > jsonPartsMax) return tooMany;
    for (const item of list) {
      const flaw = this.check(item, depth);
      if (flaw !== undefined) return flaw;
    }
    return undefined;
  }

  #object(object: object, depth: number): Refused | undefined {
    const prototype: unknown = Object.getPrototypeOf(object);
    if (prototype !== Object.prototype && prototype !== null) return noJson;
    for (const key of Object.keys(object)) {
      if (key === "__proto__") return badCharacters;
      const flaw = this.#string(key) ?? this.check((object as Record<string, unknown>)[key], depth);
      if (flaw !== undefined) return flaw;
    }
    return undefined;
  }
}

/** Any JSON value within the bounds. */
export const readJson: Read = (value) => new JsonWalk().check(value, 0) ?? (value as Value);

const base64Alphabet = /^[A-Za-z0-9+/]*={0,2}$/;

/** Bytes from strict base64 (no line breaks, padding present, unused bits zero) or, where the format has them, from bytes. */
export const readBinary = (options: { readonly maxBytes?: number }): Read => {
  const max = options.maxBytes ?? binaryBytesMax;
  const tooManyBytes = refused("too_many_bytes", { max });
  const noBase64 = badFormat("base64");
  const noString = wrongType("binary");
  return (value) => {
    if (value instanceof Uint8Array) return value.byteLength > max ? tooManyBytes : value.slice();
    if (typeof value !== "string") return noString;
    if (value.length > base64LengthOf(max)) return tooManyBytes;
    if (value.length % 4 !== 0 || !base64Alphabet.test(value)) return noBase64;
    try {
      const bytes = Uint8Array.fromBase64(value, { lastChunkHandling: "strict" });
      return bytes.byteLength > max ? tooManyBytes : bytes;
    } catch {
      return noBase64;
    }
  };
};
