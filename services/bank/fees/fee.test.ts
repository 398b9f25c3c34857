import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { amountMax } from "../assets.ts";
import { feeLines, feeOf, type Tariff } from "./fee.ts";
import { feeFor, feeLeg, type Schedule } from "./fee-for.ts";
import { schedulesFor } from "./standard-tariff.ts";

const free: Tariff = { fixed: 0n, basisPoints: 0, minFee: null, maxFee: null };
const domestic: Tariff = { fixed: 0n, basisPoints: 5, minFee: 10n, maxFee: 500n };
const abroad: Tariff = { fixed: 35n, basisPoints: 50, minFee: 150n, maxFee: 7_500n };

describe("fee", () => {
  const cases: [string, bigint, Tariff, bigint][] = [
    ["nothing", 1_000_000n, free, 0n],
    ["the least fee", 100n, domestic, 10n],
    ["0.05 % of 400.00", 40_000n, domestic, 20n],
    ["half a cent counts as one: 0.05 % of 410.00 is 20.5", 41_000n, domestic, 21n],
    ["less than half does not: 20.4995", 40_999n, domestic, 20n],
    ["the greatest fee", 100_000_000n, domestic, 500n],
    ["fixed part and share: 0.35 + 6.1728", 123_456n, abroad, 652n],
    ["the greatest amount", amountMax, abroad, 7_500n],
    ["a fixed part alone", 1n, { ...free, fixed: 25n }, 25n],
    ["all of it", 999n, { ...free, basisPoints: 10_000 }, 999n],
  ];
  test.each(cases)("%s", (_, amount, tariff, expected) => {
    expect(feeOf(amount, tariff)).toBe(expected);
  });

  test("says what it is made of", () => {
    expect(feeLines(123_456n, abroad)).toEqual([
      { of: "fixed", amount: 35n },
      { of: "share", amount: 617n },
    ]);
    expect(feeLines(100n, abroad)).toEqual([
      { of: "fixed", amount: 35n },
      { of: "share", amount: 1n },
      { of: "minimum", amount: 114n },
    ]);
    expect(feeLines(100_000_000n, domestic)).toEqual([
      { of: "share", amount: 50_000n },
      { of: "maximum", amount: -49_500n },
    ]);
  });

  test("never falls as the amount rises, and stays between its bounds", () => {
    const money = fc.bigInt(0n, 10n ** 15n);
    fc.assert(
      fc.property(
        fc.bigInt(1n, amountMax - 1n),
        money,
        fc.integer({ min: 0, max: 10_000 }),
        fc.option(fc.tuple(money, money)),
        (amount, fixed, basisPoints, bounds) => {
          const [minFee, maxFee] = bounds === null ? [null, null] : [bounds[0], bounds[0] + bounds[1]];
          const tariff = { fixed, basisPoints, minFee, maxFee };
          const fee = feeOf(amount, tariff);
          if (minFee !== null) expect(fee).toBeGreaterThanOrEqual(minFee);
          if (maxFee !== null) expect(fee).toBeLessThanOrEqual(maxFee);
          expect(feeOf(amount + 1n, tariff)).toBeGreaterThanOrEqual(fee);
        },
      ),
    );
  });
});

const now = "2026-06-01T00:00:00.000Z";
const schedule = (more: Partial<Schedule> = {}): Schedule => ({
  id: "fsc_1",
  name: "Payment fee",
  kind: "payment",
  reach: "internal",
  currency: "EUR",
  ...free,
  fixed: 25n,
  payer: "debit",
  validFrom: "2026-01-01T00:00:00.000Z",
  validTo: null,
  enabled: true,
  ...more,
});
const charged = { kind: "payment", currency: "EUR", amount: 1_000n, now };

describe("which schedule counts", () => {
  const cases: [string, readonly Schedule[], bigint | undefined][] = [
    ["the only one", [schedule()], 25n],
    ["none", [], undefined],
    ["not one of another kind", [schedule({ kind: "withdrawal" })], undefined],
    ["not one of another currency", [schedule({ currency: "USD" })], undefined],
    ["not one of another reach", [schedule({ reach: "domestic" })], undefined],
    ["not a disabled one", [schedule({ enabled: false })], undefined],
    ["one from this moment on", [schedule({ validFrom: now })], 25n],
    ["not one from a later moment on", [schedule({ validFrom: "2026-06-01T00:00:00.001Z" })], undefined],
    ["not one until this moment", [schedule({ validTo: now })], undefined],
    ["one until a later moment", [schedule({ validTo: "2026-06-01T00:00:00.001Z" })], 25n],
    [
      "the newer one, wherever it stands",
      [schedule({ validFrom: "2026-05-01T00:00:00.000Z", fixed: 30n }), schedule({ id: "fsc_9" })],
      30n,
    ],
    ["of two of one moment the greater id", [schedule({ id: "fsc_2", fixed: 40n }), schedule()], 40n],
  ];
  test.each(cases)("%s", (_, schedules, fee) => {
    expect(feeFor(schedules, charged)?.fee).toBe(fee as bigint);
  });

  test("the standard tariff holds until the bank sets one, for that reach and currency only", () => {
    const own = [schedule({ reach: "domestic", enabled: false })];
    const quoted = (rows: readonly Schedule[], reach: Schedule["reach"], currency: string) =>
      feeFor(schedulesFor(rows, reach, currency), { ...charged, amount: 123_456n, reach, currency })?.fee;
    expect(quoted([], "domestic", "EUR")).toBe(62n);
    expect(quoted(own, "domestic", "EUR")).toBeUndefined();
    expect(quoted(own, "domestic", "USD")).toBe(62n);
    expect(quoted(own, "international", "EUR")).toBe(652n);
    expect(quoted([], "international", "KWD")).toBeUndefined();
  });
});

describe("who pays it", () => {
  const leg = { debit: "acc_a", credit: "acc_b", currency: "EUR" };
  const charge = (more: Partial<Schedule>) => ({ fee: 25n, lines: [], schedule: schedule(more) });

  test("the debited side or the credited one", () => {
    expect(feeLeg(leg, charge({}), "acc_fees")).toMatchObject({ debit: "acc_a", credit: "acc_fees", amount: 25n, kind: "fee" });
    expect(feeLeg(leg, charge({ payer: "credit" }), "acc_fees")).toMatchObject({ debit: "acc_b" });
  });

  test("nobody where there is nothing to pay, nor the bank to itself", () => {
    expect(feeLeg(leg, { ...charge({}), fee: 0n }, "acc_fees")).toBeUndefined();
    expect(feeLeg(leg, charge({}), "acc_a")).toBeUndefined();
  });
});
