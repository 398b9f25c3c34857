/**
 * The exact JSON parser behind json.ts: used for long integers, exponents, surrogate escapes, and to say where a
 * text is wrong. A recursive descent, bounded by `depthMax`; about ten times slower than the native parser.
 *
 * An integer literal (no fraction, no exponent) beyond ±(2^53 - 1) becomes a bigint; one that not even a double
 * could hold (beyond 1.8e308, that is 309 digits) is refused, so that no literal costs more than linear time.
 */
import { FormatError } from "../../http/format-error.ts";
import type { FormatErrorType } from "../../http/format-error.ts";
import { positionOf, tooMany } from "./plain.ts";
import type { FormatLimits, Parsed, PlainObject, PlainValue } from "./plain.ts";

/** RFC 8259 section 6, anchored where the token starts. */
const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;
/** A run of characters a string may hold as they are: no quote, no backslash, no control character. */
// oxlint-disable-next-line no-control-regex
const RUN = /[^"\\\u0000-\u001f]*/y;
const HEX = /[0-9a-fA-F]{4}/y;
const ESCAPES: Readonly<Record<string, string>> = { '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };
const INTEGER_DIGITS_MAX = 309;

/** Parses a JSON text that is known to be valid UTF-8 and within the size limit. See json.ts for the errors. */
export function parseJsonExact(text: string, limits: FormatLimits): Parsed {
  const parser = new ExactParser(text, limits);
  try {
    return parser.document();
  } catch (error) {
    if (error instanceof FormatError) return error;
    throw error;
  }
}

/** Throws FormatError inside this file only; {@link parseJsonExact} turns it into a value. */
class ExactParser {
  readonly #text: string;
  readonly #limits: FormatLimits;
  #index = 0;
  #depth = 0;
  #containers = 0;

  constructor(text: string, limits: FormatLimits) {
    this.#text = text;
    this.#limits = limits;
  }

  document(): PlainValue {
    this.#space();
    if (this.#index === this.#text.length) this.#refuse("The body is empty.");
    const value = this.#value();
    this.#space();
    if (this.#index < this.#text.length) this.#refuse("Something follows the end of the JSON text.");
    return value;
  }

  #refuse(message: string, type: FormatErrorType = "invalid_json", index = this.#index): never {
    throw new FormatError(400, type, message, positionOf(this.#text, index));
  }

  #space(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#index);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.#index++;
    }
  }

  #value(): PlainValue {
    switch (this.#text[this.#index]) {
      case "{":
        return this.#object();
      case "[":
        return this.#array();
      case '"':
        return this.#string();
      case "t":
        return this.#word("true", true);
      case "f":
        return this.#word("false", false);
      case "n":
        return this.#word("null", null);
      case undefined:
        return this.#refuse("The JSON text ends too early.");
      default:
        return this.#number();
    }
  }

  #word(word: string, value: boolean | null): boolean | null {
    if (!this.#text.startsWith(word, this.#index)) this.#refuse("A value was expected.");
    this.#index += word.length;
    return value;
  }

  #enter(): void {
    if (++this.#depth > this.#limits.depthMax) {
      this.#refuse(`The body is nested deeper than ${this.#limits.depthMax} levels.`, "too_deep");
    }
    if (++this.#containers > this.#limits.nodesMax) throw tooMany(this.#limits);
    this.#index++;
    this.#space();
  }

  #array(): PlainValue[] {
    const array: PlainValue[] = [];
    this.#enter();
    if (this.#text[this.#index] !== "]") {
      for (;;) {
        array.push(this.#value());
        if (!this.#another("]")) break;
      }
    }
    this.#index++;
    this.#depth--;
    return array;
  }

  #object(): PlainObject {
    const object: PlainObject = {};
    this.#enter();
    if (this.#text[this.#index] !== "}") {
      for (;;) {
        this.#member(object);
        if (!this.#another("}")) break;
      }
    }
    this.#index++;
    this.#depth--;
    return object;
  }

  #member(object: PlainObject): void {
    const start = this.#index;
    if (this.#text[start] !== '"') this.#refuse("A key in double quotes was expected.");
    const key = this.#string();
    if (key === "__proto__") this.#refuse("The key __proto__ is not accepted.", "forbidden_key", start);
    if (Object.hasOwn(object, key)) this.#refuse("A key stands twice in one object.", "duplicate_key", start);
    this.#space();
    if (this.#text[this.#index] !== ":") this.#refuse("A colon was expected after a key.");
    this.#index++;
    this.#space();
    object[key] = this.#value();
  }

  /** After a value: true at a comma with something behind it, false at the closing bracket. */
  #another(close: string): boolean {
    this.#space();
    const next = this.#text[this.#index];
    if (next === close) return false;
    if (next !== ",") this.#refuse(next === undefined ? "The JSON text ends too early." : `A comma or ${close} was expected.`);
    this.#index++;
    this.#space();
    return true;
  }

  #number(): number | bigint {
    NUMBER.lastIndex = this.#index;
    const match = NUMBER.exec(this.#text);
    if (match === null) return this.#refuse("A value was expected.");
    const start = this.#index;
    this.#index = NUMBER.lastIndex;
    const literal = match[0];
    const value = Number(literal);
    if (!Number.isFinite(value)) this.#refuse("A number is out of range.", "number_out_of_range", start);
    if (match[1] !== undefined || match[2] !== undefined || Number.isSafeInteger(value)) return value;
    if (literal.length > INTEGER_DIGITS_MAX + 1) this.#refuse("A number is out of range.", "number_out_of_range", start);
    return BigInt(literal);
  }

  #string(): string {
    const start = this.#index++;
    let result = "";
    for (;;) {
      RUN.lastIndex = this.#index;
      RUN.exec(this.#text);
      result += this.#text.slice(this.#index, RUN.lastIndex);
      this.#index = RUN.lastIndex;
      const next = this.#text[this.#index];
      if (next === '"') break;
      if (next === undefined) this.#refuse("A string is not closed.", "invalid_json", start);
      if (next !== "\\") this.#refuse("A string holds a control character that is not escaped.");
      result += this.#escape();
    }
    this.#index++;
    if (!result.isWellFormed()) this.#refuse("A string holds half of a surrogate pair.", "invalid_encoding", start);
    return result;
  }

  #escape(): string {
    const letter = this.#text[this.#index + 1] ?? "";
    if (letter === "u") {
      HEX.lastIndex = this.#index + 2;
      const match = HEX.exec(this.#text);
      if (match === null) return this.#refuse("An escape \\u lacks its four hexadecimal digits.");
      this.#index += 6;
      return String.fromCharCode(Number.parseInt(match[0], 16));
    }
    const character = Object.hasOwn(ESCAPES, letter) ? ESCAPES[letter] : undefined;
    if (character === undefined) return this.#refuse("An unknown escape stands in a string.");
    this.#index += 2;
    return character;
  }
}
