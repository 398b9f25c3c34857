import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Account } from "../outcomes.ts";
import { inOrder, isTooFast, judge, meetsAllButVelocity, type Surroundings, withMoment } from "./fraud.ts";
import type { FraudRule } from "./fraud-fields.ts";
import type { Movement } from "./limits.ts";

const nowMs = Date.parse("2026-11-25T12:00:00.000Z");
const dayMs = 86_400_000;

const account = (id: string, ageDays: number, more: Partial<Account> = {}): Account =>
  ({
    id,
    customer: `owner of ${id}`,
    kind: "customer",
    createdAt: new Date(nowMs - ageDays * dayMs).toISOString(),
    ...more,
  }) as Account;

const movement: Movement = {
  debit: account("payer", 100),
  credit: account("payee", 3),
  amount: 500n,
  currency: "EUR",
  kind: "payment",
};

const rule = (more: Partial<FraudRule> = {}): FraudRule => ({
  id: "frr_1",
  name: "Test",
  order: 1,
  mode: "live",
  action: "decline",
  minAmount: null,
  currency: null,
  kinds: null,
  debitCountries: null,
  creditCountries: null,
  newAccountDays: null,
  list: null,
  velocityCount: null,
  velocityMinutes: null,
  version: 1,
  createdAt: "2026-11-01T00:00:00.000Z",
  updatedAt: "2026-11-01T00:00:00.000Z",
  ...more,
});

const around: Surroundings = {
  nowMs,
  countryOf: ({ id }) => ({ payer: "MT", payee: "DE" })[id],
  entries: [
    { list: "watch", subject: "owner of payee" },
    { list: "block", subject: "somebody else" },
  ],
  momentsOf: () => [],
};

describe("conditions", () => {
  const cases: [string, Partial<FraudRule>, boolean][] = [
    ["none: every movement", {}, true],
    ["the least amount", { minAmount: 500n }, true],
    ["less than the least amount", { minAmount: 501n }, false],
    ["its currency", { currency: "EUR" }, true],
    ["another currency", { currency: "USD" }, false],
    ["one of the kinds", { kinds: ["payout", "payment"] }, true],
    ["none of the kinds", { kinds: ["payout"] }, false],
    ["the payer's country", { debitCountries: ["DE", "MT"] }, true],
    ["not the payer's country", { debitCountries: ["DE"] }, false],
    ["the payee's country", { creditCountries: ["DE"] }, true],
    ["not the payee's country", { creditCountries: ["MT"] }, false],
    ["a young account on either side", { newAccountDays: 4 }, true],
    ["no account so young", { newAccountDays: 3 }, false],
    ["on the list, by the owner", { list: "watch" }, true],
    ["somebody else is on the list", { list: "block" }, false],
    ["nobody is on the list", { list: "allow" }, false],
    ["all of several", { minAmount: 500n, list: "watch", currency: "EUR" }, true],
    ["all but one", { minAmount: 500n, list: "watch", currency: "USD" }, false],
  ];
  test.each(cases)("%s", (_, conditions, expected) => {
    expect(meetsAllButVelocity(rule(conditions), movement, around)).toBe(expected);
  });

  test("the bank's own accounts are never young, and live nowhere", () => {
    const house = account("house", 0, { kind: "house", customer: null });
    const own = { ...movement, debit: house, credit: house };
    expect(meetsAllButVelocity(rule({ newAccountDays: 100 }), own, around)).toBe(false);
    expect(meetsAllButVelocity(rule({ debitCountries: ["MT"] }), own, { ...around, countryOf: () => undefined })).toBe(false);
  });
});

describe("rules together", () => {
  const matches = (...rules: FraudRule[]) => {
    const { matches: found, action } = judge(inOrder(rules), movement, around);
    return [action, ...found.map(({ rule: id }) => id)];
  };
  test("the first live one decides", () => {
    const review = rule({ id: "frr_review", order: 1, action: "review" });
    const decline = rule({ id: "frr_decline", order: 2 });
    expect(matches(decline, review)).toEqual(["review", "frr_review"]);
  });
  test("allow stops", () => {
    expect(matches(rule({ id: "frr_allow", order: 0, action: "allow" }), rule())).toEqual(["allow", "frr_allow"]);
  });
  test("a shadow rule before the deciding one is noted, one after it is not asked", () => {
    const before = rule({ id: "frr_before", order: 0, mode: "shadow" });
    const after = rule({ id: "frr_after", order: 9, mode: "shadow" });
    expect(matches(after, rule(), before)).toEqual(["decline", "frr_before", "frr_1"]);
  });
  test("a rule that is off is not asked", () => {
    expect(matches(rule({ mode: "off" }))).toEqual(["allow"]);
  });
  test("rules of one order are asked by id", () => {
    expect(matches(rule({ id: "frr_b", action: "review" }), rule({ id: "frr_a" }))).toEqual(["decline", "frr_a"]);
  });
});

describe("velocity", () => {
  const fast = rule({ velocityCount: 3, velocityMinutes: 10 });
  test("matches from the movement after the last one that it lets pass", () => {
    const moments = (count: number) => Array.from({ length: count }, (_, index) => nowMs - (count - index) * 1_000);
    const action = (count: number) => judge([fast], movement, { ...around, momentsOf: () => moments(count) }).action;
    expect([0, 1, 2, 3, 4].map(action)).toEqual(["allow", "allow", "allow", "decline", "decline"]);
  });

  test("is as a full history has it", () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 400_000 }), { maxLength: 60 });
    fc.assert(
      fc.property(gaps, fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 15 }), (steps, count, minutes) => {
        const history: number[] = [];
        let kept: readonly number[] = [];
        let at = nowMs;
        for (const gap of steps) {
          at += gap;
          const within = history.filter((moment) => moment > at - minutes * 60_000).length;
          const isFast = isTooFast({ velocityCount: count, velocityMinutes: minutes }, kept, at);
          expect(isFast).toBe(within >= count);
          if (isFast) continue;
          history.push(at);
          kept = withMoment(kept, at, count);
          expect(kept.length).toBeLessThanOrEqual(count);
        }
      }),
    );
  });
});
