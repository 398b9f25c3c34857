/**
 * Patterns of string fields, and which of them are safe.
 *
 * A pattern is a JavaScript regular expression (flag `u`) that the whole value must match. It may be used when matching it takes time linear in the
 * length of the value, even though the engine backtracks, so that no value a caller sends can stall the process. Two kinds are:
 *
 *   deterministic  after each character there is at most one way to go on, whichever character comes next: the pattern is strongly
 *                  one-unambiguous (Brüggemann-Klein and Wood, 1998; Koch and Scherzinger, 2007). `[a-z]+(-[a-z]+)*` is; `(a+)+` and `.*x` are not.
 *   few ways       no unlimited repetition, and at most 1,000 ways through the pattern: `[A-Z]{2,3}[A-Z0-9]{5}` has two.
 *
 * Refused besides: back references, looking ahead and behind, flags within the pattern; more than 1,000 characters; more than 3,000 places after
 * `x{n}` is written out. The check is on the safe side: a class with anything beyond ASCII is taken to overlap with every other such class.
 */

/** One part of a pattern. `char` matches one code point: a letter, a class, a dot, an escape. `edge` matches none: `^`, `$`, `\b`. */
export type Pattern =
  | { readonly kind: "char"; readonly source: string }
  | { readonly kind: "edge" }
  | { readonly kind: "sequence" | "choice"; readonly of: readonly Pattern[] }
  | { readonly kind: "repeat"; readonly of: Pattern; readonly min: number; readonly max: number };

const sourceLengthMax = 1_000;
const placesMax = 3_000;
const followersMax = 64;
const waysMax = 1_000;

/** Why a pattern may not be used. Stays within this file. */
class Unsafe extends Error {}

const escapeForm = /\\(?:[pP]\{[^}]*\}|u\{[^}]*\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|c[A-Za-z]|.)/suy;
const quantifierForm = /(?:[*+?]|\{(\d+)(,(\d*))?\})\??/y;

/** Reads a pattern that `RegExp` has accepted. */
class PatternParser {
  readonly #source: string;
  #at = 0;

  constructor(source: string) {
    this.#source = source;
  }

