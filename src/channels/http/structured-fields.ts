/**
 * Structured field values (RFC 9651): the strict parser. The serializer is structured-fields-write.ts.
 *
 * Bare items are tagged, because `1` and `1.0`, or `"a"` and `a`, are different things. Lists are arrays,
 * dictionaries and parameters are Maps in order (a repeated key keeps its place and takes the last value).
 * Limits: 16,384 characters, 1,024 members, 256 parameters, as the RFC's minimums ask. Never throws: what does not
 * parse as a whole is undefined, and by RFC 9651 section 4.2 the field is then to be ignored or refused as a whole.
 */

export type BareItem =
  | { readonly type: "integer"; readonly value: number }
  | { readonly type: "decimal"; readonly value: number }
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "token"; readonly value: string }
  | { readonly type: "binary"; readonly value: Uint8Array }
  | { readonly type: "boolean"; readonly value: boolean }
  /** Seconds since 1970-01-01T00:00:00Z. */
  | { readonly type: "date"; readonly value: number }
  | { readonly type: "display"; readonly value: string };

export type Parameters = ReadonlyMap<string, BareItem>;
export interface Item {
  readonly bare: BareItem;
  readonly parameters: Parameters;
}
export interface InnerList {
  readonly items: readonly Item[];
  readonly parameters: Parameters;
}
export type Member = Item | InnerList;
export type List = readonly Member[];
export type Dictionary = ReadonlyMap<string, Member>;

const LENGTH_MAX = 16_384;
const MEMBERS_MAX = 1_024;
const PARAMETERS_MAX = 256;

