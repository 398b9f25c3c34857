/**
 * A scan of YAML text that counts what Bun.YAML does not report: keys, aliases, documents. It is no parser: it knows
 * comments, quotes, block scalars and flow brackets, and relies on one law of YAML, that no plain scalar may hold a
 * colon before white space, so that every such colon belongs to a key.
 *
 * Linear in the length of the text. Where it reads exotic text differently from the parser the counts differ, and
 * yaml.ts refuses the document: a mistake here refuses, it does not let through.
 */

export interface YamlScan {
  readonly keys: number;
  readonly aliases: number;
  readonly documents: number;
  /** A plain `<<` stands where a key or a value may begin. (The parser merges by a quoted one too; the keys then differ in number.) */
  readonly hasMerge: boolean;
}

/** A line that starts a document. */
const DOCUMENT = /^---(?=[ \t\r\n]|$)/gm;
/** The text before a `---` that is no document: directives, comments, white space, and an end marker. */
const NO_CONTENT = /^\s*(?:(?:[#%]|\.\.\.(?=\s))[^\n]*(?:\n\s*|$))*$/;
/** What ends an anchor, a tag or an alias. */
const WORD = /[^ \t\r\n,[\]{}]*/y;
/** What may go on in a plain scalar without a further look. */
const PLAIN = /[^\s:#,[\]{}]*/y;
const BLOCK_HEADER = /[|>][0-9+-]{0,2}[ \t]*(?:#[^\n]*)?\r?(?:\n|$)/y;
const BLANK = /[ \t]*\r?(?:\n|$)/y;

const SPACE = 0x20;
const TAB = 0x09;
const NEWLINE = 0x0a;
const RETURN = 0x0d;

const ALIAS = /(?:^|[\s,[{:?-])\*[^\s]/g;
const ANCHOR = /(?:^|[\s,[{:?-])&[^\s]/;

/**
 * The most keys that merges could copy, whatever the text means: everything that looks like an alias times everything
 * that looks like a key, in strings and comments too. It does not trust the scan, which text can be made to mislead;
 * 0 where there is no anchor.
 */
export function mergeCostMax(text: string): number {
  if (!ANCHOR.test(text)) return 0;
  const aliases = text.match(ALIAS)?.length ?? 0;
  return aliases === 0 ? 0 : aliases * (text.match(/[:,]/g)?.length ?? 0);
}

/** Counts keys, aliases and documents of a text. */
export function scanYaml(text: string): YamlScan {
  return new Scanner(text).run();
}

function isSpace(code: number): boolean {
  // NaN stands for the end of the text.
  return code === SPACE || code === TAB || code === NEWLINE || code === RETURN || Number.isNaN(code);
}

class Scanner {
  readonly #text: string;
  #index = 0;
  #keys = 0;
  #aliases = 0;
  #hasMerge = false;
  #flowDepth = 0;
  /** A new node may begin here. */
  #atStart = true;
  /** The last node was quoted or a flow collection, so that in flow a colon may follow at once. */
  #afterClosed = false;
  #lineStart = 0;
  /** Column of the first character of the node that began last on this line: where a key would stand. */
  #nodeColumn = 0;
  /** Column of the innermost `-` or key on this line; -1 for none. */
  #parentColumn = -1;

  constructor(text: string) {
    this.#text = text;
  }

  run(): YamlScan {
    const text = this.#text;
    while (this.#index < text.length) this.#step(text.charCodeAt(this.#index));
    return { keys: this.#keys, aliases: this.#aliases, documents: countDocuments(text), hasMerge: this.#hasMerge };
  }

  #step(code: number): void {
    if (code === NEWLINE) {
      this.#newline();
    } else if (code === SPACE || code === TAB || code === RETURN) {
      this.#index++;
    } else if (code === 0x23 && (this.#index === 0 || isSpace(this.#text.charCodeAt(this.#index - 1)))) {
      this.#to("\n");
    } else if (code === 0x3a && this.#isKeyColon()) {
      this.#key();
    } else if (this.#flowDepth > 0 && (code === 0x2c || code === 0x5d || code === 0x7d)) {
      this.#flowPunctuation(code);
    } else if (this.#atStart) {
      this.#node(code);
    } else {
      this.#plain();
    }
  }

  #newline(): void {
    this.#index++;
    this.#lineStart = this.#index;
    this.#parentColumn = -1;
    this.#atStart = true;
    this.#afterClosed = false;
  }

  #to(end: string): void {
    const at = this.#text.indexOf(end, this.#index);
    this.#index = at === -1 ? this.#text.length : at;
  }

  #isKeyColon(): boolean {
    const next = this.#text.charCodeAt(this.#index + 1);
    if (isSpace(next)) return true;
    return (
      this.#flowDepth > 0 &&
      (this.#afterClosed || next === 0x2c || next === 0x5d || next === 0x7d || next === 0x5b || next === 0x7b)
    );
  }

  #key(): void {
    this.#keys++;
    this.#index++;
    this.#parentColumn = this.#nodeColumn;
    this.#atStart = true;
    this.#afterClosed = false;
  }

  #flowPunctuation(code: number): void {
    this.#index++;
    this.#atStart = code === 0x2c;
    this.#afterClosed = code !== 0x2c;
    if (code !== 0x2c) this.#flowDepth--;
  }

  /** The first character of a node, or of the properties before it. */
  #node(code: number): void {
    this.#nodeColumn = this.#index - this.#lineStart;
    const character = this.#text[this.#index] ?? "";
    const next = this.#text.charCodeAt(this.#index + 1);
    if (this.#nodeColumn === 0 && this.#flowDepth === 0 && isMarker(this.#text, this.#index)) {
      this.#marker();
    } else if ((code === 0x2d || code === 0x3f) && isSpace(next)) {
      this.#parentColumn = this.#nodeColumn;
      this.#index++;
    } else if (code === 0x5b || code === 0x7b) {
      this.#flowDepth++;
      this.#index++;
    } else if (code === 0x26 || code === 0x21) {
      this.#word();
    } else if (code === 0x2a) {
      this.#aliases++;
      this.#word();
      this.#atStart = false;
    } else if (code === 0x22 || code === 0x27) {
      this.#quoted(character);
    } else if ((code === 0x7c || code === 0x3e) && this.#flowDepth === 0) {
      this.#block();
    } else {
      if (this.#text.startsWith("<<", this.#index) && !/[^\s:,\]}]/.test(this.#text[this.#index + 2] ?? ""))
        this.#hasMerge = true;
      this.#plain();
    }
  }

  /** What follows `---` on its line stands as if at the start of a line. */
  #marker(): void {
    this.#index += 3;
    while (this.#text.charCodeAt(this.#index) === SPACE) this.#index++;
    this.#lineStart = this.#index;
  }

  #word(): void {
    WORD.lastIndex = this.#index + 1;
    WORD.exec(this.#text);
    this.#index = WORD.lastIndex;
  }

  #quoted(quote: string): void {
    const text = this.#text;
    let index = this.#index + 1;
    for (;;) {
      const end = text.indexOf(quote, index);
      if (end === -1) {
        this.#index = text.length;
        return;
      }
      if (quote === "'" && text[end + 1] === "'") {
        index = end + 2;
        continue;
      }
      if (quote === '"' && isEscaped(text, index, end)) {
        index = end + 1;
        continue;
      }
      this.#index = end + 1;
      this.#atStart = false;
      this.#afterClosed = true;
      return;
    }
  }

  /** One character of a plain scalar, or a run of ordinary ones. */
  #plain(): void {
    PLAIN.lastIndex = this.#index + 1;
    PLAIN.exec(this.#text);
    this.#index = PLAIN.lastIndex;
    this.#atStart = false;
    this.#afterClosed = false;
  }

  /** A literal or folded scalar: its lines are those indented more than what holds it. */
  #block(): void {
    const text = this.#text;
    BLOCK_HEADER.lastIndex = this.#index;
    const header = BLOCK_HEADER.exec(text);
    if (header === null) {
      this.#plain();
      return;
    }
    const parent = this.#parentColumn >= 0 ? this.#parentColumn : this.#nodeColumn - 1;
    const digit = /[1-9]/.exec(header[0].slice(0, 3))?.[0];
    let indent = digit === undefined ? -1 : Math.max(parent, 0) + Number(digit);
    let index = BLOCK_HEADER.lastIndex;
    while (index < text.length) {
      BLANK.lastIndex = index;
      if (BLANK.exec(text) !== null && BLANK.lastIndex > index) {
        index = BLANK.lastIndex;
        continue;
      }
      let column = 0;
      while (text.charCodeAt(index + column) === SPACE) column++;
      if (indent === -1) indent = Math.max(column, parent + 1);
      if (column < indent || isMarker(text, index)) break;
      const end = text.indexOf("\n", index);
      index = end === -1 ? text.length : end + 1;
    }
    this.#index = index - 1;
    if (text.charCodeAt(this.#index) !== NEWLINE) this.#index = index;
    this.#atStart = false;
  }
}

/** Whether an odd number of backslashes stands before a quote. */
function isEscaped(text: string, start: number, end: number): boolean {
  let index = end;
  while (index > start && text[index - 1] === "\\") index--;
  return (end - index) % 2 === 1;
}

function isMarker(text: string, index: number): boolean {
  return (text.startsWith("---", index) || text.startsWith("...", index)) && isSpace(text.charCodeAt(index + 3));
}

function countDocuments(text: string): number {
  if (!text.includes("---")) return 1;
  let documents = 0;
  let first = -1;
  DOCUMENT.lastIndex = 0;
  for (let match = DOCUMENT.exec(text); match !== null && documents < 2; match = DOCUMENT.exec(text)) {
    documents++;
    if (first === -1) first = match.index;
  }
  return first > 0 && !NO_CONTENT.test(text.slice(0, first)) ? documents + 1 : Math.max(documents, 1);
}