  choice(): Pattern {
    const of = [this.#sequence()];
    while (this.#take("|")) of.push(this.#sequence());
    return of.length === 1 ? (of[0] as Pattern) : { kind: "choice", of };
  }

  #take(text: string): boolean {
    if (!this.#source.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  #match(form: RegExp): RegExpExecArray | null {
    form.lastIndex = this.#at;
    const match = form.exec(this.#source);
    if (match !== null) this.#at = form.lastIndex;
    return match;
  }

  #sequence(): Pattern {
    const of: Pattern[] = [];
    while (this.#at < this.#source.length && this.#source[this.#at] !== "|" && this.#source[this.#at] !== ")")
      of.push(this.#quantified());
    return of.length === 1 ? (of[0] as Pattern) : { kind: "sequence", of };
  }

  #quantified(): Pattern {
    const of = this.#atom();
    const quantifier = this.#match(quantifierForm);
    if (quantifier === null) return of;
    const [text, least, more, most] = quantifier;
    if (least !== undefined) {
      const min = Number(least);
      return { kind: "repeat", of, min, max: more === undefined ? min : most === "" ? Number.POSITIVE_INFINITY : Number(most) };
    }
    return { kind: "repeat", of, min: text.startsWith("+") ? 1 : 0, max: text.startsWith("?") ? 1 : Number.POSITIVE_INFINITY };
  }

  #atom(): Pattern {
    const start = this.#at;
    if (this.#take("(")) return this.#group();
    if (this.#take("^") || this.#take("$")) return { kind: "edge" };
    if (this.#take("[")) {
      while (!this.#take("]")) if (this.#match(escapeForm) === null) this.#at++;
    } else if (this.#source[start] === "\\") {
      const [escape = ""] = this.#match(escapeForm) ?? [];
      if (escape === "\\b" || escape === "\\B") return { kind: "edge" };
      if (/^\\[1-9k]/.test(escape)) throw new Unsafe("has a back reference");
    } else {
      this.#at += (this.#source.codePointAt(start) ?? 0) > 0xffff ? 2 : 1;
    }
    return { kind: "char", source: this.#source.slice(start, this.#at) };
  }

  #group(): Pattern {
    if (this.#match(/\?<?[=!]/y) !== null) throw new Unsafe("looks ahead or behind");
    if (this.#match(/\?(?:<[^>]*>|:)/y) === null && this.#source[this.#at] === "?") throw new Unsafe("changes flags within");
    const inner = this.choice();
    this.#take(")");
    return inner;
  }
}

/** The parts of a pattern. Throws `SyntaxError` where `RegExp` does. */
const parse = (source: string): Pattern => {
  if (source.length > sourceLengthMax) throw new Unsafe(`is longer than ${sourceLengthMax} characters`);
  new RegExp(source, "u");
  return new PatternParser(source).choice();
};

/** What one part begins with, ends with, and whether it may be empty. Places are numbers. */
interface Shape {
  readonly nullable: boolean;
  readonly first: readonly number[];
  readonly last: readonly number[];
}

const empty: Shape = { nullable: true, first: [], last: [] };
const allAscii = String.fromCharCode(...Array(128).keys());
const beyondAscii = /[^\x00-\x7f]|\\[uUxcpPDWSs]|\[\^|^\.$/;

/** What one place matches: a bit for each character of ASCII, and whether anything beyond. */
interface Alphabet {
  readonly ascii: bigint;
  readonly wide: boolean;
}

/** Glushkov's automaton of a pattern, with each way from place to place counted. */
class Automaton {
  ambiguous = false;
  readonly #sources: string[] = [];
  readonly #followers: Set<number>[] = [];
  readonly #alphabets = new Map<string, Alphabet>();

  /** Whether there is never more than one way to go on. */
  isDeterministic(pattern: Pattern): boolean {
    const { first } = this.#shape(pattern);
    return !this.ambiguous && this.#distinct(first) && this.#followers.every((followers) => this.#distinct([...followers]));
  }

  #shape(pattern: Pattern): Shape {
    switch (pattern.kind) {
      case "edge":
        return empty;
      case "char": {
        const place = this.#sources.push(pattern.source) - 1;
        if (place >= placesMax) throw new Unsafe("is too large once its repetitions are written out");
        this.#followers.push(new Set());
        return { nullable: false, first: [place], last: [place] };
      }
      case "sequence":
        return pattern.of.reduce<Shape>((left, right) => this.#joined(left, this.#shape(right)), empty);
      case "choice": {
        const shapes = pattern.of.map((one) => this.#shape(one));
        if (shapes.filter((shape) => shape.nullable).length > 1) this.ambiguous = true;
        return {
          nullable: shapes.some((shape) => shape.nullable),
          first: shapes.flatMap((shape) => shape.first),
          last: shapes.flatMap((shape) => shape.last),
        };
      }
      case "repeat":
        return this.#repeated(pattern.of, pattern.min, pattern.max);
    }
  }

  /** `x{2,4}` as `xx(x(x)?)?`, `x{2,}` as `xx(x)*`. */
  #repeated(of: Pattern, min: number, max: number): Shape {
    if (Math.min(max, 1e9) > placesMax && max !== Number.POSITIVE_INFINITY) throw new Unsafe("repeats too often");
    if (min > placesMax) throw new Unsafe("repeats too often");
    let tail: Shape = empty;
    if (max === Number.POSITIVE_INFINITY) {
      const loop = this.#shape(of);
      this.#connect(loop.last, loop.first);
      if (min === 1) return loop;
      tail = { ...loop, nullable: true };
    } else {
      for (let times = min; times < max; times++) tail = { ...this.#joined(this.#shape(of), tail), nullable: true };
    }
    for (let times = 0; times < min; times++) tail = this.#joined(this.#shape(of), tail);
    return tail;
  }

  #joined(left: Shape, right: Shape): Shape {
    this.#connect(left.last, right.first);
    return {
      nullable: left.nullable && right.nullable,
      first: left.nullable ? [...left.first, ...right.first] : left.first,
      last: right.nullable ? [...left.last, ...right.last] : right.last,
    };
  }

  #connect(from: readonly number[], to: readonly number[]): void {
    if (to.length > followersMax) this.ambiguous = true;
    for (const place of from) {
      const followers = this.#followers[place] as Set<number>;
      for (const next of to) {
        if (followers.has(next) || followers.size > followersMax) {
          this.ambiguous = true;
          return;
        }
        followers.add(next);
      }
    }
  }

  #distinct(places: readonly number[]): boolean {
    for (let left = 0; left < places.length; left++) {
      for (let right = left + 1; right < places.length; right++) {
        if (this.#overlap(this.#sources[places[left] as number] as string, this.#sources[places[right] as number] as string))
          return false;
      }
    }
    return true;
  }

  #overlap(left: string, right: string): boolean {
    const a = this.#alphabet(left);
    const b = this.#alphabet(right);
    return (a.wide && b.wide) || (a.ascii & b.ascii) !== 0n;
  }

  #alphabet(source: string): Alphabet {
    let alphabet = this.#alphabets.get(source);
    if (alphabet === undefined) {
      let ascii = 0n;
      for (const character of allAscii.match(new RegExp(source, "gu")) ?? []) ascii |= 1n << BigInt(character.charCodeAt(0));
      alphabet = { ascii, wide: beyondAscii.test(source) };
      this.#alphabets.set(source, alphabet);
    }
    return alphabet;
  }
}

/** In how many ways the engine can walk through a pattern; infinite where it repeats without limit. */
const waysThrough = (pattern: Pattern): number => {
  switch (pattern.kind) {
    case "char":
    case "edge":
      return 1;
    case "sequence":
      return pattern.of.reduce((ways, part) => ways * waysThrough(part), 1);
    case "choice":
      return pattern.of.reduce((ways, part) => ways + waysThrough(part), 0);
    case "repeat": {
      const once = waysThrough(pattern.of);
      if (once === 1) return pattern.max - pattern.min + 1;
      let ways = 0;
      for (let times = pattern.min; times <= pattern.max && ways <= waysMax; times++) ways += once ** times;
      return ways;
    }
  }
};

const flawOf = (source: string): string | undefined => {
  try {
    const pattern = parse(source);
    if (waysThrough(pattern) <= waysMax || new Automaton().isDeterministic(pattern)) return undefined;
    return "can match one text in many ways, so that matching may take too long: let no part begin with a character that the part before it can go on with";
  } catch (error) {
    if (error instanceof Unsafe) return error.message;
    return `is no regular expression (${error instanceof Error ? error.message : String(error)})`;
  }
};

/** Patterns of definitions are few, and asked about for each field and each version of a service. */
const flaws = new Map<string, string | undefined>();

/** What is wrong with a pattern, to follow its name in a sentence; `undefined` when it may be used. */
export const checkPattern = (source: string): string | undefined => {
  if (!flaws.has(source)) flaws.set(source, flawOf(source));
  return flaws.get(source);
};

const preferred = [..."A1a-_. ", ...Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index)), ..."éßЖ中あ€–😀"];

const characterOf = (source: string): string => {
  const form = new RegExp(`^${source}$`, "u");
  const found = preferred.find((character) => form.test(character));
  if (found === undefined) throw new Unsafe("has no simple example");
  return found;
};

const exampleWith = (pattern: Pattern, extra: number): string => {
  switch (pattern.kind) {
    case "edge":
      return "";
    case "char":
      return characterOf(pattern.source);
    case "sequence":
      return pattern.of.map((part) => exampleWith(part, extra)).join("");
    case "choice":
      return exampleWith(pattern.of[0] as Pattern, extra);
    case "repeat":
      return exampleWith(pattern.of, extra).repeat(Math.min(pattern.max, pattern.min + extra));
  }
};

/** The simplest text found that matches a safe pattern within the lengths (UTF-16 units); `undefined` when none was found. */
export const exampleOfPattern = (
  source: string,
  { min, max }: { readonly min: number; readonly max: number },
): string | undefined => {
  try {
    const pattern = parse(source);
    const whole = new RegExp(`^(?:${source})$`, "u");
    for (let extra = 0; extra <= Math.min(min, sourceLengthMax); extra++) {
      const example = exampleWith(pattern, extra);
      if (example.length > max) return undefined;
      if (example.length >= min && whole.test(example)) return example;
    }
    return undefined;
  } catch {
    return undefined;
  }
};
