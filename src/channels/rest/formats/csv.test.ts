import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { keyArbitrary, textArbitrary, utf8 } from "./plain.arbitrary.ts";
import { parseCsv } from "./csv-parse.ts";
import { streamCsv, stringifyCsv } from "./csv.ts";
import { defaultLimits } from "./plain.ts";
import type { PlainValue } from "./plain.ts";

describe("stringifyCsv", () => {
  test.each([
    [
      [{ id: 7, owner: { name: "A" }, tags: ["x"], closed: null, note: "" }],
      'id,owner.name,tags,closed,note\r\n7,A,"[""x""]",,""\r\n',
    ],
    [[{ a: 1 }, { b: 2 }], "a,b\r\n1,\r\n,2\r\n"],
    [[{ a: "x,y", b: 'say "hi"', c: "l1\r\nl2", d: " pad " }], 'a,b,c,d\r\n"x,y","say ""hi""","l1\r\nl2"," pad "\r\n'],
    [[{ "a.b": 1, "c\\d": 2, e: { "f.g": 3 } }], "a\\.b,c\\\\d,e.f\\.g\r\n1,2,3\r\n"],
    [
      [{ a: 9007199254740993n, b: true, c: new Uint8Array([1]), d: {}, e: -0 }],
      "a,b,c,d,e\r\n9007199254740993,true,AQ==,{},-0\r\n",
    ],
    [[1, "x"], "value\r\n1\r\nx\r\n"],
    [[], ""],
  ] as readonly (readonly [PlainValue, string])[])("writes %p", (value, text) => {
    expect(stringifyCsv(value)).toBe(text);
  });

  test.each([
    ["=1+1", "'=1+1"],
    ['=HYPERLINK("http://x")', '"\'=HYPERLINK(""http://x"")"'],
    ["+1", "'+1"],
    ["-1+2", "'-1+2"],
    ["@SUM(A1)", "'@SUM(A1)"],
    ["\t=1", "'\t=1"],
    ["\r=1", '"\'\r=1"'],
    ["'=1", "''=1"],
    ["-12.50", "-12.50"],
    ["a=1", "a=1"],
    ["'quoted'", "'quoted'"],
  ])("guards the string %j", (value, cell) => {
    expect(stringifyCsv([{ a: value }])).toBe(`a\r\n${cell}\r\n`);
    expect(parseCsv(utf8(`a\r\n${cell}\r\n`))).toEqual([{ a: value }]);
  });

  test("never guards a number, and guards the names of columns", () => {
    expect(stringifyCsv([{ "=x": -5, "@y": -1.5e-7 }])).toBe("'=x,'@y\r\n-5,-1.5e-7\r\n");
  });

  test("keeps the columns asked for, in their order", () => {
    expect(stringifyCsv([{ a: 1, b: { c: 2 } }], { columns: ["b.c", "x", "a"] })).toBe("b.c,x,a\r\n2,,1\r\n");
    expect(stringifyCsv([], { columns: ["a", "b"] })).toBe("a,b\r\n");
  });
});

