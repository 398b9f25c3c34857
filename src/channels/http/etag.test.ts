import { expect, test } from "bun:test";
import { formatTag, matchesStrongly, matchesWeakly, parseTagCondition } from "./etag.ts";

test.each([
  ["*", "*"],
  [" * ", "*"],
  ['"a"', [{ tag: "a", isWeak: false }]],
  ['W/"a"', [{ tag: "a", isWeak: true }]],
  ['""', [{ tag: "", isWeak: false }]],
  [
    '"a", W/"b" ,"c,d"',
    [
      { tag: "a", isWeak: false },
      { tag: "b", isWeak: true },
      { tag: "c,d", isWeak: false },
    ],
  ],
  ["", undefined],
  ["a", undefined],
  ['"a', undefined],
  ['w/"a"', undefined],
  ['W/ "a"', undefined],
  ['"a" "b"', undefined],
  ['"a",', undefined],
  [',"a"', undefined],
  ['"a", *', undefined],
  ['"a b"', undefined],
  ['"a\\"b"', undefined],
  [Array(65).fill('"a"').join(","), undefined],
  [`"${"a".repeat(5000)}"`, undefined],
])("case %#", (header, condition) => {
  expect(parseTagCondition(header)).toEqual(condition as never);
});

test("compares as RFC 9110 section 8.8.3.2 has it", () => {
  const weak1 = { tag: "1", isWeak: true };
  const weak2 = { tag: "2", isWeak: true };
  const strong1 = { tag: "1", isWeak: false };
  const pairs = [
    [weak1, weak1, false, true],
    [weak1, weak2, false, false],
    [weak1, strong1, false, true],
    [strong1, weak1, false, true],
    [strong1, strong1, true, true],
  ] as const;
  for (const [given, current, strongly, weakly] of pairs) {
    expect(matchesStrongly([given], current)).toBe(strongly);
    expect(matchesWeakly([given], current)).toBe(weakly);
  }
  expect([matchesStrongly("*", strong1), matchesStrongly("*", weak1), matchesWeakly("*", weak1)]).toEqual([true, true, true]);
  expect([matchesStrongly("*", undefined), matchesWeakly("*", undefined), matchesStrongly([strong1], undefined)]).toEqual([
    false,
    false,
    false,
  ]);
});

test("writes tags", () => {
  expect(formatTag({ tag: "v7", isWeak: false })).toBe('"v7"');
  expect(formatTag({ tag: "v7", isWeak: true })).toBe('W/"v7"');
  expect(() => formatTag({ tag: 'a"b', isWeak: false })).toThrow(TypeError);
});
