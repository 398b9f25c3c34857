import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  addScaled,
  averageOf,
  canonicalDecimal,
  decimalOfScaled,
  decimalOfSortable,
  scaledOf,
  sortableDecimal,
} from "./decimal.ts";

describe("canonical decimals", () => {
  const cases: readonly (readonly [written: string, canonical: string | undefined])[] = [
    ["0", "0"],
    ["-0.00", "0"],
    ["+7", "7"],
    ["007.50", "7.5"],
    [".5", "0.5"],
    ["5.", "5"],
    ["-0.010", "-0.01"],
    ["100", "100"],
    ["1e5", undefined],
    ["", undefined],
    ["-", undefined],
    [".", undefined],
    ["1.2.3", undefined],
    [" 1", undefined],
    ["NaN", undefined],
    ["1".repeat(1_000), "1".repeat(1_000)],
    ["1".repeat(1_001), undefined],
  ];
  for (const [written, canonical] of cases) {
    test(`${written.slice(0, 20)} → ${canonical?.slice(0, 20)}`, () =>
      expect(canonicalDecimal(written)).toBe(canonical as string));
  }
});

describe("sortable decimals", () => {
  test("the documented forms", () => {
    expect(sortableDecimal("125")).toBe("p5003.125");
    expect(sortableDecimal("-125")).toBe("-4996.874~");
    expect(sortableDecimal("0.0")).toBe("0");
  });

  test("their order as bytes is the order of the numbers, and they come back", () => {
    const scaled = fc.tuple(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), fc.nat(30));
    fc.assert(
      fc.property(scaled, scaled, ([a, i], [b, j]) => {
        const [x, y] = [decimalOfScaled({ units: a, scale: i }), decimalOfScaled({ units: b, scale: j })];
        expect(decimalOfSortable(sortableDecimal(x))).toBe(x);
        const difference = a * 10n ** BigInt(j) - b * 10n ** BigInt(i);
        const [p, q] = [sortableDecimal(x), sortableDecimal(y)];
        expect(p < q).toBe(difference < 0n);
        expect(p === q).toBe(difference === 0n);
      }),
      { numRuns: 2_000 },
    );
  });

  test("what is none throws", () => {
    expect(() => sortableDecimal("x")).toThrow(RangeError);
    for (const wrong of ["", "p", "p5003", "p503.1", "12"]) expect(() => decimalOfSortable(wrong)).toThrow(RangeError);
  });
});

describe("exact sums and averages", () => {
  test("sums", () => {
    const sum = ["0.1", "0.2", "-0.3", "12345678901234567890.000000001"].map(scaledOf).reduce(addScaled);
    expect(decimalOfScaled(sum)).toBe("12345678901234567890.000000001");
  });

  test("averages are rounded half away from zero", () => {
    expect(averageOf(scaledOf("1"), 3n)).toBe("0.333333");
    expect(averageOf(scaledOf("2"), 3n)).toBe("0.666667");
    expect(averageOf(scaledOf("0.000001"), 2n)).toBe("0.000001");
    expect(averageOf(scaledOf("-0.000001"), 2n)).toBe("-0.000001");
    expect(averageOf(scaledOf("-0.0000009"), 2n)).toBe("0");
    expect(averageOf(scaledOf("10"), 5n)).toBe("2");
  });
});
