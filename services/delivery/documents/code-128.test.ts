import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { code128 } from "./code-128.ts";

/** Reads symbols back, by the rules of sets B and C. */
const read = (symbols: readonly number[]): string => {
  let set = symbols[0] === 105 ? "C" : "B";
  let text = "";
  for (const symbol of symbols.slice(1, -2)) {
    if (set === "C" && symbol < 100) text += String(symbol).padStart(2, "0");
    else if (set === "B" && symbol < 96) text += String.fromCharCode(symbol + 32);
    else if (symbol === 99 && set === "B") set = "C";
    else if (symbol === 100 && set === "C") set = "B";
    else throw new Error(`symbol ${symbol} in set ${set}`);
  }
  return text;
};

describe("Code 128", () => {
  // The check symbol is the sum of start + 1 × first + 2 × second + …, modulo 103.
  const cases: readonly (readonly [text: string, symbols: readonly number[]])[] = [
    // 104 + 1×48 + 2×42 + 3×42 + 4×17 + 5×18 + 6×19 + 7×35 = 879, 879 − 8×103 = 55.
    ["PJJ123C", [104, 48, 42, 42, 17, 18, 19, 35, 55, 106]],
    // 105 + 1×12 + 2×34 = 185, 185 − 103 = 82.
    ["1234", [105, 12, 34, 82, 106]],
    // 104 + 1×33 + 2×99 + 3×12 + 4×34 = 507, 507 − 4×103 = 95.
    ["A1234", [104, 33, 99, 12, 34, 95, 106]],
    // The first of an odd run stays in set B: 104 + 1×17 + 2×99 + 3×23 + 4×45 = 568, 568 − 5×103 = 53.
    ["12345", [104, 17, 99, 23, 45, 53, 106]],
  ];
  test.each(cases)("%s", (text, symbols) => {
    expect(code128(text).symbols).toEqual(symbols);
  });

  test("every symbol has eleven modules and an even number of dark ones, the stop thirteen, and no two are the same", () => {
    const seen = new Map<number, string>();
    const pairs = Array.from({ length: 100 }, (_, pair) => String(pair).padStart(2, "0").repeat(2));
    for (const text of [...pairs, "A1234", "1234A"]) {
      const { symbols, widths, modules } = code128(text);
      for (const [at, symbol] of symbols.slice(0, -1).entries()) seen.set(symbol, widths.slice(6 * at, 6 * at + 6).join(""));
      expect(widths.slice(-7).join("")).toBe("2331112");
      expect(modules).toBe(11 * (symbols.length - 1) + 13);
    }
    expect(new Set(seen.values()).size).toBe(seen.size);
    expect([...seen.keys()].filter((symbol) => symbol < 101)).toHaveLength(101);
    for (const pattern of seen.values()) {
      const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = [...pattern].map(Number);
      expect([a + b + c + d + e + f, (a + c + e) % 2]).toEqual([11, 0]);
    }
  });

  test("any printable text can be read back", () => {
    const text = fc.oneof(
      fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 80 }),
      fc.string({ unit: fc.constantFrom(..."0123456789A"), minLength: 1, maxLength: 80 }),
    );
    fc.assert(fc.property(text, (given) => expect(read(code128(given).symbols)).toBe(given)));
  });

  test("what it cannot hold is refused", () => {
    for (const text of ["", "é", "a\n", "\u007F", "9".repeat(81)]) expect(() => code128(text)).toThrow(RangeError);
  });
});
