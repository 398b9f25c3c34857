import { describe, expect, test } from "bun:test";
import { YAML } from "bun";
import * as fc from "fast-check";
import { hasSafeNumbers, jsonArbitrary, utf8 } from "./plain.arbitrary.ts";
import type { PlainValue } from "./plain.ts";
import { scanYaml } from "./yaml-scan.ts";
import { parseYaml, stringifyYaml } from "./yaml.ts";

describe("parseYaml", () => {
  test.each([
    ["a: 1", { a: 1 }],
    ["a:1", "a:1"],
    ["a : 1", { a: 1 }],
    ['{"a":1}', { a: 1 }],
    ["[a: 1]", [{ a: 1 }]],
    ["[a:1]", ["a:1"]],
    ["a:\tb", { a: "b" }],
    ["? a\n: b", { a: "b" }],
    ["- a: 1\n  b: 2", [{ a: 1, b: 2 }]],
    ["- - a: 1", [[{ a: 1 }]]],
    ["a: |\n  x: y\nb: 1", { a: "x: y\n", b: 1 }],
    ["a: >-\n  x: y\n\n  z: w\nb: 1", { a: "x: y\nz: w", b: 1 }],
    ["a: |2\n   x: 1\n  y: 2\nz: 1", { a: " x: 1\ny: 2\n", z: 1 }],
    ["a: |\n\n\n  x: 1\n   y: 2\nb: 1", { a: "\n\nx: 1\n y: 2\n", b: 1 }],
    ["- a: |\n    k: v\n  b: 1", [{ a: "k: v\n", b: 1 }]],
    ["- |\n x: 1\n- 2", ["x: 1\n", 2]],
    ["--- |\n x: 1\n", "x: 1\n"],
    ["a: 'x: y\n  z: w'", { a: "x: y z: w" }],
    ["{a: [1, {b: 2}], c: 'it''s: x'}", { a: [1, { b: 2 }], c: "it's: x" }],
    ['"a\\": b": 1', { 'a": b': 1 }],
    ["a: it's\nb: it's", { a: "it's", b: "it's" }],
    ["a: x # c: d\nb: x#c", { a: "x", b: "x#c" }],
    ["a: http://x:80/", { a: "http://x:80/" }],
    ["a: b\r\nc: d\r\n", { a: "b", c: "d" }],
    ["%YAML 1.2\n---\na: 1\n...\n", { a: 1 }],
    ["# c\n---\na: 1", { a: 1 }],
    ["a: &x {k: 1}\nb: *x\nc: [*x, *x]", { a: { k: 1 }, b: { k: 1 }, c: [{ k: 1 }, { k: 1 }] }],
    ["d: 2001-01-01\nyes: no\nn: ~", { d: "2001-01-01", yes: "no", n: null }],
    ["a: !!js/function 'x'\nb: !!binary aGk=\nc: !!python/object x", { a: "x", b: "aGk=", c: "x" }],
    ["constructor: 1\ntoString: 2", { constructor: 1, toString: 2 }],
    ["a: '9007199254740993'", { a: "9007199254740993" }],
    ["null", null],
  ] as readonly (readonly [string, PlainValue])[])("reads %j", (text, value) => {
    expect(parseYaml(utf8(text))).toStrictEqual(value);
  });

  test.each([
    ["", "invalid_yaml"],
    ["# only a comment", "invalid_yaml"],
    ["a: b: c", "invalid_yaml"],
    ["a: *x", "invalid_yaml"],
    ["\tb: 1", "invalid_yaml"],
    ["---\na\n---\nb", "invalid_yaml"],
    ["a\n---\nb", "invalid_yaml"],
    ["--- a\n...\n--- b", "invalid_yaml"],
    ["<<: {a: 1}\nb: 2", "invalid_yaml"],
    ["x: &a {k: 1}\ny:\n  <<: *a", "invalid_yaml"],
    ["{? << : {a: 1}}", "invalid_yaml"],
    ['"<<": {a: 1}', "duplicate_key"],
    ['"\\x3c\\u003C": {a: 1}', "duplicate_key"],
    ["'<<': {a: 1}", "duplicate_key"],
    ["!!merge <<: {a: 1}", "invalid_yaml"],
    ["a: 1\na: 2", "duplicate_key"],
    ["{a: 1, b: 2, a: 3}", "duplicate_key"],
    ["x:\n  - a:\n      b: 1\n      b: 2", "duplicate_key"],
    ["1: a\n'1': b", "duplicate_key"],
    ["{a, a}", "duplicate_key"],
    ["a: 9007199254740993", "number_out_of_range"],
    ["a: 0x20000000000001", "number_out_of_range"],
    [".nan", "number_out_of_range"],
    ["-.inf", "number_out_of_range"],
    ["1e400", "number_out_of_range"],
    ["__proto__: {x: 1}", "forbidden_key"],
    ["a: {'__proto__': 1}", "forbidden_key"],
    ["&a [*a]", "too_deep"],
    ["&a {x: *a}", "too_deep"],
    ["[".repeat(65) + "]".repeat(65), "too_deep"],
    ["[".repeat(500_000), "too_deep"],
    ["- ".repeat(200_000), "too_deep"],
  ])("refuses case %# as %s", (text, type) => {
    expect(parseYaml(utf8(text))).toMatchObject({ status: 400, type });
  });

  test("refuses alias and merge bombs at once", () => {
    let aliases = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
    for (let level = 1; level < 9; level++)
      aliases += `a${level}: &a${level} [${Array(7)
        .fill(`*a${level - 1}`)
        .join(", ")}]\n`;
    let merges = "a0: &a0 {x0: 1}\n";
    for (let level = 1; level < 3000; level++) merges += `a${level}: &a${level}\n  "\\x3c<": *a${level - 1}\n  x${level}: 1\n`;
    // A quote that begins no scalar hides what follows from the scan.
    const hidden = `a: x\n  'y\n${merges}`;
    const started = performance.now();
    expect(parseYaml(utf8(aliases))).toMatchObject({ status: expect.any(Number), type: expect.any(String) });
    expect(parseYaml(utf8(merges))).toMatchObject({ status: 400, type: "invalid_yaml" });
    expect(parseYaml(utf8(hidden))).toMatchObject({ status: 400, type: "invalid_yaml" });
    expect(parseYaml(utf8(`a: &a [x]\nb: [${Array(65).fill("*a").join(", ")}]`))).toMatchObject({
      status: 400,
      type: "invalid_yaml",
    });
    expect(performance.now() - started).toBeLessThan(500);
  });

  test("bounds what few aliases expand to, and shares nothing between places", () => {
    const wide = `a: &a [${Array(20_000).fill("1").join(",")}]\nb: [${Array(12).fill("*a").join(", ")}]`;
    expect(parseYaml(utf8(wide))).toMatchObject({ status: 413, type: "too_large" });
    const shared = parseYaml(utf8("a: &x {k: 1}\nb: *x")) as Record<string, unknown>;
    expect(shared["a"]).not.toBe(shared["b"]);
  });

  test("refuses invalid UTF-8 and more than 1 MiB", () => {
    expect(parseYaml(new Uint8Array([0x61, 0x3a, 0x20, 0xff]))).toMatchObject({ status: 400, type: "invalid_encoding" });
    expect(parseYaml(utf8(`a: ${"x".repeat(1024 * 1024)}`))).toMatchObject({ status: 413, type: "too_large" });
  });

  test("never throws on random text and mutated documents", () => {
    const part = fc.constantFrom(
      ..."a|: |- |\n|  |'|\"|{|}|[|]|, |&a |*a |!t |? |#c|>|\\|--- |<<|1|%|\t|\r\n|\u0000".split("|").concat("|"),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 24 }), (parts) => void parseYaml(utf8(parts.join("")))),
      { numRuns: 1500 },
    );
  });
});

