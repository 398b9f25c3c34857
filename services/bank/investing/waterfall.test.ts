import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Debt, interestOf, pour, totalOf } from "./waterfall.ts";

describe("interest", () => {
  const cases: [bigint, number, number, bigint][] = [
    [100_000n, 600, 12, 6_000n],
    [100_000n, 600, 1, 500n],
    [100_001n, 600, 1, 500n],
    [100_100n, 600, 1, 501n],
    [1n, 1, 1, 0n],
    [60_000n, 1, 1, 1n],
    [59_999n, 1, 1, 0n],
  ];
  test.each(cases)("of %d at %d basis points over %d months", (principal, rate, months, expected) => {
    expect(interestOf(principal, rate, months)).toBe(expected);
  });
});

describe("a repayment", () => {
  const owed: Debt = { fee: 10n, interest: 50n, principal: 1000n };
  const cases: [bigint, Debt][] = [
    [0n, { fee: 0n, interest: 0n, principal: 0n }],
    [7n, { fee: 7n, interest: 0n, principal: 0n }],
    [10n, { fee: 10n, interest: 0n, principal: 0n }],
    [11n, { fee: 10n, interest: 1n, principal: 0n }],
    [61n, { fee: 10n, interest: 50n, principal: 1n }],
    [1060n, owed],
  ];
  test.each(cases)("of %d", (amount, expected) => {
    expect(pour(amount, owed)).toEqual(expected);
  });

  test("of more than is owed, or less than nothing, is none", () => {
    expect(() => pour(1061n, owed)).toThrow(RangeError);
    expect(() => pour(-1n, owed)).toThrow(RangeError);
  });

  test("pays the amount, in the order, whatever is owed", () => {
    const part = fc.bigInt({ min: 0n, max: 10n ** 17n });
    fc.assert(
      fc.property(fc.record({ fee: part, interest: part, principal: part }), part, (debt, some) => {
        const amount = some % (totalOf(debt) + 1n);
        const paid = pour(amount, debt);
        expect(totalOf(paid)).toBe(amount);
        if (paid.interest > 0n) expect(paid.fee).toBe(debt.fee);
        if (paid.principal > 0n) expect(paid.interest).toBe(debt.interest);
      }),
    );
  });
});
