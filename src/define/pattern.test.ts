import { describe, expect, test } from "bun:test";
import { checkPattern, exampleOfPattern } from "./pattern.ts";

const safe = [
  "",
  "[A-Z]{2}[0-9]{2}",
  "[a-z]+(?:-[a-z]+)*",
  "[a-z][a-z0-9_]*",
  "[A-Z]{2,3}[A-Z0-9]{5}",
  "(?:ab|cd)*",
  "[A-Z]{2}[0-9]{2}(?:[A-Z0-9]{4}){3,7}",
  "https?://[a-z.]+",
  "(?<year>[0-9]{4})-(?<month>[0-9]{2})",
  "^[0-9]{4}$",
  "\\p{L}+",
  ".*",
  "[^x]*x",
  "[\\]a-c]{1,255}",
  "(?:cat|car)s?",
  "a?b?c?d?",
  "\\u{1F600}+",
  "[0-9]{1,3}(?:\\.[0-9]{1,3}){3}",
  "(?:a?)*",
];

const unsafe: readonly (readonly [pattern: string, says: string])[] = [
  ["(a+)+", "many ways"],
  ["(a*)*", "many ways"],
  ["(a|a)*", "many ways"],
  ["(a|aa)*", "many ways"],
  ["(.*)*x", "many ways"],
  ["a*a*", "many ways"],
  [".*x", "many ways"],
  ["\\d+\\d+", "many ways"],
  ["(?:[a-z]+-?)*", "many ways"],
  [`${"a?".repeat(30)}${"a".repeat(30)}`, "many ways"],
  ["(?:|){30}x*", "many ways"],
  ["(?:a{0,30}){30}", "many ways"],
  ["(?:é|[^a])*", "many ways"],
  ["(a)\\1", "back reference"],
  ["(?<x>a)\\k<x>", "back reference"],
  ["(?=a)a", "looks ahead"],
  ["(?<!a)b", "looks ahead or behind"],
  ["(?i:a)", "flags"],
  ["(", "no regular expression"],
  ["a{2,1}", "no regular expression"],
  ["[a-z]{1,100000}", "too often"],
  ["(?:[a-z]{1,100}x){100}", "too large"],
  ["a".repeat(1_001), "longer than"],
];

describe("patterns that may be used", () => {
  test.each(safe)("%s", (pattern) => expect(checkPattern(pattern)).toBeUndefined());
});

describe("patterns that may not", () => {
  test.each(unsafe)("%s", (pattern, says) => expect(checkPattern(pattern)).toContain(says));
});

test("a safe pattern takes linear time on what almost matches", () => {
  for (const pattern of safe) {
    const form = new RegExp(`^(?:${pattern})$`, "u");
    for (const piece of ["a", "A", "1", "ab", "a-", "1.1."]) {
      const started = performance.now();
      form.test(`${piece.repeat(30_000)}!\n`);
      expect(performance.now() - started).toBeLessThan(200);
    }
  }
});

test.each(safe)("an example of %s matches it", (pattern) => {
  const example = exampleOfPattern(pattern, { min: 0, max: 255 });
  expect(example).toMatch(new RegExp(`^(?:${pattern})$`, "u"));
});

test("an example grows to the least length", () => {
  expect(exampleOfPattern("[a-z]+", { min: 4, max: 8 })).toBe("aaaa");
  expect(exampleOfPattern("[a-z]{2}", { min: 4, max: 8 })).toBeUndefined();
});
