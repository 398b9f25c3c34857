import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Account } from "../outcomes.ts";
import type { LimitRule } from "./limit-fields.ts";
import { type Counted, countedIn, excessOf, isJudged, type Movement, plus, remainderOf, subjectOf } from "./limits.ts";

const account = (id: string, more: Partial<Account> = {}): Account =>
  ({ id, customer: `owner of ${id}`, kind: "customer", purpose: null, ...more }) as Account;

const rule = (more: Partial<LimitRule> = {}): LimitRule => ({
  id: "lir_1",
  name: "Test",
  scope: "account",
  subject: null,
  tier: null,
  currency: null,
  window: "day",
  maxAmount: 100n,
  maxCount: null,
  direction: "debit",
  enabled: true,
  version: 1,
  createdAt: "2026-11-01T00:00:00.000Z",
  ...more,
});

const movement = (more: Partial<Movement> = {}): Movement => ({
  debit: account("payer"),
  credit: account("payee"),
  amount: 10n,
  currency: "EUR",
  kind: "payment",
  ...more,
});

describe("whose counter a movement adds to", () => {
  const house = account("house", { customer: null, kind: "house" });
  const shop = account("shop", { customer: null, kind: "house", purpose: "receivable" });
  const cases: [string, Partial<LimitRule>, Partial<Movement>, string | undefined][] = [
    ["the account that pays", {}, {}, "payer"],
    ["the account that is paid", { direction: "credit" }, {}, "payee"],
    ["the customer who pays", { scope: "customer" }, {}, "owner of payer"],
    ["the customer who is paid", { scope: "customer", direction: "credit" }, {}, "owner of payee"],
    ["what collects for a merchant, whatever the direction", { scope: "merchant" }, { credit: shop }, "shop"],
    ["one merchant", { scope: "merchant", subject: "shop" }, { credit: shop }, "shop"],
    ["nobody: another merchant", { scope: "merchant", subject: "kiosk" }, { credit: shop }, undefined],
    ["nobody: paid to no merchant", { scope: "merchant" }, {}, undefined],
    ["nobody: the bank's own account", {}, { debit: house }, undefined],
    ["nobody: the bank has no owner", { scope: "customer" }, { debit: house }, undefined],
    ["the bank's own account, when it is named", { subject: "house" }, { debit: house }, "house"],
    ["the one that is named", { subject: "payer" }, {}, "payer"],
    ["nobody: another one is named", { subject: "payee" }, {}, undefined],
    ["nobody: another currency", { currency: "USD" }, {}, undefined],
    ["its own currency", { currency: "EUR" }, {}, "payer"],
    ["nobody: switched off", { enabled: false }, {}, undefined],
  ];
  test.each(cases)("%s", (_, terms, what, expected) => {
    expect(subjectOf(rule(terms), movement(what))).toBe(expected as string);
  });
});

test("what the bank does of its own accord is not judged", () => {
  expect(["fee", "interest", "correction", "reversal", "settlement"].filter(isJudged)).toEqual([]);
  expect(["payment", "withdrawal", "deposit", "payout", "fx", "investment"].every(isJudged)).toBe(true);
});

describe("an excess", () => {
  const today: Counted = { windowStart: "2026-11-25T00:00:00.000Z", amount: 60n, count: 3 };
  test("exactly at the limit is allowed", () => {
    expect(excessOf(rule(), today, 40n, 1)).toBeUndefined();
    expect(excessOf(rule({ maxAmount: null, maxCount: 4 }), today, 1_000n, 1)).toBeUndefined();
  });
  test("tells what remains and until when", () => {
    expect(excessOf(rule(), today, 41n, 1)).toEqual({
      type: "limit_exceeded",
      details: { rule: "lir_1", window: "day", remainder: 40n, resetsAt: "2026-11-26T00:00:00.000Z" },
    });
    expect(excessOf(rule({ maxAmount: null, maxCount: 3 }), today, 1n, 1)).toEqual({
      type: "limit_exceeded",
      details: { rule: "lir_1", window: "day", remainingCount: 0, resetsAt: "2026-11-26T00:00:00.000Z" },
    });
  });
  test("a rule whose day became a week goes on counting until the week ends", () => {
    expect(excessOf(rule({ window: "week" }), today, 41n, 1)?.details).toMatchObject({ resetsAt: "2026-11-30T00:00:00.000Z" });
  });
  test("a lowered limit leaves nothing, and not less than nothing", () => {
    expect(remainderOf(rule({ maxAmount: 10n, maxCount: 1 }), today)).toEqual({ amount: 0n, count: 0 });
  });
  test("more of the same hold counts no second time", () => {
    expect(excessOf(rule({ maxCount: 3 }), today, 1n, 0)).toBeUndefined();
  });
  test("of a tier: the customer has to be verified, unless fully known", () => {
    expect(excessOf(rule({ tier: "none" }), today, 41n, 1)).toMatchObject({ type: "kyc_required", details: { tier: "none" } });
    expect(excessOf(rule({ tier: "basic" }), today, 41n, 1)?.type).toBe("kyc_required");
    expect(excessOf(rule({ tier: "full" }), today, 41n, 1)?.type).toBe("limit_exceeded");
  });
});

describe("counting over time", () => {
  test("a new window begins at nothing; a clock that steps back stays in the later one", () => {
    const usage = { windowStart: "2026-11-25T00:00:00.000Z", amount: 60n, count: 3 };
    expect(countedIn(usage, rule(), "2026-11-25T23:59:59.999Z")).toEqual(usage);
    expect(countedIn(usage, rule(), "2026-11-26T00:00:00.000Z")).toMatchObject({ amount: 0n, count: 0 });
    expect(countedIn(usage, rule(), "2026-11-24T23:59:59.999Z")).toEqual(usage);
  });

  test("whatever is asked, no window lets more pass than its limit, and nothing that fits is refused", () => {
    const step = fc.record({ aheadMs: fc.integer({ min: 0, max: 90_000_000 }), amount: fc.bigInt({ min: 1n, max: 80n }) });
    const limit = fc.record({ maxAmount: fc.bigInt({ min: 0n, max: 200n }), maxCount: fc.integer({ min: 0, max: 5 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), limit, (steps, bounds) => {
        const terms = rule(bounds);
        const passed = new Map<string, { amount: bigint; count: number }>();
        let usage: Counted | undefined;
        let nowMs = Date.parse("2026-11-25T20:00:00.000Z");
        for (const { aheadMs, amount } of steps) {
          nowMs += aheadMs;
          const now = new Date(nowMs).toISOString();
          const day = now.slice(0, 10);
          const before = passed.get(day) ?? { amount: 0n, count: 0 };
          const counted = countedIn(usage, terms, now);
          const fits = before.amount + amount <= bounds.maxAmount && before.count < bounds.maxCount;
          expect(excessOf(terms, counted, amount, 1) === undefined).toBe(fits);
          if (!fits) continue;
          usage = plus(counted, amount, 1);
          passed.set(day, { amount: before.amount + amount, count: before.count + 1 });
        }
      }),
      { numRuns: 500 },
    );
  });
});
