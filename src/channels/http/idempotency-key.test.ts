import { expect, test } from "bun:test";
import { parseIdempotencyKey } from "./idempotency-key.ts";

test.each([
  ['"8e03978e-40d5-43e8"', { key: "8e03978e-40d5-43e8" }],
  ["8e03978e-40d5-43e8", { key: "8e03978e-40d5-43e8" }],
  [" abc ", { key: "abc" }],
  ['"a \\"b\\" \\\\"', { key: 'a "b" \\' }],
  [`"${"x".repeat(255)}"`, { key: "x".repeat(255) }],
  ["x".repeat(255), { key: "x".repeat(255) }],
  ["x".repeat(256), { error: "too_long" }],
  ["x".repeat(100_000), { error: "too_long" }],
  ["", { error: "empty" }],
  ["  ", { error: "empty" }],
  ['""', { error: "empty" }],
  ['"a', { error: "malformed" }],
  ['a"', { error: "malformed" }],
  ["a b", { error: "malformed" }],
  ["a,b", { error: "malformed" }],
  ['"a", "b"', { error: "malformed" }],
  ["é", { error: "malformed" }],
  ["a\u0000", { error: "malformed" }],
])("Idempotency-Key: case %#", (header, result) => {
  expect(parseIdempotencyKey(header)).toEqual(result as never);
});
