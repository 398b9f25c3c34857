import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { FormatError } from "../../http/format-error.ts";
import { hasSafeNumbers, jsonArbitrary, utf8 } from "./plain.arbitrary.ts";
import { parseJsonExact } from "./json-exact.ts";
import { parseJson, stringifyJson } from "./json.ts";
import { defaultLimits } from "./plain.ts";
import type { PlainValue } from "./plain.ts";

/** Texts and their values, after the y_ cases of JSONTestSuite. */
const accepted: readonly (readonly [string, PlainValue])[] = [
  ["[]", []],
  ["[ ]", []],
  ["{}", {}],
  [" \t\r\n[1] \n", [1]],
  ["null", null],
  ["true", true],
  ["false", false],
  ['"a"', "a"],
  ['""', ""],
  ["42", 42],
  ["-0", -0],
  ["-1", -1],
  ["0.1", 0.1],
  ["-0.0", -0],
  ["0e1", 0],
  ["0e+1", 0],
  ["1E22", 1e22],
  ["1E-2", 0.01],
  ["123.456e78", 123.456e78],
  ["-123123e100000000000000000".slice(0, 9), -1231230],
  ["1e-400", 0],
  ["-0.000000000000000000000000000000000000000000000000000000000000000000000000000001", -1e-78],
  ["123456789012345", 123456789012345],
  ["9007199254740991", 9007199254740991],
  ["-9007199254740991", -9007199254740991],
  ["9007199254740992", 9007199254740992n],
  ["9007199254740993", 9007199254740993n],
  ["-9007199254740993", -9007199254740993n],
  ["[18446744073709551616,1]", [18446744073709551616n, 1]],
  ["1000000000000000.0", 1000000000000000],
  ["[null,1,1.5,true,[],{}]", [null, 1, 1.5, true, [], {}]],
  ['{"a":"b","c":{"d":[1,2,{"e":null}]}}', { a: "b", c: { d: [1, 2, { e: null }] } }],
  ['{"":0}', { "": 0 }],
  ['{"a:b":1,"c":":"}', { "a:b": 1, c: ":" }],
  ['{"a\\"":1,"b\\\\":2}', { 'a"': 1, "b\\": 2 }],
  ['{"constructor":1,"toString":2,"prototype":3}', { constructor: 1, toString: 2, prototype: 3 }],
  ['{"1":1,"0":2}', { 1: 1, 0: 2 }],
  ['"\\u0061\\u30af\\u30EA\\u30b9"', "aクリス"],
  ['"\\uD834\\uDd1e"', "𝄞"],
  ['"\\ud83d\\ude39\\ud83d\\udc8d"', "😹💍"],
  ['"\\u0000"', "\u0000"],
  ['"\\uDBFF\\uDFFE"', "\u{10fffe}"],
  ['"\\"\\\\\\/\\b\\f\\n\\r\\t"', '"\\/\b\f\n\r\t'],
  ['"\\\\u0000"', "\\u0000"],
  ['"\\\\ud800"', "\\ud800"],
  ['"\u007f"', "\u007f"],
  ['"\u2028\u2029"', "\u2028\u2029"],
  ['"€𝄞"', "€𝄞"],
  ['"π"', "π"],
  ['["a",\n4\n]', ["a", 4]],
  ["[1,null,null,null,2]", [1, null, null, null, 2]],
];

