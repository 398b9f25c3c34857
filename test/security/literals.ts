/** Regular expressions that stand in a program's text, found as a parser would: not in comments, strings and templates, and no division. */

export interface Literal {
  readonly source: string;
  readonly flags: string;
}

const spaces: ReadonlySet<string> = new Set([" ", "\n", "\r", "\t"]);
/** Behind these characters an operand begins: a slash there begins a regular expression. */
const opening: ReadonlySet<string> = new Set([..."([{,;:?!&|=<>+-*%^~}", ""]);
const words = /(?:^|[^\w$.])(?:return|typeof|case|in|of|yield|await|void|delete|throw|else|do)$/;

/** The end of a regular expression that begins at `at`; undefined: it is none, since it does not end on its line. */
const endOf = (text: string, at: number): number | undefined => {
  let isClass = false;
  for (let place = at + 1; place < text.length; place++) {
    const char = text[place];
    if (char === "\n") return undefined;
    if (char === "\\") place++;
    else if (char === "[") isClass = true;
    else if (char === "]") isClass = false;
    else if (char === "/" && !isClass) return place;
  }
  return undefined;
};

/** Of JavaScript without types, as a transpiler writes it. */
export const literalsIn = (text: string): readonly Literal[] => {
  const found: Literal[] = [];
  /** Braces that are open within templates: where one of them closes, its template goes on. */
  const templates: number[] = [];
  let depth = 0;
  let before = "";
  let tail = "";
  const skipTemplate = (from: number): number => {
    for (let place = from; place < text.length; place++) {
      if (text[place] === "\\") place++;
      else if (text[place] === "`") return place;
      else if (text[place] === "$" && text[place + 1] === "{") {
        templates.push(depth++);
        return place + 1;
      }
    }
    return text.length;
  };
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? "";
    const next = text[at + 1];
    if (spaces.has(char)) {
      tail += char;
      continue;
    }
    if (char === "/" && next === "/") {
      at = text.indexOf("\n", at);
      if (at === -1) break;
      continue;
    }
    if (char === "/" && next === "*") {
      at = text.indexOf("*/", at) + 1;
      continue;
    }
    if (char === '"' || char === "'") {
      for (at++; at < text.length && text[at] !== char; at++) if (text[at] === "\\") at++;
      [before, tail] = [char, ""];
      continue;
    }
    if (char === "`") {
      at = skipTemplate(at + 1);
      [before, tail] = text[at] === "{" ? ["{", ""] : ["`", ""];
      continue;
    }
    if (char === "}" && templates.at(-1) === depth - 1) {
      templates.pop();
      depth--;
      at = skipTemplate(at + 1);
      [before, tail] = text[at] === "{" ? ["{", ""] : ["`", ""];
      continue;
    }
    if (char === "{") depth++;
    if (char === "}") depth--;
    const end = char === "/" && (opening.has(before) || words.test(tail.trimEnd())) ? endOf(text, at) : undefined;
    if (end !== undefined) {
      const flags = /^[a-z]*/.exec(text.slice(end + 1))?.[0] ?? "";
      found.push({ source: text.slice(at + 1, end), flags });
      at = end + flags.length;
      [before, tail] = ["/", ""];
      continue;
    }
    before = char;
    tail = `${tail}${char}`.slice(-12);
  }
  return found;
};
