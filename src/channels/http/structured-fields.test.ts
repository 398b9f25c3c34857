import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { serializeDictionary, serializeItem, serializeList } from "./structured-fields-write.ts";
import type { BareItem, Item, Member } from "./structured-fields.ts";
import { parseDictionary, parseItem, parseList } from "./structured-fields.ts";

/** Header, type, value, canonical form where it differs; after the httpwg structured-field-tests. */
const items: readonly (readonly [string, BareItem["type"], unknown, string?])[] = [
  ["42", "integer", 42],
  ["-42", "integer", -42],
  ["0042", "integer", 42, "42"],
  ["-0", "integer", -0, "0"],
  ["999999999999999", "integer", 999999999999999],
  ["-999999999999999", "integer", -999999999999999],
  ["1.5", "decimal", 1.5],
  ["1.0", "decimal", 1],
  ["1.500", "decimal", 1.5, "1.5"],
  ["-0.001", "decimal", -0.001],
  ["123456789012.125", "decimal", 123456789012.125],
  ['"foo bar"', "string", "foo bar"],
  ['""', "string", ""],
  ['"b\\"a\\\\r"', "string", 'b"a\\r'],
  ["a_b-c3.4:/~*", "token", "a_b-c3.4:/~*"],
  ["*a", "token", "*a"],
  [":aGVsbG8=:", "binary", Buffer.from("hello")],
  [":aGVsbG8:", "binary", Buffer.from("hello"), ":aGVsbG8=:"],
  ["::", "binary", Buffer.alloc(0)],
  ["?1", "boolean", true],
  ["?0", "boolean", false],
  ["@1659578233", "date", 1659578233],
  ["@-1659578233", "date", -1659578233],
  ['%"f%c3%bc%c3%bc"', "display", "füü"],
  ['%"%25 %22"', "display", '% "'],
  ["  1  ", "integer", 1, "1"],
];

test.each(items.map(([header, type, value, canonical = header]) => ({ header, type, value, canonical })))(
  "item $header is a $type",
  ({ header, type, value, canonical }) => {
    const item = parseItem(header);
    expect(item?.bare.type).toBe(type);
    if (value instanceof Uint8Array) expect(Buffer.from(item?.bare.value as Uint8Array)).toEqual(Buffer.from(value));
    else expect(item?.bare.value).toBe(value as never);
    expect(serializeItem(item as Item)).toBe(canonical);
  },
);

test.each([
  "",
  " ",
  "a b",
  "1 2",
  "--0",
  "-",
  "- 42",
  "4-2",
  "4,2",
  "4\u20052",
  "1000000000000000",
  "-1000000000000000",
  "1.",
  ".1",
  "-.1",
  "1..4",
  "1.5.4",
  "1.2345",
  "1234567890123.0",
  "1.-4",
  '"',
  '"foo',
  "'foo'",
  '"f\\oo"',
  '"foo\\"',
  '"é"',
  '"a\tb"',
  '"a\nb"',
  '"a"b',
  "é",
  "a,b",
  "(1)",
  "?",
  "?2",
  "?10",
  "?T",
  ":",
  ":a",
  ":a:",
  ":=aGVsbG8=:",
  ":a=Vs:",
  ":aGVs=:",
  ":iZPy_aU=:",
  ":aGVs bG8=:",
  "@",
  "@1.5",
  "@1659578233.5",
  "@a",
  "@@1",
  "@1000000000000000",
  '%"%C3%BC"',
  '%"f',
  '%"%c3"',
  '%"%ff"',
  "%foo",
  '%"a\u0000"',
  '%"%a"',
  "\t1",
  "1\t",
  "1;",
  "1;=a",
  "1;A=1",
  "1;a=",
  "1; a=(1)",
  "1 ;a",
  "!a",
  "1;;a",
  "x".repeat(20_000),
])("refuses the item case %#", (header) => {
  expect(parseItem(header)).toBeUndefined();
});

test("parameters keep their order, the last value of a key counts", () => {
  const item = parseItem("abc;a=1;  b;c=?0;a=2;*x=y") as Item;
  expect([...item.parameters]).toEqual([
    ["a", { type: "integer", value: 2 }],
    ["b", { type: "boolean", value: true }],
    ["c", { type: "boolean", value: false }],
    ["*x", { type: "token", value: "y" }],
  ]);
  expect(serializeItem(item)).toBe("abc;a=2;b;c=?0;*x=y");
});

test.each([
  ["", 0, ""],
  ["1, 42", 2, "1, 42"],
  ["1,42", 2, "1, 42"],
  ["1 \t,\t 42", 2, "1, 42"],
  ["(1 2), (42 43)", 2, "(1 2), (42 43)"],
  ["( 1  2 );a", 1, "(1 2);a"],
  ["()", 1, "()"],
  ['("foo";a=1;b=1.9);lvl=5', 1, '("foo";a=1;b=1.9);lvl=5'],
])("list %j", (header, length, canonical) => {
  const list = parseList(header);
  expect(list).toHaveLength(length);
  expect(serializeList(list as Member[])).toBe(canonical);
});

test.each([
  "1,",
  "1,,42",
  ",1",
  "(1",
  "1)",
  "(1 2",
  "((1))",
  "(1,2)",
  "(1\t2)",
  "(a b)c",
  "1 2",
  Array(1025).fill("1").join(","),
])("refuses the list case %#", (header) => {
  expect(parseList(header)).toBeUndefined();
});