/** Texts that RFC 8259 refuses, after the n_ cases of JSONTestSuite; all 400 invalid_json. */
const refused: readonly string[] = [
  "",
  " ",
  "[",
  "]",
  "{",
  "}",
  "[1",
  "[1,",
  "[1,]",
  "[,]",
  "[,1]",
  "[1,,2]",
  "[1 2]",
  "[1:2]",
  '["a',
  '["a"',
  '["a",',
  "[a",
  "[}",
  "[][]",
  "[1]x",
  "[1]]",
  '{"a"',
  '{"a":',
  '{"a":1',
  '{"a":1,',
  '{"a":1,}',
  '{"a":1,,"b":2}',
  '{"a" 1}',
  '{"a"::1}',
  '{"a":1:2}',
  '{"a":1 "b":2}',
  "{a:1}",
  "{'a':1}",
  "{1:1}",
  "{:1}",
  '{"a":1}}',
  '{"a","b"}',
  '{"a":1}#',
  "{[: 1}",
  "{null:null}",
  "nul",
  "nulll",
  "truth",
  "True",
  "TRUE",
  "fals",
  "undefined",
  "NaN",
  "Infinity",
  "-Infinity",
  "-NaN",
  "+Inf",
  "-",
  "+1",
  "01",
  "-01",
  "00",
  "1.",
  ".5",
  "-.5",
  "1.e1",
  "1e",
  "1e+",
  "1eE2",
  "0x1",
  "0b1",
  "1_000",
  "1,000",
  "--1",
  "1-1",
  "1+2",
  "- 1",
  "1 000",
  "2.e3",
  "0.3e",
  "0e+-1",
  "１",
  "1a",
  "1.2a-3",
  "012.5",
  '"',
  '"a',
  "'a'",
  '"\\',
  '"\\x41"',
  '"\\a"',
  '"\\u"',
  '"\\u1"',
  '"\\u12"',
  '"\\u123"',
  '"\\u00G0"',
  '"\\U0041"',
  '"\\0"',
  '"a\nb"',
  '"a\tb"',
  '"a\u0000b"',
  '"a\u001fb"',
  "abc",
  "\u00a0[1]",
  "[1]\u00a0",
  "[\u000b1]",
  "[\u000c1]",
  "\u20281",
  "\u0000",
  "[1]\u0000",
  "// c\n1",
  "/* c */1",
  "1/**/",
  "# c\n1",
  "<null>",
  "*",
  '["":1]',
  "[1,\n1\n,1",
  "\\u0031",
  "é",
  "[é]",
  '"a"b',
  '""""',
];

describe("parseJson", () => {
  test.each(accepted.map(([text, value]) => [text, value] as const))("reads %s", (text, value) => {
    expect(parseJson(utf8(text))).toStrictEqual(value);
    expect(parseJsonExact(text, defaultLimits)).toStrictEqual(value);
  });

  test.each(refused.map((text) => [text]))("refuses %j", (text) => {
    expect(parseJson(utf8(text))).toMatchObject({ status: 400, type: "invalid_json", at: { line: expect.any(Number) } });
    expect(parseJsonExact(text, defaultLimits)).toMatchObject({ type: "invalid_json" });
  });

  test.each([
    ['{"a":1,"a":1}', "duplicate_key"],
    ['{"a":1,"\\u0061":1}', "duplicate_key"],
    ['[{"a":[{"b":1,"c":2,"b":3}]}]', "duplicate_key"],
    ['{"a":1,"b":9007199254740993,"a":1}', "duplicate_key"],
    ['{"constructor":1,"constructor":2}', "duplicate_key"],
    ['{"__proto__":{"x":1}}', "forbidden_key"],
    ['[{"a":{"\\u005f_proto__":1}}]', "forbidden_key"],
    ['"\\ud800"', "invalid_encoding"],
    ['"\\uDFAA"', "invalid_encoding"],
    ['"\\ud800\\n"', "invalid_encoding"],
    ['"\\ud800\\u0061"', "invalid_encoding"],
    ['"\\udd1e\\ud834"', "invalid_encoding"],
    ['{"\\ud800":1}', "invalid_encoding"],
    ["1e400", "number_out_of_range"],
    ["[-1e9999]", "number_out_of_range"],
    ["9".repeat(400), "number_out_of_range"],
    ["\ufeff{}", "invalid_encoding"],
  ])("refuses %s as %s", (text, type) => {
    expect(parseJson(utf8(text))).toMatchObject({ status: 400, type });
  });

  test.each([
    [[0x22, 0xff, 0x22]],
    [[0x22, 0xc0, 0xaf, 0x22]],
    [[0x22, 0xed, 0xa0, 0x80, 0x22]],
    [[0x22, 0xe2, 0x82, 0x22]],
    [[0x22, 0xf4, 0xbf, 0xbf, 0xbf, 0x22]],
    [[0xff, 0xfe, 0x5b, 0x00, 0x5d, 0x00]],
    [[0x5b, 0x22, 0x80]],
  ])("refuses the bytes %j as no UTF-8", (bytes) => {
    expect(parseJson(new Uint8Array(bytes))).toMatchObject({ status: 400, type: "invalid_encoding" });
  });

  test("says where", () => {
    expect(parseJson(utf8('{\n  "a": 1,\n  "a": 2 }'))).toMatchObject({ type: "duplicate_key", at: { line: 3, column: 3 } });
    expect(parseJson(utf8("[1,\n x]"))).toMatchObject({ type: "invalid_json", at: { line: 2, column: 2 } });
  });

  test("bounds depth, containers and size", () => {
    const nested = (depth: number): Uint8Array => utf8("[".repeat(depth) + "]".repeat(depth));
    expect(parseJson(nested(64))).toBeArray();
    expect(parseJson(nested(65))).toMatchObject({ status: 400, type: "too_deep" });
    expect(parseJson(utf8("[".repeat(1_000_000)))).toMatchObject({ type: "too_deep" });
    expect(parseJson(utf8('{"a":'.repeat(100_000)))).toMatchObject({ type: "too_deep" });
    expect(parseJson(utf8(`[1e1,${"[".repeat(70)}`))).toMatchObject({ type: "too_deep" });
    expect(parseJson(utf8(`[${"[],".repeat(200_000)}1]`))).toMatchObject({ status: 413, type: "too_large" });
    expect(parseJson(utf8(`[1e1,${"[],".repeat(200_000)}1]`))).toMatchObject({ status: 413, type: "too_large" });
    expect(parseJson(utf8("[1,2,3]"), { ...defaultLimits, bytesMax: 6 })).toMatchObject({ status: 413, type: "too_large" });
  });

  test("does not read brackets and colons within strings", () => {
    expect(parseJson(utf8(JSON.stringify({ a: "[".repeat(100), ":": '"{:' })))).toEqual({ a: "[".repeat(100), ":": '"{:' });
  });

  test("reads what JSON.stringify writes, both ways", () => {
    fc.assert(
      fc.property(jsonArbitrary.filter(hasSafeNumbers), fc.constantFrom(0, 2), (value, space) => {
        const text = JSON.stringify(value, null, space);
        expect(parseJson(utf8(text))).toStrictEqual(JSON.parse(text));
        expect(parseJsonExact(text, defaultLimits)).toStrictEqual(JSON.parse(text));
      }),
      { numRuns: 400 },
    );
  });

  test("agrees with the native parser on mutated texts, or is stricter", () => {
    fc.assert(
      fc.property(jsonArbitrary, fc.nat(), fc.constantFrom(...Array.from('{}[]",:\\0-e. \n1ux')), (value, at, insert) => {
        const text = JSON.stringify(value);
        const cut = at % (text.length + 1);
        const mutated = `${text.slice(0, cut)}${insert}${text.slice(cut + (at % 2))}`.toWellFormed();
        const parsed = parseJson(utf8(mutated));
        const exact = parseJsonExact(mutated, defaultLimits);
        expect(exact).toEqual(parsed);
        let native: unknown;
        try {
          native = JSON.parse(mutated);
        } catch {
          expect(parsed).toBeInstanceOf(FormatError);
          return;
        }
        if (parsed instanceof FormatError) expect(parsed.type).not.toBe("invalid_json");
        else
          expect(JSON.stringify(parsed, (_, item) => (typeof item === "bigint" ? Number(item) : item))).toBe(
            JSON.stringify(native),
          );
      }),
      { numRuns: 600 },
    );
  });
});