describe("parseCsv", () => {
  test.each([
    ["a,b\r\n1,2\r\n", [{ a: "1", b: "2" }]],
    ["a,b\n1,2", [{ a: "1", b: "2" }]],
    ["\ufeffa,b\n1,\n", [{ a: "1" }]],
    ['a,b\n"",x\n', [{ a: "", b: "x" }]],
    ['a\n"x\r\ny"\n', [{ a: "x\r\ny" }]],
    ['a\n"say ""hi"""\n', [{ a: 'say "hi"' }]],
    [
      "a,b\n1,2\n\n3,4\n",
      [
        { a: "1", b: "2" },
        { a: "3", b: "4" },
      ],
    ],
    ["a.b,a.c,d\\.e\n1,2,3\n", [{ a: { b: "1", c: "2" }, "d.e": "3" }]],
    ["constructor.name,toString\nx,y\n", [{ constructor: { name: "x" }, toString: "y" }]],
    ["a\n", []],
    ["a\n[1]\n", [{ a: "[1]" }]],
  ] as readonly (readonly [string, unknown])[])("reads %j", (text, value) => {
    expect(parseCsv(utf8(text))).toEqual(value as PlainValue[]);
  });

  test("reads JSON in the cells that the hint calls lists or objects", () => {
    const hint = { type: "array", items: { type: "object", properties: { tags: { type: "array" }, owner: { type: "object" } } } };
    expect(parseCsv(utf8('tags,owner,x\n"[1,""a""]",{},[1]\n'), { hint })).toEqual([{ tags: [1, "a"], owner: {}, x: "[1]" }]);
    expect(parseCsv(utf8("tags\n[1\n"), { hint })).toMatchObject({ status: 400, type: "invalid_csv", at: { line: 2 } });
    expect(parseCsv(utf8('tags\n"[{""a"":1,""a"":2}]"\n'), { hint })).toMatchObject({ type: "duplicate_key" });
  });

  test.each([
    ["", "invalid_csv"],
    ["a,\n1,2", "invalid_csv"],
    ["a,b\n1\n", "invalid_csv"],
    ["a\n1,2\n", "invalid_csv"],
    ['a\n"1\n', "invalid_csv"],
    ['a\n"1"x\n', "invalid_csv"],
    ['a\n1"x\n', "invalid_csv"],
    ["a\n1\r2\n", "invalid_csv"],
    ["a,a\n1,2", "duplicate_key"],
    ["a,a.b\n1,2", "duplicate_key"],
    ["a.b,a\n1,2", "duplicate_key"],
    ["__proto__\n1", "forbidden_key"],
    ["a.__proto__.b\n1", "forbidden_key"],
    [Array.from({ length: 1025 }, (_, index) => `c${index}`).join(","), "invalid_csv"],
    ["a.".repeat(100) + "b\n1", "too_deep"],
  ])("refuses case %#", (text, type) => {
    expect(parseCsv(utf8(text))).toMatchObject({ status: 400, type });
  });

  test("says in which line, and bounds size and cells", () => {
    expect(parseCsv(utf8('a,b\n"x\ny",1\n1\n'))).toMatchObject({ at: { line: 4 } });
    expect(parseCsv(utf8("a\n1\n"), { limits: { ...defaultLimits, bytesMax: 3 } })).toMatchObject({ status: 413 });
    expect(parseCsv(utf8("a\n1\n2\n3\n"), { limits: { ...defaultLimits, nodesMax: 3 } })).toMatchObject({ status: 413 });
    expect(parseCsv(new Uint8Array([0x61, 0x0a, 0xff]))).toMatchObject({ type: "invalid_encoding" });
  });
});

test("what is written is read back, without nulls", () => {
  const row = fc.dictionary(keyArbitrary, fc.oneof(textArbitrary, fc.constant(null)), { maxKeys: 4, noNullPrototype: true });
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 4 }), (rows) => {
      const text = stringifyCsv(rows);
      fc.pre(text.length > 0);
      // Rows of nothing but nulls are blank lines, and skipped unless there is a single column.
      const columns = new Set(rows.flatMap((item) => Object.keys(item))).size;
      const kept = rows.map((item) => Object.fromEntries(Object.entries(item).filter(([, value]) => value !== null)));
      expect(parseCsv(utf8(text))).toEqual(
        columns === 1 ? kept : kept.filter((item) => columns > 1 || Object.keys(item).length > 0),
      );
    }),
    { numRuns: 400 },
  );
});

test("never throws on random text", () => {
  const part = fc.constantFrom(..."a|,|\"|\n|\r|\r\n|'|=|.|\\|x".split("|"));
  fc.assert(
    fc.property(fc.array(part, { maxLength: 30 }), (parts) => void parseCsv(utf8(parts.join("")))),
    { numRuns: 1500 },
  );
});

test("streams with the columns of the first row, or those given", async () => {
  async function* rows(): AsyncGenerator<PlainValue> {
    yield { a: 1, b: { c: "x" } };
    yield { b: { c: "y" }, d: 3 };
  }
  expect(await new Response(streamCsv(rows())).text()).toBe("a,b.c\r\n1,x\r\n,y\r\n");
  expect(await new Response(streamCsv(rows(), { columns: ["d"] })).text()).toBe("d\r\n\r\n3\r\n");
});
