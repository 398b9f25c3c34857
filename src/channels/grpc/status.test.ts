/** Messages in trailers, and budgets that refill. */
import { expect, test } from "bun:test";
import { Budget } from "./budget.ts";
import { encodeMessage } from "./status.ts";

test.each([
  ["plain text: 1 < 2", "plain text: 1 < 2"],
  ["100%", "100%25"],
  ["Größe", "Gr%C3%B6%C3%9Fe"],
  ["a\r\nb\t\0", "a%0D%0Ab%09%00"],
  ["€😀", "%E2%82%AC%F0%9F%98%80"],
  ["\ud800", "%EF%BF%BD"],
  ["", ""],
])("%j stands in grpc-message as %s", (message, encoded) => expect(encodeMessage(message)).toBe(encoded));

test("a long message is cut where a character ends, by what it takes in metadata", () => {
  expect(encodeMessage("x".repeat(5_000))).toBe(`${"x".repeat(1_200)}%E2%80%A6`);
  expect(encodeMessage("x".repeat(1_200))).toBe("x".repeat(1_200));
  expect(decodeURIComponent(encodeMessage("a".concat("😀".repeat(700))))).toBe(`a${"😀".repeat(99)}…`);
  expect(decodeURIComponent(encodeMessage("ж".repeat(500)))).toBe(`${"ж".repeat(200)}…`);
});

test("a budget gives so many at once, and one more with time; a clock that goes back gives none", () => {
  const budget = new Budget({ max: 3, everyMs: 100 });
  expect([budget.take(1_000), budget.take(1_000), budget.take(1_000), budget.take(1_000)]).toEqual([true, true, true, false]);
  expect([budget.take(1_050), budget.take(1_100), budget.take(1_100)]).toEqual([false, true, false]);
  expect(budget.take(500)).toBe(false);
  budget.refill();
  expect(budget.take(500)).toBe(true);
  expect([budget.take(99_000), budget.take(99_000), budget.take(99_000), budget.take(99_000)]).toEqual([true, true, true, false]);
});