describe("stringifyYaml", () => {
  test("is read back by ourselves and by the parser alone", () => {
    fc.assert(
      fc.property(jsonArbitrary.filter(isYaml), (value) => {
        const text = stringifyYaml(value);
        expect(parseYaml(utf8(text))).toStrictEqual(value);
        expect(YAML.parse(text)).toStrictEqual(value);
      }),
      { numRuns: 400 },
    );
  });

  test("the scan counts the keys of what Bun writes, in both styles", () => {
    fc.assert(
      fc.property(jsonArbitrary.filter(isYaml), fc.constantFrom(undefined, 2), (value, space) => {
        const text = YAML.stringify(value, null, space);
        // Equal empty containers are anchored by no one: each is an object of its own.
        expect({ text, keys: scanYaml(text).keys }).toEqual({ text, keys: countKeys(value) });
      }),
      { numRuns: 400 },
    );
  });

  test.each([
    [{ id: 7, country: "NO", tags: ["a"] }, 'id: 7\ncountry: "NO"\ntags:\n  - a\n'],
    [[[1, [2]], { x: [{ y: "z" }] }, [], {}], '- - 1\n  - - 2\n- x:\n    - "y": z\n- []\n- {}\n'],
    [
      ["null", "1", "1.0", "0x1", "12:30", "2001-01-01", "", "true", "~", "1e3", "a: b", "- a", " a"].slice(0, 3),
      '- "null"\n- "1"\n- "1.0"\n',
    ],
    [[9007199254740993n, 5n, new Uint8Array([1]), -0, 1e21 / 1e21], '- "9007199254740993"\n- 5\n- "AQ=="\n- -0.0\n- 1\n'],
    [{}, "{}\n"],
    [[], "[]\n"],
    ["a\nb", '"a\\nb"\n'],
  ] as readonly (readonly [PlainValue, string])[])("writes %p", (value, text) => {
    expect(stringifyYaml(value)).toBe(text);
  });
});

/** Integers beyond 2^53 - 1 are refused by design, the key << by the parser's reading of it. */
function isYaml(value: PlainValue): boolean {
  return hasSafeNumbers(value) && !JSON.stringify(value).includes('"<<":');
}

function countKeys(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  const inner = Object.values(value).reduce<number>((sum, item) => sum + countKeys(item), 0);
  return inner + (Array.isArray(value) ? 0 : Object.keys(value).length);
}
