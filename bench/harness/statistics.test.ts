import { expect, test } from "bun:test";
import { quantile, ratios, summarize } from "./statistics.ts";

test.each([
  { values: [3, 1, 2], median: 2, min: 1, max: 3 },
  { values: [4, 1, 2, 3], median: 2.5, min: 1, max: 4 },
  { values: [7], median: 7, min: 7, max: 7 },
])("summarize($values)", ({ values, ...expected }) => {
  expect(summarize(values)).toEqual({ ...expected, count: values.length });
});

test("nothing measured is not a number", () => {
  expect(summarize([]).median).toBeNaN();
  expect(quantile([], 0.5)).toBeNaN();
});

test.each([
  [0.5, 50],
  [0.99, 99],
  [1, 100],
  [0, 1],
])("quantile %p of 1 … 100 is %p", (share, expected) => {
  expect(
    quantile(
      Array.from({ length: 100 }, (_, index) => index + 1),
      share,
    ),
  ).toBe(expected);
});

test("ratios are taken round by round", () => {
  expect(ratios([10, 30], [5, 10])).toEqual([2, 3]);
});