test.each([
  ["", ""],
  ["a=1, b=2", "a=1, b=2"],
  ["a=1,b=2", "a=1, b=2"],
  ["a;x=1, b=?1, c=?0", "a;x=1, b, c=?0"],
  ["a=(1 2);q=1.0", "a=(1 2);q=1.0"],
  ["a=1, b=2, a=3", "a=3, b=2"],
  ['en="Applepie", da=:w4ZibGV0w6ZydGU=:', 'en="Applepie", da=:w4ZibGV0w6ZydGU=:'],
  ["constructor=1, __proto__", undefined],
  ["constructor=1", "constructor=1"],
])("dictionary %j", (header, canonical) => {
  const dictionary = parseDictionary(header);
  expect(dictionary === undefined ? undefined : serializeDictionary(dictionary)).toBe(canonical as never);
});

test.each(["a=1,", "a=1,,b", "A=1", "1=1", "a =1", "a= 1", "=1", "a=1 b=2", "a;", "a=", "a=(1"])(
  "refuses the dictionary %j",
  (header) => {
    expect(parseDictionary(header)).toBeUndefined();
  },
);

describe("properties", () => {
  const bare: fc.Arbitrary<BareItem> = fc.oneof(
    fc
      .integer({ min: -999_999_999_999_999, max: 999_999_999_999_999 })
      .map((value) => ({ type: "integer" as const, value: value === 0 ? 0 : value })),
    fc.integer({ min: -1e9, max: 1e9 }).map((value) => ({ type: "decimal" as const, value: value === 0 ? 0 : value / 1000 })),
    fc.stringMatching(/^[\x20-\x7e]{0,12}$/).map((value) => ({ type: "string" as const, value })),
    fc.stringMatching(/^[A-Za-z*][!#$%&'*+.^_`|~0-9A-Za-z:/-]{0,8}$/).map((value) => ({ type: "token" as const, value })),
    fc.uint8Array({ maxLength: 12 }).map((value) => ({ type: "binary" as const, value: new Uint8Array(value) })),
    fc.boolean().map((value) => ({ type: "boolean" as const, value })),
    fc.integer().map((value) => ({ type: "date" as const, value: value === 0 ? 0 : value })),
    fc.string({ unit: "grapheme", maxLength: 8 }).map((value) => ({ type: "display" as const, value })),
  );
  const key = fc.stringMatching(/^[a-z*][a-z0-9_.*-]{0,6}$/);
  const parameters = fc
    .uniqueArray(fc.tuple(key, bare), { maxLength: 3, selector: ([name]) => name })
    .map((entries) => new Map(entries));
  const item = fc.record({ bare, parameters });
  const member: fc.Arbitrary<Member> = fc.oneof(item, fc.record({ items: fc.array(item, { maxLength: 3 }), parameters }));

  test("what is serialized is parsed back", () => {
    fc.assert(
      fc.property(item, (value) => expect(parseItem(serializeItem(value))).toEqual(value)),
      { numRuns: 300 },
    );
    fc.assert(
      fc.property(fc.array(member, { maxLength: 4 }), (value) => expect(parseList(serializeList(value))).toEqual(value)),
      { numRuns: 200 },
    );
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(key, member), { maxLength: 4, selector: ([name]) => name }), (entries) => {
        const dictionary = new Map(entries);
        expect(parseDictionary(serializeDictionary(dictionary))).toEqual(dictionary);
      }),
      { numRuns: 200 },
    );
  });

  test("long strings and lists within the limit are read", () => {
    expect(parseItem(`"${"a\\\\".repeat(5000)}"`)?.bare.value).toHaveLength(10_000);
    expect(parseItem(`%"${"%c3%bc".repeat(2500)}"`)?.bare.value).toBe("ü".repeat(2500));
  });
});

test.each([
  [{ type: "string", value: "é" }],
  [{ type: "string", value: "a\nb" }],
  [{ type: "token", value: "a b" }],
  [{ type: "integer", value: 1e15 }],
  [{ type: "integer", value: 1.5 }],
  [{ type: "decimal", value: 1e12 }],
  [{ type: "decimal", value: Number.NaN }],
  [{ type: "date", value: 1.5 }],
  [{ type: "display", value: "\ud800" }],
] as readonly (readonly [BareItem])[])("does not serialize %p", (bare) => {
  expect(() => serializeItem({ bare, parameters: new Map() })).toThrow(TypeError);
});

test.each([
  [0.0005, "0.0"],
  [0.0015, "0.002"],
  [1.0625, "1.062"],
  [-0.0004, "0.0"],
  [2, "2.0"],
])("rounds %p to %s", (value, text) => {
  expect(serializeItem({ bare: { type: "decimal", value }, parameters: new Map() })).toBe(text);
});

test.each(["a=1, a=1", "a=1, b, a=(c)", "a=1;b;b", "a=(c;d;d)", "a=(c);d;d"])(
  "repeated keys count once, the last one, or are refused where that is asked for: %s",
  (header) => {
    expect(parseDictionary(header)).toBeDefined();
    expect(parseDictionary(header, { repeated: "refuse" })).toBeUndefined();
    expect(parseDictionary("a=(c c);b, d;b", { repeated: "refuse" })).toBeDefined();
  },
);
