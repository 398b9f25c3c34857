import { describe, expect, test } from "bun:test";
import { currencies } from "pons";
import { isKept, major } from "./assets.ts";

describe("major units", () => {
  const cases: [bigint, string, string][] = [
    [0n, "EUR", "0.00"],
    [1n, "EUR", "0.01"],
    [-1n, "EUR", "-0.01"],
    [99n, "GBP", "0.99"],
    [100n, "USD", "1.00"],
    [-12345n, "EUR", "-123.45"],
    [0n, "JPY", "0"],
    [12345n, "JPY", "12345"],
    [-7n, "JPY", "-7"],
    [12345n, "KWD", "12.345"],
    [7n, "KWD", "0.007"],
    [12345n, "CLF", "1.2345"],
    [-1n, "UYW", "-0.0001"],
    [9223372036854775807n, "USD", "92233720368547758.07"],
  ];
  test.each(cases)("%s minor units of %s are %s", (minor, currency, expected) => {
    expect(major(minor, currency)).toBe(expected);
  });

  test("ISO 4217 has exponents 0, 2, 3 and 4", () => {
    expect([...new Set(currencies.values())].toSorted((a, b) => a - b)).toEqual([0, 2, 3, 4]);
  });
});

describe("currencies the bank keeps", () => {
  const row = (currency: string, suspended = false) => ({
    id: `ast_${currency}`,
    currency,
    exponent: 2,
    suspended,
    createdAt: "2026-01-01T00:00:00.000Z",
  });

  test("all of ISO 4217 while none is listed; names of an object's own are no currencies", () => {
    expect(["EUR", "KWD", "eur", "toString", "constructor", ""].map((name) => isKept(name, []))).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
    ]);
  });

  test("those that are listed and active, from the first one on", () => {
    const kept = [row("EUR"), row("USD", true)];
    expect(["EUR", "USD", "GBP"].map((name) => isKept(name, kept))).toEqual([true, false, false]);
  });
});