describe("stringifyJson", () => {
  test.each([
    [5n, "5"],
    [9007199254740991n, "9007199254740991"],
    [9007199254740992n, '"9007199254740992"'],
    [-9007199254740992n, '"-9007199254740992"'],
    [new Uint8Array([1, 2, 255]), '"AQL/"'],
    [new Uint8Array(0), '""'],
    [Buffer.from("hi"), '"aGk="'],
    [{ a: [1n, { b: new Uint8Array([1]) }], c: "x" }, '{"a":[1,{"b":"AQ=="}],"c":"x"}'],
    ["\ud800", '"\\ud800"'],
    [null, "null"],
    [{ a: undefined as unknown as null, b: 1 }, '{"b":1}'],
  ] as readonly (readonly [PlainValue, string])[])("writes %p as %s", (value, text) => {
    expect(stringifyJson(value)).toBe(text);
  });

  test("does not change its argument", () => {
    const value = { a: [1n], b: { c: 2n } };
    stringifyJson(value);
    expect(value).toEqual({ a: [1n], b: { c: 2n } });
  });

  test("throws on NaN, the infinities and cycles", () => {
    const cycle: PlainValue[] = [];
    cycle.push(cycle);
    for (const value of [Number.NaN, [Number.POSITIVE_INFINITY], cycle]) expect(() => stringifyJson(value)).toThrow();
  });

  test("keeps numbers exactly as they were", () => {
    fc.assert(
      fc.property(fc.bigInt(), (integer) => {
        const parsed = parseJson(utf8(String(integer)));
        expect(BigInt(parsed as number | bigint)).toBe(integer);
      }),
      { numRuns: 200 },
    );
  });
});
