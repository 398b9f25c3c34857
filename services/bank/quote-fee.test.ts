import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { amountMax } from "./assets.ts";

const assetNames = ["EUR", "GBP", "JPY", "USD"] as const;
import { type FeeKind, feeKinds, feeOf, tariffs } from "./quote-fee.ts";

describe("fee", () => {
  const cases: [string, bigint, "EUR" | "GBP" | "JPY" | "USD", FeeKind, bigint][] = [
    ["within the bank nothing is charged", 1_000_000n, "EUR", "internal", 0n],
    ["the floor", 100n, "EUR", "domestic", 10n],
    ["0.05 % of 400.00", 40_000n, "EUR", "domestic", 20n],
    ["half a cent counts as one: 0.05 % of 410.00 is 20.5", 41_000n, "EUR", "domestic", 21n],
    ["less than half does not: 20.4995", 40_999n, "EUR", "domestic", 20n],
    ["the ceiling", 100_000_000n, "EUR", "domestic", 500n],
    ["fixed part and share: 0.35 + 6.1728", 123_456n, "EUR", "international", 652n],
    ["a currency without decimals", 100_000n, "JPY", "international", 550n],
    ["the greatest amount", amountMax, "USD", "international", 8_000n],
  ];
  test.each(cases)("%s", (_, amount, currency, kind, expected) => {
    expect(feeOf(amount, currency, kind)).toBe(expected);
  });

  test("never falls as the amount rises, and stays between floor and ceiling", () => {
    fc.assert(
      fc.property(
        fc.bigInt(1n, amountMax - 1n),
        fc.constantFrom(...assetNames),
        fc.constantFrom(...feeKinds),
        (amount, currency, kind) => {
          const fee = feeOf(amount, currency, kind);
          expect(fee).toBeGreaterThanOrEqual(tariffs[kind].floor[currency]);
          expect(fee).toBeLessThanOrEqual(tariffs[kind].ceiling[currency]);
          expect(feeOf(amount + 1n, currency, kind)).toBeGreaterThanOrEqual(fee);
        },
      ),
    );
  });
});
