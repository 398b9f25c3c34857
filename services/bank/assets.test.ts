import { describe, expect, test } from "bun:test";
import { type Asset, isAsset, major } from "./assets.ts";

describe("major units", () => {
  const cases: [bigint, Asset, string][] = [
    [0n, "EUR", "0.00"],
    [1n, "EUR", "0.01"],
    [-1n, "EUR", "-0.01"],
    [99n, "GBP", "0.99"],
    [100n, "USD", "1.00"],
    [-12345n, "EUR", "-123.45"],
    [0n, "JPY", "0"],
    [12345n, "JPY", "12345"],
    [-7n, "JPY", "-7"],
    [9223372036854775807n, "USD", "92233720368547758.07"],
  ];
  test.each(cases)("%s minor units of %s are %s", (minor, currency, expected) => {
    expect(major(minor, currency)).toBe(expected);
  });
});

test("names of an object's own are no currencies", () => {
  expect(["EUR", "KWD", "eur", "toString", "constructor", ""].map(isAsset)).toEqual([true, false, false, false, false, false]);
});
