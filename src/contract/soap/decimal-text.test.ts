/** Decimal numbers as text: against exact arithmetic on whole numbers. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parseDecimal, plain, rounded, shifted } from "./decimal-text.ts";

const canonical = (text: string): string | undefined => {
  const parsed = parseDecimal(text);
  return parsed === undefined ? undefined : plain(parsed);
};

describe("parseDecimal and plain", () => {
  const cases: readonly (readonly [given: string, told: string | undefined])[] = [
    ["0", "0"],
    ["-0", "0"],
    ["-0.000", "0"],
    ["+007", "7"],
    ["01.50", "1.5"],
    [".5", "0.5"],
    ["5.", "5"],
    ["-.05", "-0.05"],
    ["1e3", "1000"],
    ["1.25E-2", "0.0125"],
    ["0.133100003", "0.133100003"],
    ["1e-400", `0.${"0".repeat(399)}1`],
    ["1e401", undefined],
    ["", undefined],
    [".", undefined],
    ["-", undefined],
    ["1,5", undefined],
    ["1 5", undefined],
    ["NaN", undefined],
    ["INF", undefined],
    ["0x10", undefined],
    ["１", undefined],
    ["1e", undefined],
    ["9".repeat(401), undefined],
  ];
  for (const [given, told] of cases) {
    test(`${given.slice(0, 20)} → ${told?.slice(0, 20)}`, () => {
      expect(canonical(given)).toBe(told as string);
    });
  }
});

const value = fc.record({ whole: fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), scale: fc.integer({ min: 0, max: 18 }) });
const textOf = ({ whole, scale }: { whole: bigint; scale: number }): string => {
  const digits = String(whole < 0n ? -whole : whole).padStart(scale + 1, "0");
  const text = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
  return whole < 0n ? `-${text}` : text;
};
const must = (text: string) => parseDecimal(text) ?? { isNegative: false, digits: "", scale: 0 };

describe("arithmetic", () => {
  test("moving the point there and back changes nothing", () => {
    fc.assert(
      fc.property(value, fc.integer({ min: 0, max: 18 }), (number, places) => {
        const parsed = must(textOf(number));
        expect(plain(shifted(shifted(parsed, places), -places))).toBe(plain(parsed));
        expect(plain(shifted(parsed, places))).toBe(plain(must(`${textOf(number)}e${places}`)));
      }),
    );
  });

  test("rounding is half up, away from zero", () => {
    fc.assert(
      fc.property(value, fc.integer({ min: 0, max: 18 }), (number, places) => {
        const { whole, scale } = number;
        const cut = Math.max(0, scale - places);
        const size = 10n ** BigInt(cut);
        const positive = whole < 0n ? -whole : whole;
        const kept = (2n * positive + size) / (2n * size);
        expect(plain(rounded(must(textOf(number)), places))).toBe(
          plain(must(textOf({ whole: whole < 0n ? -kept : kept, scale: scale - cut }))),
        );
      }),
    );
  });
});