const KEY = /[a-z*][a-z0-9_.*-]*/y;
const TOKEN = /[A-Za-z*][!#$%&'*+\-.^_`|~0-9A-Za-z:/]*/y;
const NUMBER = /(-?)([0-9]+)(?:\.([0-9]+))?/y;
const STRING = /"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"/y;
const BINARY = /:([A-Za-z0-9+/]*={0,2}):/y;
const BOOLEAN = /\?([01])/y;
const DATE = /@(-?[0-9]{1,15})(?![0-9.])/y;
const DISPLAY = /%"((?:[\x20\x21\x23\x24\x26-\x7e]|%[0-9a-f]{2})*)"/y;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const NONE: Parameters = new Map();

/** An Item, as `"abc";q=1`; undefined when it is not one. */
export function parseItem(header: string): Item | undefined {
  return parseWhole(header, (reader) => reader.item());
}

/** A List, as `a, (b c);d, "e"`; the empty header is the empty list. */
export function parseList(header: string): List | undefined {
  return parseWhole(header, (reader) => reader.list());
}

/**
 * A Dictionary, as `a=1, b;x, c=(d e)`; the empty header is the empty dictionary. With `repeated: "refuse"` a key that stands twice, of a
 * member or of a parameter, makes the field malformed: where two readers must not see two different things.
 */
export function parseDictionary(
  header: string,
  { repeated = "last" }: { readonly repeated?: "last" | "refuse" } = {},
): Dictionary | undefined {
  return parseWhole(header, (reader) => reader.dictionary(), repeated === "refuse");
}

function parseWhole<Value>(header: string, parse: (reader: Reader) => Value, refusesRepeated = false): Value | undefined {
  if (header.length > LENGTH_MAX) return undefined;
  const reader = new Reader(header, refusesRepeated);
  try {
    return reader.whole(parse);
  } catch (error) {
    if (error === MALFORMED) return undefined;
    throw error;
  }
}

/** Thrown and caught in this file only. */
const MALFORMED = Symbol("malformed structured field");

class Reader {
  readonly #text: string;
  readonly #refusesRepeated: boolean;
  #index = 0;

  constructor(text: string, refusesRepeated: boolean) {
    this.#text = text;
    this.#refusesRepeated = refusesRepeated;
  }

  whole<Value>(parse: (reader: Reader) => Value): Value {
    this.#spaces();
    const value = parse(this);
    this.#spaces();
    if (this.#index < this.#text.length) throw MALFORMED;
    return value;
  }

  list(): Member[] {
    const members: Member[] = [];
    if (this.#index === this.#text.length) return members;
    do {
      if (members.length === MEMBERS_MAX) throw MALFORMED;
      members.push(this.#member());
    } while (this.#comma());
    return members;
  }

  dictionary(): Map<string, Member> {
    const members = new Map<string, Member>();
    if (this.#index === this.#text.length) return members;
    do {
      if (members.size === MEMBERS_MAX) throw MALFORMED;
      const key = this.#key();
      if (this.#refusesRepeated && members.has(key)) throw MALFORMED;
      members.set(
        key,
        this.#take("=") ? this.#member() : { bare: { type: "boolean", value: true }, parameters: this.#parameters() },
      );
    } while (this.#comma());
    return members;
  }

  item(): Item {
    return { bare: this.#bare(), parameters: this.#parameters() };
  }

  #member(): Member {
    return this.#text[this.#index] === "(" ? this.#innerList() : this.item();
  }

  #innerList(): InnerList {
    this.#index++;
    const items: Item[] = [];
    for (;;) {
      this.#spaces();
      if (this.#take(")")) return { items, parameters: this.#parameters() };
      if (items.length === MEMBERS_MAX) throw MALFORMED;
      items.push(this.item());
      const next = this.#text[this.#index];
      if (next !== " " && next !== ")") throw MALFORMED;
    }
  }

  /** True at a comma with a member behind it, false at the end; optional white space may hold tabs here only. */
  #comma(): boolean {
    this.#optionalSpace();
    if (this.#index === this.#text.length) return false;
    if (!this.#take(",")) throw MALFORMED;
    this.#optionalSpace();
    if (this.#index === this.#text.length) throw MALFORMED;
    return true;
  }

  #parameters(): Parameters {
    if (this.#text[this.#index] !== ";") return NONE;
    const parameters = new Map<string, BareItem>();
    while (this.#take(";")) {
      this.#spaces();
      if (parameters.size === PARAMETERS_MAX) throw MALFORMED;
      const key = this.#key();
      if (this.#refusesRepeated && parameters.has(key)) throw MALFORMED;
      parameters.set(key, this.#take("=") ? this.#bare() : { type: "boolean", value: true });
    }
    return parameters;
  }

  #key(): string {
    return this.#match(KEY)[0];
  }

  #bare(): BareItem {
    const first = this.#text[this.#index];
    switch (first) {
      case '"':
        return { type: "string", value: (this.#match(STRING)[1] ?? "").replace(/\\(.)/g, "$1") };
      case ":":
        return { type: "binary", value: binaryOf(this.#match(BINARY)[1] ?? "") };
      case "?":
        return { type: "boolean", value: this.#match(BOOLEAN)[1] === "1" };
      case "@":
        return { type: "date", value: Number(this.#match(DATE)[1]) };
      case "%":
        return { type: "display", value: displayOf(this.#match(DISPLAY)[1] ?? "") };
      case undefined:
        throw MALFORMED;
      default:
        return first === "-" || (first >= "0" && first <= "9") ? this.#number() : { type: "token", value: this.#match(TOKEN)[0] };
    }
  }

  /** Integers of up to 15 digits; decimals of up to 12 before and 3 after the point. */
  #number(): BareItem {
    const [text, , whole = "", fraction] = this.#match(NUMBER);
    if (this.#text[this.#index] === ".") throw MALFORMED;
    if (fraction === undefined) {
      if (whole.length > 15) throw MALFORMED;
      return { type: "integer", value: Number(text) };
    }
    if (whole.length > 12 || fraction.length > 3) throw MALFORMED;
    return { type: "decimal", value: Number(text) };
  }

  #match(pattern: RegExp): RegExpExecArray {
    pattern.lastIndex = this.#index;
    const match = pattern.exec(this.#text);
    if (match === null) throw MALFORMED;
    this.#index = pattern.lastIndex;
    return match;
  }

  #take(character: string): boolean {
    if (this.#text[this.#index] !== character) return false;
    this.#index++;
    return true;
  }

  #spaces(): void {
    while (this.#text[this.#index] === " ") this.#index++;
  }

  #optionalSpace(): void {
    while (this.#text[this.#index] === " " || this.#text[this.#index] === "\t") this.#index++;
  }
}

/** Base64 with or without padding, as section 4.2.7 allows; a length no encoder makes is malformed. */
function binaryOf(text: string): Uint8Array {
  const digits = text.replace(/={1,2}$/, "");
  if (digits.includes("=") || digits.length % 4 === 1 || (text !== digits && text.length % 4 !== 0)) throw MALFORMED;
  return new Uint8Array(Buffer.from(digits, "base64"));
}

function displayOf(text: string): string {
  const bytes = Buffer.from(
    text.replace(/%([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    "latin1",
  );
  try {
    return utf8.decode(bytes);
  } catch {
    throw MALFORMED;
  }
}
