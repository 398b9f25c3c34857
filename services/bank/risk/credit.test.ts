import { expect, test } from "bun:test";
import fc from "fast-check";
import { overdraftAfter, utilizationOf } from "./credit.ts";

const cases: [string, { balance: bigint; debitsPending: bigint; overdraftLimit: bigint }, bigint, object][] = [
  ["nothing", { balance: 50n, debitsPending: 0n, overdraftLimit: 100n }, 100n, { drawn: 0n, reserved: 0n, available: 100n }],
  ["a part", { balance: -30n, debitsPending: 0n, overdraftLimit: 100n }, 100n, { drawn: 30n, reserved: 0n, available: 70n }],
  ["the own overdraft first", { balance: -30n, debitsPending: 0n, overdraftLimit: 120n }, 100n, { drawn: 10n, available: 90n }],
  ["holds", { balance: 20n, debitsPending: 50n, overdraftLimit: 100n }, 100n, { drawn: 0n, reserved: 30n, available: 70n }],
  [
    "holds on top",
    { balance: -20n, debitsPending: 50n, overdraftLimit: 100n },
    100n,
    { drawn: 20n, reserved: 50n, available: 30n },
  ],
  [
    "closed while drawn",
    { balance: -20n, debitsPending: 0n, overdraftLimit: 0n },
    0n,
    { drawn: 20n, available: 0n, overLimit: true },
  ],
  [
    "all of it",
    { balance: -100n, debitsPending: 0n, overdraftLimit: 100n },
    100n,
    { drawn: 100n, available: 0n, overLimit: false },
  ],
];
test.each(cases)("%s", (_, account, limit, expected) => {
  expect(utilizationOf(account, limit)).toMatchObject(expected);
});

test("within its limit, what is drawn, reserved and left is the limit", () => {
  const amount = fc.bigInt({ min: 0n, max: 10n ** 17n });
  fc.assert(
    fc.property(
      fc.bigInt({ min: -(10n ** 17n), max: 10n ** 17n }),
      amount,
      amount,
      amount,
      (balance, debitsPending, own, limit) => {
        const account = { balance, debitsPending, overdraftLimit: own + limit };
        const { drawn, reserved, available, overLimit } = utilizationOf(account, limit);
        expect([drawn, reserved, available].every((value) => value >= 0n)).toBe(true);
        expect(overLimit).toBe(balance - debitsPending + own + limit < 0n);
        if (!overLimit) expect(drawn + reserved + available).toBe(limit);
      },
    ),
  );
});

test("a line that comes and goes leaves the account's own overdraft", () => {
  expect(overdraftAfter(50n, { from: 0n, to: 100n })).toBe(150n);
  expect(overdraftAfter(150n, { from: 100n, to: 20n })).toBe(70n);
  expect(overdraftAfter(70n, { from: 20n, to: 0n })).toBe(50n);
  // The overdraft was set below the line meanwhile.
  expect(overdraftAfter(10n, { from: 20n, to: 0n })).toBe(0n);
});
