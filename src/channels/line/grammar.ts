/**
 * The grammar of lines (ABNF, RFC 5234; a character is a Unicode code point):
 *
 *   line      = pair *( "," pair )
 *   pair      = *SP title *SP ":" *SP value *SP
 *   title     = [ "@" ] name *( "." step ) [ operator ]
 *   name      = ALPHA *( ALPHA / DIGIT )
 *   step      = name / 1*DIGIT
 *   operator  = ">=" / "<=" / "!=" / "~=" / "^=" / ">" / "<" / "?"
 *   value     = quoted / bare
 *   quoted    = a JSON string (RFC 8259 section 7)
 *   bare      = *( any character but "," and control characters )      ; not beginning with DQUOTE
 *
 * Spaces around a bare value are none of it. Three bare values are no texts: an empty one is null, `[]` the empty list, `{}` the empty object.
 *
 *   Operation:accounts.get,Id:acc_01J…
 *   Operation:notes.create,Text:"Two\nlines, and a comma",Tags:red,Tags:blue
 */

export type Operator = ">=" | "<=" | "!=" | "~=" | "^=" | ">" | "<" | "?";

export type Value =
  | { readonly kind: "text"; readonly text: string; readonly isQuoted: boolean }
  | { readonly kind: "null" | "emptyList" | "emptyObject" };

export interface Pair {
  /** About the request, not of its data: `@Tag`. */
  readonly isAside: boolean;
  /** Names and positions: `["Legs", "1", "Amount"]`. */
  readonly path: readonly string[];
  readonly operator: Operator | undefined;
  /** As it was written, with its operator. */
  readonly title: string;
  readonly value: Value;
  /** Where the value begins: UTF-16 units from 0. */
  readonly at: number;
}

/** What is wrong, in English, and where: UTF-16 units from 0. */
export interface Flaw {
  readonly flaw: string;
  readonly at: number;
}

export interface GrammarLimits {
  readonly pairsMax: number;
  readonly titleLengthMax: number;
  readonly stepsMax: number;
}

const titleForm = /^(@?)([A-Za-z][A-Za-z0-9]*(?:\.(?:[A-Za-z][A-Za-z0-9]*|[0-9]{1,9}))*)(>=|<=|!=|~=|\^=|>|<|\?)? *:/;
const quote = 0x22;
const backslash = 0x5c;
const bareForm = /[^,\u0000-\u001f\u007f]*/y;

const nothing: Value = { kind: "null" };
const emptyList: Value = { kind: "emptyList" };
const emptyObject: Value = { kind: "emptyObject" };

/** The column of a place in a line: characters from 1. */
export const columnOf = (line: string, at: number): number => {
  let column = 1;
  for (const character of line.slice(0, at)) column += character === "" ? 0 : 1;
  return column;
};

const skipSpaces = (line: string, from: number): number => {
  let at = from;
  while (line.charCodeAt(at) === 0x20) at++;
  return at;
};

/** Without spaces at its end: other white space is part of a text. */
const withoutEnd = (bare: string): string => {
  let end = bare.length;
  while (end > 0 && bare.charCodeAt(end - 1) === 0x20) end--;
  return bare.slice(0, end);
};

const bareValue = (text: string): Value => {
  switch (text) {
    case "":
      return nothing;
    case "[]":
      return emptyList;
    case "{}":
      return emptyObject;
    default:
      return { kind: "text", text, isQuoted: false };
  }
};

/** Where a quoted value ends, behind its quote; -1: it does not. */
const endOfQuoted = (line: string, from: number): number => {
  for (let at = from + 1; at < line.length; at++) {
    const code = line.charCodeAt(at);
    if (code === quote) return at + 1;
    if (code === backslash) at++;
  }
  return -1;
};

/** The text of a JSON string; undefined: it is none. */
const textOfQuoted = (quoted: string): string | undefined => {
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return undefined;
  }
};

/** The value that begins at a place, and where it ends. */
const readValue = (line: string, at: number): { readonly value: Value; readonly end: number } | Flaw => {
  if (line.charCodeAt(at) === quote) {
    const end = endOfQuoted(line, at);
    if (end === -1) return { flaw: "The quoted value does not end.", at };
    const text = textOfQuoted(line.slice(at, end));
    if (text === undefined) return { flaw: "The quoted value is no JSON string.", at };
    if (!text.isWellFormed()) return { flaw: "The quoted value holds half of a surrogate pair.", at };
    return { value: { kind: "text", text, isQuoted: true }, end: skipSpaces(line, end) };
  }
  bareForm.lastIndex = at;
  const [bare = ""] = bareForm.exec(line) ?? [];
  return { value: bareValue(withoutEnd(bare)), end: at + bare.length };
};

/** Behind the longest title: an operator, spaces, a colon. */
const titleTail = 16;

const readTitle = (
  line: string,
  at: number,
  limits: GrammarLimits,
): (Omit<Pair, "value" | "at"> & { readonly end: number }) | Flaw => {
  // Only so much is looked at as a title may have.
  const [whole, aside = "", path = "", operator] = titleForm.exec(line.slice(at, at + limits.titleLengthMax + titleTail)) ?? [];
  if (whole === undefined) return { flaw: "Here a title and a colon are expected.", at };
  const steps = path.split(".");
  if (path.length > limits.titleLengthMax || steps.length > limits.stepsMax) return { flaw: "The title is too long.", at };
  return {
    isAside: aside !== "",
    path: steps,
    operator: operator as Operator | undefined,
    title: `${aside}${path}${operator ?? ""}`,
    end: at + whole.length,
  };
};

/** The pairs of a line, or what is wrong with it first. */
export const readLine = (line: string, limits: GrammarLimits): readonly Pair[] | Flaw => {
  const pairs: Pair[] = [];
  let at = skipSpaces(line, 0);
  for (;;) {
    const title = readTitle(line, at, limits);
    if ("flaw" in title) return title;
    const { end: colon, ...named } = title;
    const begin = skipSpaces(line, colon);
    const read = readValue(line, begin);
    if ("flaw" in read) return read;
    if (pairs.length === limits.pairsMax) return { flaw: `A line has at most ${limits.pairsMax} pairs.`, at };
    pairs.push({ ...named, value: read.value, at: begin });
    if (read.end === line.length) return pairs;
    if (line[read.end] !== ",") return { flaw: "Here a comma or the end of the line is expected.", at: read.end };
    at = skipSpaces(line, read.end + 1);
  }
};

/** Texts that may stand as they are: no comma, quote or control character, no space at an end, and none of the three that are no texts. */
const plainForm = /^(?! )(?!\[\]$)(?!\{\}$)[^,"\p{Cc}\u2028\u2029]+(?<! )$/u;
/** Characters that some readers take for the end of a line, and JSON leaves as they are. */
const breaks = /[\u007f-\u009f\u2028\u2029]/g;

/** A text as a value. */
export const writeText = (text: string): string =>
  plainForm.test(text)
    ? text
    : JSON.stringify(text).replace(breaks, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`);
