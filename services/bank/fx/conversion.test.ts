import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { type Conversion, convert, customerRate, type Terms } from "./conversion.ts";

const terms = (rate: string, more: Partial<Terms> = {}): Terms => ({
  rate,
  isInverse: false,
  spreadBasisPoints: 0,
  sellExponent: 2,
  buyExponent: 2,
  ...more,
});

describe("an amount is sold", () => {
  const cases: [string, Terms, bigint, Conversion][] = [
    ["100.00 at 1.0842", terms("1.0842"), 10_000n, { sell: 10_000n, buy: 10_842n, middle: 10_842n, spread: 0n, residue: 0n }],
    [
      "0.5 % taken: 107.8779 is 107.87, the bank earns 0.5421",
      terms("1.0842", { spreadBasisPoints: 50 }),
      10_000n,
      { sell: 10_000n, buy: 10_787n, middle: 10_842n, spread: 54n, residue: 1n },
    ],
    [
      "the inverse: 108.42 at 1 / 1.0842",
      terms("1.0842", { isInverse: true }),
      10_842n,
      { sell: 10_842n, buy: 10_000n, middle: 10_000n, spread: 0n, residue: 0n },
    ],
    [
      "to a currency without decimals",
      terms("161.55", { buyExponent: 0 }),
      1_000n,
      { sell: 1_000n, buy: 1_615n, middle: 1_616n, spread: 0n, residue: 1n },
    ],
    [
      "from one without to one with three",
      terms("0.002", { sellExponent: 0, buyExponent: 3 }),
      7n,
      { sell: 7n, buy: 14n, middle: 14n, spread: 0n, residue: 0n },
    ],
    [
      "to one with four",
      terms("0.0265", { buyExponent: 4 }),
      10_000n,
      { sell: 10_000n, buy: 26_500n, middle: 26_500n, spread: 0n, residue: 0n },
    ],
    ["too little to buy anything", terms("0.004"), 100n, { sell: 100n, buy: 0n, middle: 0n, spread: 0n, residue: 0n }],
  ];
  test.each(cases)("%s", (_, given, sell, expected) => {
    expect(convert(given, { sell })).toEqual(expected);
  });
});

describe("an amount is bought", () => {
  test("for the least that is enough", () => {
    expect(convert(terms("1.0842"), { buy: 10_842n })).toMatchObject({ sell: 10_000n, residue: 0n });
    expect(convert(terms("1.0842"), { buy: 10_843n })).toMatchObject({ sell: 10_001n, middle: 10_843n, residue: 0n });
  });

  test("a coarse currency that is sold leaves a residue of more than one unit", () => {
    expect(convert(terms("2.9", { sellExponent: 0, buyExponent: 0 }), { buy: 3n })).toEqual({
      sell: 2n,
      buy: 3n,
      middle: 6n,
      spread: 0n,
      residue: 3n,
    });
  });
});

const anyTerms = fc.record({
  rate: fc
    .tuple(fc.bigInt(0n, 99_999n), fc.bigInt(1n, 10n ** 12n - 1n))
    .map(([whole, part]) => `${whole}.${part.toString().padStart(12, "0")}`),
  isInverse: fc.boolean(),
  spreadBasisPoints: fc.integer({ min: 0, max: 9_999 }),
  sellExponent: fc.constantFrom(0, 2, 3, 4),
  buyExponent: fc.constantFrom(0, 2, 3, 4),
});

describe("whatever the rate", () => {
  test("sold: nothing is lost, the residue is at most one unit", () => {
    fc.assert(
      fc.property(anyTerms, fc.bigInt(1n, 10n ** 18n), (given, sell) => {
        const { buy, middle, spread, residue } = convert(given, { sell });
        expect(buy + spread + residue).toBe(middle);
        expect(residue === 0n || residue === 1n).toBe(true);
        expect(buy >= 0n && spread >= 0n).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  test("bought: the amount is met, for the least that is enough, and the bank never pays for it", () => {
    fc.assert(
      fc.property(anyTerms, fc.bigInt(1n, 10n ** 15n), (given, buy) => {
        const { sell, middle, spread, residue } = convert(given, { buy });
        expect(buy + spread + residue).toBe(middle);
        expect(residue >= 0n).toBe(true);
        expect(convert(given, { sell }).buy).toBeGreaterThanOrEqual(buy);
        expect(convert(given, { sell: sell - 1n }).buy).toBeLessThan(buy);
      }),
      { numRuns: 2_000 },
    );
  });

  test("there and back at one rate makes nobody richer", () => {
    fc.assert(
      fc.property(anyTerms, fc.bigInt(1n, 10n ** 15n), (given, sell) => {
        const there = convert(given, { sell });
        const back = convert(
          { ...given, isInverse: !given.isInverse, sellExponent: given.buyExponent, buyExponent: given.sellExponent },
          { sell: there.buy },
        );
        expect(back.buy).toBeLessThanOrEqual(sell);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("the rate that is shown", () => {
  const cases: [Terms, string][] = [
    [terms("1.0842"), "1.0842"],
    [terms("1.0842", { spreadBasisPoints: 50 }), "1.078779"],
    [terms("4", { isInverse: true }), "0.25"],
    [terms("3", { isInverse: true }), "0.333333333333"],
    [terms("100"), "100"],
  ];
  test.each(cases)("%j", (given, shown) => {
    expect(customerRate(given)).toBe(shown);
  });
});

test.each(["0", "0.000", "-1", "1e3", "", "1.", ".5", "NaN"])("%j is no rate", (rate) => {
  expect(() => convert(terms(rate), { sell: 1n })).toThrow(RangeError);
});
