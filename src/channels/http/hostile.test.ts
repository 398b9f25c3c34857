/** No header, whatever it holds, makes a parser throw or take long. */
import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { Negotiator } from "./accept.ts";
import { chooseCoding } from "./encoding.ts";
import { parseTagCondition } from "./etag.ts";
import { parseIdempotencyKey } from "./idempotency-key.ts";
import { LanguageChooser } from "./language.ts";
import { parsePrefer } from "./prefer.ts";
import { parseDictionary, parseItem, parseList } from "./structured-fields.ts";
import { parseTraceparent } from "./traceparent.ts";

const negotiator = new Negotiator([{ mediaTypes: ["application/json"], value: 1 }]);
const languages = new LanguageChooser({ available: ["en", "de"], fallback: "en" });
const parsers: Readonly<Record<string, (header: string) => unknown>> = {
  accept: (header) => negotiator.choose(header),
  language: (header) => languages.choose(header),
  coding: chooseCoding,
  prefer: parsePrefer,
  tags: parseTagCondition,
  idempotencyKey: parseIdempotencyKey,
  item: parseItem,
  list: parseList,
  dictionary: parseDictionary,
  trace: parseTraceparent,
};

const pieces = fc.constantFrom(
  ...'a|b/c|*|*/*|;|,|=|q=0.5|q=|"|\\|(|)|:|@|?1|%"|W/| |\t|-|1|1.5|é|\u0000|\n|__proto__'.split("|"),
);

test.each(Object.entries(parsers))("%s takes random headers", (_, parse) => {
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 30 }), (parts) => void parse(parts.join(""))),
    { numRuns: 1000 },
  );
});

test.each(Object.entries(parsers))("%s takes long headers within milliseconds", (_, parse) => {
  const started = performance.now();
  for (const piece of [
    "a",
    ",",
    ";",
    '"',
    "\\",
    "(",
    " ",
    "\t",
    "a,",
    "a;b,",
    '"a",',
    'W/"',
    "q=0.5;",
    "%",
    ":",
    "1",
    "a-",
    '"\\',
    "a=(1 2), ",
  ]) {
    for (const length of [2000, 16_000, 200_000]) parse(piece.repeat(length / piece.length));
  }
  // 57 headers, up to 200,000 characters each.
  expect(performance.now() - started).toBeLessThan(500);
});
