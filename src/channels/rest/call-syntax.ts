/**
 * The small syntax of `filters=` and `include=`: names with arguments in parentheses.
 *
 *   recommended;kids(ageFrom:3,ageTo:7)                       two calls; the second has two arguments
 *   customer,transfers(perPage:5,sortBy:createdAt.desc)       the same with a comma between
 *   named(text:"a, b (c)",of:[1,2])                           quoted text, a list
 *   transfers(include:items(perPage:2))                       an argument that is a call itself
 *
 *   calls    = call *( separator call )
 *   call     = word [ "(" [ argument *( "," argument ) ] ")" ]
 *   argument = word ":" value
 *   value    = quoted / "[" [ value *( "," value ) ] "]" / call
 *   quoted   = DQUOTE *( any but DQUOTE and "\" / "\" any ) DQUOTE
 *   word     = 1*( any but , ; : ( ) [ ] " )          (in a value ":" may stand: 12:30)
 *
 * White space around words is not significant. Parentheses and brackets nest at most `nestingMax` deep. Never throws.
 */

/** A word, or a quoted text, with its arguments. `quoted` tells `"null"` from `null`. */
export interface SyntaxCall {
  readonly text: string;
  readonly quoted: boolean;
  readonly args?: readonly SyntaxArgument[];
}

export interface SyntaxArgument {
  readonly name: string;
  readonly value: SyntaxValue;
}

export type SyntaxValue = SyntaxCall | readonly SyntaxValue[];

/** Why a text is no list of calls. */
export type SyntaxFault = "malformed" | "too_deep";

const wordEnd = /[,;:()[\]"]/g;
const valueEnd = /[,;()[\]"]/g;

/** Reads one text from its start; the first fault ends it. */
class Reader {
  readonly #text: string;
  readonly #nestingMax: number;
  #at = 0;
  fault: SyntaxFault | undefined;

  constructor(text: string, nestingMax: number) {
    this.#text = text;
    this.#nestingMax = nestingMax;
  }

  calls(separator: "," | ";"): SyntaxCall[] {
    const calls: SyntaxCall[] = [];
    do calls.push(this.#call(wordEnd, 0));
    while (this.fault === undefined && this.#take(separator));
    if (this.#at < this.#text.length) this.fault ??= "malformed";
    return calls;
  }

  #call(end: RegExp, depth: number): SyntaxCall {
    const text = this.#word(end);
    return this.#take("(") ? { text, quoted: false, args: this.#arguments(depth + 1) } : { text, quoted: false };
  }

  #arguments(depth: number): SyntaxArgument[] {
    const args: SyntaxArgument[] = [];
    if (depth > this.#nestingMax) this.fault ??= "too_deep";
    if (this.fault !== undefined || this.#take(")")) return args;
    do {
      const name = this.#word(wordEnd);
      if (!this.#take(":")) this.fault ??= "malformed";
      if (this.fault === undefined) args.push({ name, value: this.#value(depth) });
    } while (this.fault === undefined && this.#take(","));
    if (!this.#take(")")) this.fault ??= "malformed";
    return args;
  }

  #value(depth: number): SyntaxValue {
    if (this.#take('"')) return { text: this.#quoted(), quoted: true };
    if (!this.#take("[")) return this.#call(valueEnd, depth);
    const items: SyntaxValue[] = [];
    if (depth + 1 > this.#nestingMax) this.fault ??= "too_deep";
    if (this.fault !== undefined || this.#take("]")) return items;
    do items.push(this.#value(depth + 1));
    while (this.fault === undefined && this.#take(","));
    if (!this.#take("]")) this.fault ??= "malformed";
    return items;
  }

  #quoted(): string {
    let out = "";
    for (; this.#at < this.#text.length; this.#at++) {
      const character = this.#text[this.#at] as string;
      if (character === '"') {
        this.#at++;
        this.#space();
        return out;
      }
      out += character === "\\" ? (this.#text[++this.#at] ?? "") : character;
    }
    this.fault ??= "malformed";
    return out;
  }

  #word(end: RegExp): string {
    end.lastIndex = this.#at;
    const stop = end.exec(this.#text)?.index ?? this.#text.length;
    const word = this.#text.slice(this.#at, stop).trim();
    if (word === "") this.fault ??= "malformed";
    this.#at = stop;
    return word;
  }

  #take(character: string): boolean {
    this.#space();
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    this.#space();
    return true;
  }

  #space(): void {
    while (this.#text[this.#at] === " ") this.#at++;
  }
}

/** Parses a list of calls, or says why it is none. The text's length is bounded by the caller. */
export const parseCalls = (
  text: string,
  options: { readonly separator: "," | ";"; readonly nestingMax: number },
): readonly SyntaxCall[] | SyntaxFault => {
  const reader = new Reader(text, options.nestingMax);
  const calls = reader.calls(options.separator);
  return reader.fault ?? calls;
};
