import { expect, test } from "bun:test";
import { LanguageChooser } from "./language.ts";

const chooser = new LanguageChooser({ available: ["en", "de", "de-AT", "fr", "zh-Hant", "bg"], fallback: "en" });

test.each([
  [undefined, "en"],
  ["", "en"],
  ["de", "de"],
  ["de-DE", "de"],
  ["de-at", "de-AT"],
  ["de-AT-1996", "de-AT"],
  ["zh-Hant-CN-x-private1-private2", "zh-Hant"],
  ["zh", "en"],
  ["fr;q=0.5, de;q=0.9", "de"],
  ["fr;q=0.5, de;q=0.5", "fr"],
  ["es, hu, bg;q=0.1", "bg"],
  ["es, *;q=0.5", "en"],
  ["*, de;q=0.5", "en"],
  ["de-AT, de-AT;q=0", "de"],
  ["de-x-a", "de"],
  ["xx;q=1, ;q=, de;q=bad", "en"],
  ["../../etc", "en"],
  ["x".repeat(5000), "en"],
])("Accept-Language: case %# → %s", (header, language) => {
  expect(chooser.choose(header)).toBe(language);
  expect(chooser.choose(header)).toBe(language);
});

test.each([
  ["de-CH", "de"],
  ["DE-at", "de-AT"],
  ["hu", undefined],
  ["", undefined],
  ["de_DE", undefined],
  ["__proto__", undefined],
  ["a".repeat(100), undefined],
])("one tag %s → %p", (tag, language) => {
  expect(chooser.lookup(tag)).toBe(language as never);
});
