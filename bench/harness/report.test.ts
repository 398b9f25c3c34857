import { expect, test } from "bun:test";
import { figure, spread, table, withSection } from "./report.ts";
import { summarize } from "./statistics.ts";

test.each([
  [12_345, "12,300"],
  [0.012_345, "0.0123"],
  [2.5, "2.5"],
  [Number.NaN, "–"],
])("figure(%p) is %p", (value, expected) => {
  expect(figure(value)).toBe(expected);
});

test("a spread shows the median first", () => {
  expect(spread(summarize([3, 1, 2]))).toBe("2 (1 … 3)");
});

test("a table is Markdown", () => {
  expect(table(["a", "b"], [["x", "1"]])).toBe("| a | b |\n| --- | --: |\n| x | 1 |");
});

test("a section is added once and then replaced, and others stay", () => {
  const first = withSection("", "rest", "one");
  const second = withSection(first, "grpc", "two");
  const third = withSection(second, "rest", "three");
  expect(third).toBe(second.replace("\none\n", "\nthree\n"));
  expect(third).toContain("two");
  expect(third).not.toContain("\none\n");
});
