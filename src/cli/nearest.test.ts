import { expect, test } from "bun:test";
import { distance, nearest } from "./nearest.ts";

test.each([
  ["", "", 0],
  ["a", "", 1],
  ["start", "start", 0],
  ["strat", "start", 1],
  ["stat", "start", 1],
  ["starts", "start", 1],
  ["kitten", "sitting", 3],
])("distance(%p, %p) is %d", (a, b, expected) => {
  expect(distance(a, b)).toBe(expected);
  expect(distance(b, a)).toBe(expected);
});

const known = ["start", "dev", "migrate", "seed", "contract", "call", "new", "doctor", "help"];
test.each([
  ["strat", "start"],
  ["sart", "start"],
  ["migrat", "migrate"],
  ["mi", "migrate"],
  ["DOCTOR", "doctor"],
  ["cal", "call"],
  ["contarct", "contract"],
  ["hlep", "help"],
  ["xyz", undefined],
  ["", undefined],
  ["x".repeat(1000), undefined],
])("%p is probably %p", (word, expected) => {
  expect(nearest(word, known)).toBe(expected as never);
});
