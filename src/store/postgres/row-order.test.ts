import { describe, expect, test } from "bun:test";
import { followsBy } from "./row-order.ts";

const cases: readonly (readonly [name: string, before: unknown, next: unknown])[] = [
  ["texts", "acc_1", "acc_2"],
  ["a text and a longer one", "ab", "abc"],
  ["capitals, which come first", "Z", "a"],
  ["a code point of one unit and one of two", "\uffff", "\u{10000}"],
  ["two code points of two units", "\u{10000}", "\u{10001}"],
  ["texts that differ before such a code point", "a\u{10000}", "b"],
  ["numbers", 9, 10],
  ["whole numbers", 9n, 10n],
  ["instants", new Date(1), new Date(2)],
];

describe("the order of rows as the driver gives them", () => {
  for (const [name, before, next] of cases) {
    test(name, () => {
      const ascending = followsBy([{ index: 0, direction: "asc" }], 1);
      const descending = followsBy([{ index: 0, direction: "desc" }], 1);
      expect([ascending([1, next], [1, before]), ascending([1, before], [1, next])]).toEqual([true, false]);
      expect([descending([1, next], [1, before]), descending([1, before], [1, next])]).toEqual([false, true]);
      expect([ascending([1, next], [1, next]), descending([1, next], [1, next])]).toEqual([true, true]);
    });
  }

  test("a later column decides where those before it are the same, instants among them", () => {
    const follows = followsBy(
      [
        { index: 1, direction: "desc" },
        { index: 0, direction: "asc" },
      ],
      0,
    );
    expect(follows(["b", new Date(5)], ["a", new Date(5)])).toBe(true);
    expect(follows(["a", new Date(5)], ["b", new Date(5)])).toBe(false);
    expect(follows(["a", new Date(4)], ["b", new Date(5)])).toBe(true);
    expect(follows(["b", new Date(6)], ["a", new Date(5)])).toBe(false);
  });
});
