/** SECURITY 44: no regular expression takes long, whatever text it is given: those of the server's own text, and those that a definition may have. */
import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { checkPattern } from "../../src/define/pattern.ts";
import { root } from "../host/server.ts";
import { type Literal, literalsIn } from "./literals.ts";

/** Characters. One that looks at every pair of them shows it here, and takes hours for the megabytes that a message may have. */
const textMax = 16 * 1024;
/** A linear expression takes a small part of a millisecond for it, also on a busy machine less than this. */
const msMax = 60;
/** First a quarter of the text is tried: what takes less than this for it is not looked at further. */
const quickMsMax = 1;

/** Those that take time with the square of their text, and why it is short: its bound is checked before, or it is its author's and not a caller's. */
const bounded: Readonly<Record<string, string>> = {
  "/(\\w+) \\{([^{}]*)\\}/g": "messages of a definition",
  "/\\/+$/": "an address that the user of a client or of the command line gives",
  "/^_+|_+$/g": "names of a definition",
  "/0+$/": "decimals: 400 characters, durations: 100",
  "/([0-9]+)(?:\\.([0-9]+))?([YMWDHS])/g": "durations: 100 characters",
  "/[A-Za-z_]\\w*(?=\\??:)/": "generated types",
  "/[ \\t]*\\r?\\n[ \\t]+/g": "header values with line ends, which no server passes on",
  "/\\.?0+$/": "rates: digits of a number",
  "/^[/ ]+|[/ ]+$/g": "lines of statements: 65 characters",
};

const textsOf = (source: string, length: number): readonly string[] => {
  const chars = new Set(
    [...source.replaceAll(/\\[bBdDwWsSpPux]/g, ""), ..."a0A-. \t\n=,;:\"'/\\(é"].filter((char) => char.length === 1),
  );
  const pumped = [...chars].flatMap((char) => {
    const body = char.repeat(length);
    return [body, `${body}\0`, `\0${body}\0`];
  });
  const pairs = ["a ", "a-", "a.", "a=", "0.", "a,", '\\"', "\r\n", "a\t", "--", "; ", "a/"].map(
    (pair) => `${pair.repeat(length / 2)}\0`,
  );
  return [...pumped, ...pairs];
};

/** The longest time that it takes for one of the texts, the shortest of three tries of each, and for which: at most to the first that is too long. */
const slowest = ({ source, flags }: Literal): { readonly ms: number; readonly text: string } => {
  const expression = new RegExp(source, flags);
  let worst = { ms: 0, text: "" };
  const once = (text: string): number => {
    const start = performance.now();
    if (expression.global) text.replace(expression, "");
    else expression.exec(text);
    expression.lastIndex = 0;
    return performance.now() - start;
  };
  const long = textsOf(source, textMax);
  for (const [at, text] of textsOf(source, textMax / 4).entries()) {
    let ms = once(text);
    if (ms < quickMsMax) continue;
    const whole = long[at] ?? "";
    ms = once(whole);
    for (let again = 0; again < 2 && ms > msMax; again++) ms = Math.min(ms, once(whole));
    if (ms > worst.ms) worst = { ms, text: text.slice(0, 12) };
    if (ms > msMax) break;
  }
  return worst;
};

const literalsBelow = (folder: string): ReadonlyMap<string, readonly string[]> => {
  const byLiteral = new Map<string, string[]>();
  for (const file of readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })) {
    if (!/\.(?:ts|mjs)$/.test(file) || /\.(?:test|d)\.ts$/.test(file)) continue;
    const transpiler = new Bun.Transpiler({ loader: file.endsWith(".ts") ? "ts" : "js" });
    const text = transpiler.transformSync(readFileSync(join(root, folder, file), "utf8"));
    for (const { source, flags } of literalsIn(text)) {
      const name = JSON.stringify([source, flags]);
      byLiteral.set(name, [...(byLiteral.get(name) ?? []), `${folder}/${file}`]);
    }
  }
  return byLiteral;
};

describe("SECURITY 44", () => {
  test("expressions are found as a parser finds them", () => {
    const text =
      'const a = /b[/]c/g; // /no/\nconst s = "/no/"; const t = `/no/ ${/yes/.test(a ? `x${1 / 2}` : "")} /no/`; const q = 4 / 2 / 1;\nreturn /d\\/e/u;';
    expect(literalsIn(text)).toEqual([
      { source: "b[/]c", flags: "g" },
      { source: "yes", flags: "" },
      { source: "d\\/e", flags: "u" },
    ]);
  });

  test("one that takes long is seen", () => {
    for (const source of ["\\s+(asc|desc)$", "=+$", "^(?:a?a?)*b$"])
      expect([source, slowest({ source, flags: "" }).ms > msMax]).toEqual([source, true]);
  });

  for (const folder of ["src", "services"])
    test(
      `none below ${folder} takes long`,
      () => {
        const slow: unknown[] = [];
        const all = literalsBelow(folder);
        expect(all.size).toBeGreaterThan(folder === "src" ? 100 : 5);
        for (const [name, files] of all) {
          const [source, flags] = JSON.parse(name) as [string, string];
          if (Object.hasOwn(bounded, `/${source}/${flags}`)) continue;
          const { ms, text } = slowest({ source, flags });
          if (ms > msMax) slow.push(`/${source}/${flags} ${files.join(" ")} ${JSON.stringify(text)} ${Math.round(ms)} ms`);
        }
        expect(slow).toEqual([]);
      },
      5 * 60_000,
    );

  test("those whose texts are short are still there", () => {
    const all = new Set(
      ["src", "services"].flatMap((folder) =>
        [...literalsBelow(folder).keys()].map((name) => {
          const [source, flags] = JSON.parse(name) as [string, string];
          return `/${source}/${flags}`;
        }),
      ),
    );
    for (const [name, why] of Object.entries(bounded)) expect([name, why !== "", all.has(name)]).toEqual([name, true, true]);
  });

  test("a pattern that a definition may have takes no longer than its text is long, and one that would is refused", () => {
    for (const source of ["(a+)+", "(a|aa)*", "(.*)*x", "a*a*", "(?:[a-z]+-?)*", "(a)\\1", "(?=a+)a+b"])
      expect([source, checkPattern(source) !== undefined]).toEqual([source, true]);
    for (const source of [
      "[a-z]+(?:-[a-z]+)*",
      "(?:ab|cd)*",
      "[^x]*x",
      "[A-Z]{2}[0-9]{2}(?:[A-Z0-9]{4}){3,7}",
      ".*",
      "\\p{L}+",
    ]) {
      expect([source, checkPattern(source)]).toEqual([source, undefined]);
      const { ms, text } = slowest({ source: `^(?:${source})$`, flags: "u" });
      expect([source, text, ms > msMax]).toEqual([source, text, false]);
    }
  });
});
