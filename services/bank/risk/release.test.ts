import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { shares, withMore } from "./release.ts";
import type { Reservation } from "./risk.ts";

const reservation = (usage: string, day: number, amount: bigint, count = 1): Reservation => ({
  usage,
  windowStart: `2026-11-${day}T00:00:00.000Z`,
  amount,
  count,
});

test("what a hold adds in one window is one entry", () => {
  expect(withMore(null, [])).toBeNull();
  expect(withMore([reservation("a", 25, 10n)], [reservation("a", 25, 5n, 0), reservation("a", 26, 3n, 0)])).toEqual([
    reservation("a", 25, 15n),
    reservation("a", 26, 3n, 0),
  ]);
});

describe("what is given back", () => {
  const counted = [reservation("a", 25, 10n), reservation("b", 25, 10n), reservation("a", 26, 5n, 0)];

  test("the latest first, from each counter alike", () => {
    expect(shares(counted, 7n, { all: false })).toEqual([
      reservation("a", 26, 5n, 0),
      reservation("b", 25, 7n, 0),
      reservation("a", 25, 2n, 0),
    ]);
  });

  test("a hold that was not used gives its number back too", () => {
    expect(shares(counted, 15n, { all: true })).toEqual([
      reservation("a", 26, 5n, 0),
      reservation("b", 25, 10n),
      reservation("a", 25, 10n),
    ]);
  });

  test("never more than was counted, and all of it when all is given back", () => {
    const entries = fc
      .array(fc.tuple(fc.constantFrom("a", "b", "c"), fc.integer({ min: 10, max: 20 }), fc.bigInt({ min: 0n, max: 1_000n })))
      .map(
        (list) =>
          withMore(
            null,
            list.map(([usage, day, amount]) => reservation(usage, day, amount)),
          ) ?? [],
      );
    fc.assert(
      fc.property(entries, fc.bigInt({ min: 0n, max: 5_000n }), (list, amount) => {
        const sums = new Map<string, bigint>();
        for (const one of list) sums.set(one.usage, (sums.get(one.usage) ?? 0n) + one.amount);
        const back = new Map<string, bigint>();
        for (const share of shares(list, amount, { all: false })) {
          const from = list.find(({ usage, windowStart }) => usage === share.usage && windowStart === share.windowStart);
          expect(share.amount > 0n && share.amount <= (from?.amount ?? 0n)).toBe(true);
          back.set(share.usage, (back.get(share.usage) ?? 0n) + share.amount);
        }
        for (const [usage, sum] of sums) expect(back.get(usage) ?? 0n).toBe(sum < amount ? sum : amount);
      }),
    );
  });
});
