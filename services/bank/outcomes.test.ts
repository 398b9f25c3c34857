import { describe, expect, test } from "bun:test";
import type { Principal } from "pons";
import {
  credited,
  debited,
  decide,
  flawOf,
  type Situation,
  type Terms,
  type PostingRefusal,
  postingRefusals,
} from "./outcomes.ts";

type Account = NonNullable<Situation["debit"]>;

const now = "2026-03-01T12:00:00.000Z";

const account = (id: string, more: Partial<Account> = {}): Account => ({
  id,
  customer: `owner of ${id}`,
  kind: "customer",
  purpose: null,
  name: id,
  currency: "EUR",
  debitsPosted: 0n,
  creditsPosted: 0n,
  debitsPending: 0n,
  creditsPending: 0n,
  balance: (more.creditsPosted ?? 0n) - (more.debitsPosted ?? 0n),
  overdraftLimit: 0n,
  maxBalance: null,
  status: "active",
  frozenReason: null,
  iban: id,
  version: 1,
  createdAt: now,
  ...more,
});

const principal = (more: Partial<Principal>): Principal => ({
  tenant: "demo",
  environment: "sandbox",
  app: null,
  user: null,
  subject: null,
  roles: [],
  ...more,
});

const teller = principal({ roles: ["teller"], user: "t" });
const payer = principal({ roles: ["customer"], subject: "owner of a" });
const payee = principal({ roles: ["customer"], subject: "owner of b" });
const stranger = principal({ roles: ["customer"], subject: "owner of c" });

const terms: Terms = {
  debit: "a",
  credit: "b",
  amount: 100n,
  currency: "EUR",
  kind: "payment",
  reference: null,
  effectiveAt: null,
};
const posted = { ...terms, phase: "posted", effectiveAt: now, createdAt: now };
const spent = { id: "x", reason: "insufficient_funds", subject: "owner of a", approval: null, createdAt: now };

const situation = (more: Partial<Situation> = {}, changed: Partial<Terms> = {}): Situation => ({
  terms: { ...terms, ...changed },
  caller: teller,
  sees: ({ customer }) =>
    more.caller === undefined || more.caller === teller || (customer !== null && customer === more.caller.subject),
  keeps: (currency) => currency !== "KWD",
  closedThrough: null,
  now,
  debit: account("a", { creditsPosted: 1_000n }),
  credit: account("b"),
  existing: undefined,
  spent: undefined,
  ...more,
});

const outcomeOf = (given: Situation): string => {
  const decision = decide(given);
  return decision.outcome === "refused" ? decision.type : decision.outcome;
};

const max = 2n ** 63n - 1n;

describe("outcomes", () => {
  const cases: [string, Situation, string][] = [
    ["enough money", situation(), "created"],
    ["the last cent can be spent", situation({}, { amount: 1_000n }), "created"],
    ["a cent more cannot", situation({}, { amount: 1_001n }), "insufficient_funds"],
    ["the overdraft counts", situation({ debit: account("a", { overdraftLimit: 100n }) }), "created"],
    ["to its last cent", situation({ debit: account("a", { overdraftLimit: 99n }) }), "insufficient_funds"],
    ["holds are reserved", situation({ debit: account("a", { creditsPosted: 150n, debitsPending: 51n }) }), "insufficient_funds"],
    [
      "what is pending to come is not there yet",
      situation({ debit: account("a", { creditsPending: 500n }) }),
      "insufficient_funds",
    ],
    ["nothing", situation({}, { amount: 0n }), "invalid_amount"],
    ["less than nothing", situation({}, { amount: -1n }), "invalid_amount"],
    ["a currency the bank does not keep", situation({}, { currency: "KWD" }), "invalid_currency"],
    ["a currency of neither account", situation({}, { currency: "USD" }), "asset_mismatch"],
    ["debited in another currency", situation({ debit: account("a", { currency: "USD" }) }), "asset_mismatch"],
    ["credited in another currency", situation({ credit: account("b", { currency: "USD" }) }), "asset_mismatch"],
    ["a value date a day ahead", situation({}, { effectiveAt: "2026-03-02T12:00:00.000Z" }), "created"],
    ["later than that", situation({}, { effectiveAt: "2026-03-02T12:00:00.001Z" }), "invalid_effective_at"],
    ["a value date in the past", situation({}, { effectiveAt: "2020-01-01T00:00:00.000Z" }), "created"],
    ["to oneself", situation({}, { credit: "a" }), "same_account"],
    ["from nowhere", situation({ debit: undefined }), "debit_account_not_found"],
    ["to nowhere", situation({ credit: undefined }), "credit_account_not_found"],
    ["from a closed account", situation({ debit: account("a", { status: "closed" }) }), "account_closed"],
    ["to a closed account", situation({ credit: account("b", { status: "closed" }) }), "account_closed"],
    ["from a frozen account", situation({ debit: account("a", { status: "frozen" }) }), "account_frozen"],
    ["to a frozen account", situation({ credit: account("b", { status: "frozen" }) }), "account_frozen"],
    [
      "debits to the end of the counter",
      situation({ debit: account("a", { debitsPosted: max - 100n, overdraftLimit: max }) }),
      "created",
    ],
    ["beyond it", situation({ debit: account("a", { debitsPosted: max - 99n, overdraftLimit: max }) }), "overflow"],
    [
      "pending debits count there",
      situation({ debit: account("a", { debitsPosted: max - 100n, debitsPending: 1n }) }),
      "overflow",
    ],
    ["credits to the end of the counter", situation({ credit: account("b", { creditsPosted: max - 100n }) }), "created"],
    ["beyond it", situation({ credit: account("b", { creditsPosted: max - 99n }) }), "overflow"],
    ["up to the cap", situation({ credit: account("b", { creditsPosted: 50n, maxBalance: 150n }) }), "created"],
    ["over the cap", situation({ credit: account("b", { creditsPosted: 51n, maxBalance: 150n }) }), "max_balance_exceeded"],
    [
      "pending credits count there",
      situation({ credit: account("b", { creditsPending: 51n, maxBalance: 150n }) }),
      "max_balance_exceeded",
    ],
    ["the same again", situation({ existing: posted }), "exists"],
    ["again with the value date written out", situation({ existing: posted }, { effectiveAt: now }), "exists"],
    ["again when the money is gone", situation({ existing: posted, debit: account("a") }), "exists"],
    ["again when the account is closed", situation({ existing: posted, debit: account("a", { status: "closed" }) }), "exists"],
    ["another amount", situation({ existing: posted }, { amount: 101n }), "exists_with_different_fields"],
    ["another account", situation({ existing: posted }, { credit: "c" }), "exists_with_different_fields"],
    ["another currency", situation({ existing: posted }, { currency: "USD" }), "exists_with_different_fields"],
    ["another kind", situation({ existing: posted }, { kind: "fee" }), "exists_with_different_fields"],
    ["another reference", situation({ existing: posted }, { reference: "x" }), "exists_with_different_fields"],
    [
      "another value date",
      situation({ existing: posted }, { effectiveAt: "2026-02-01T00:00:00.000Z" }),
      "exists_with_different_fields",
    ],
    ["a spent id, though there is money now", situation({ spent }), "id_already_failed"],
    ["the own account", situation({ caller: payer }), "created"],
    ["someone else's account is not there", situation({ caller: stranger }), "debit_account_not_found"],
    ["not even for the one who would be paid", situation({ caller: payee }), "debit_account_not_found"],
    [
      "a house account is not there",
      situation({ caller: principal({ roles: ["customer"] }), debit: account("a", { customer: null }) }),
      "debit_account_not_found",
    ],
    ["a customer books no fees", situation({ caller: payer }, { kind: "fee" }), "invalid_kind"],
    ["the payer repeats", situation({ caller: payer, existing: posted }), "exists"],
    ["a stranger repeats", situation({ caller: stranger, existing: posted }), "exists_with_different_fields"],
    ["a step of a hold has this id", situation({ existing: { ...posted, phase: "capture" } }), "exists_with_different_fields"],
    ["on a day whose books are closed", situation({ closedThrough: "2026-03-01" }), "period_closed"],
    ["on the day after", situation({ closedThrough: "2026-02-28" }), "created"],
    [
      "dated back into a closed day",
      situation({ closedThrough: "2026-02-28" }, { effectiveAt: "2026-02-28T23:59:59.999Z" }),
      "period_closed",
    ],
    ...(["kyc_required", "limit_exceeded", "fraud_declined", "review_required"] as const).map(
      (type): [string, Situation, string] => [
        `${type} is asked of limits and fraud`,
        situation({ risk: () => ({ type }) }),
        type,
      ],
    ),
    [
      "a review that is pending",
      situation({ spent: { ...spent, reason: "review_required", approval: "apr" } }),
      "review_required",
    ],
  ];
  test.each(cases)("%s → case %#", (_, given, expected) => {
    expect(outcomeOf(given)).toBe(expected);
  });

  test("each refusal is among the cases", () => {
    const seen = new Set(cases.map(([, , expected]) => expected));
    const ofOthers = Object.keys(postingRefusals).filter((type) => !seen.has(type));
    // Of holds and reversals: see their tests.
    expect(ofOthers).toEqual([
      "hold_not_found",
      "hold_already_posted",
      "hold_already_voided",
      "hold_already_expired",
      "exceeds_hold_amount",
      "already_reversed",
    ]);
  });
});

describe("precedence", () => {
  /** Each line adds the flaw of one outcome; all later flaws are there as well. The first in order is told. */
  const bad = situation(
    {
      debit: undefined,
      credit: undefined,
      existing: { ...posted, reference: "other" },
      spent,
      caller: payer,
      closedThrough: "2026-03-01",
      risk: () => ({ type: "limit_exceeded" }),
    },
    { amount: 0n, currency: "KWD", kind: "fee", effectiveAt: "2027-01-01T00:00:00.000Z", credit: "a" },
  );
  const poor = account("a", { currency: "USD", status: "closed", debitsPosted: max });
  const full = account("b", { currency: "USD", status: "frozen", creditsPosted: max, maxBalance: 1n });
  const mended: [PostingRefusal, (given: Situation) => Situation][] = [
    ["invalid_amount", (s) => ({ ...s, terms: { ...s.terms, amount: 100n } })],
    ["invalid_currency", (s) => ({ ...s, terms: { ...s.terms, currency: "EUR" } })],
    ["invalid_kind", (s) => ({ ...s, terms: { ...s.terms, kind: "payment" } })],
    ["invalid_effective_at", (s) => ({ ...s, terms: { ...s.terms, effectiveAt: null } })],
    ["exists_with_different_fields", (s) => ({ ...s, existing: undefined })],
    ["id_already_failed", (s) => ({ ...s, spent: undefined })],
    ["same_account", (s) => ({ ...s, terms: { ...s.terms, credit: "b" } })],
    ["debit_account_not_found", (s) => ({ ...s, debit: poor })],
    ["credit_account_not_found", (s) => ({ ...s, credit: full })],
    ["asset_mismatch", (s) => ({ ...s, debit: { ...poor, currency: "EUR" }, credit: { ...full, currency: "EUR" } })],
    ["account_closed", (s) => ({ ...s, debit: { ...(s.debit as Account), status: "active" } })],
    ["account_frozen", (s) => ({ ...s, credit: { ...(s.credit as Account), status: "active" } })],
    ["period_closed", (s) => ({ ...s, closedThrough: null })],
    ["limit_exceeded", ({ risk: _, ...s }) => s],
    ["overflow", (s) => ({ ...s, debit: account("a"), credit: account("b", { maxBalance: 1n }) })],
    ["insufficient_funds", (s) => ({ ...s, debit: account("a", { creditsPosted: 100n }) })],
    ["max_balance_exceeded", (s) => ({ ...s, credit: account("b") })],
  ];

  test("the outcomes come in the ledger's order", () => {
    let given = bad;
    const told: string[] = [];
    for (const [, mend] of mended) {
      told.push(outcomeOf(given));
      given = mend(given);
    }
    expect(told).toEqual(mended.map(([type]) => type));
    expect(outcomeOf(given)).toBe("created");
  });

  test("only refusals that depend on the state spend the id", () => {
    let given = bad;
    const spending: string[] = [];
    for (const [type, mend] of mended) {
      const decision = decide(given);
      if (decision.outcome === "refused" && decision.spends) spending.push(type);
      given = mend(given);
    }
    expect(spending).toEqual([
      "debit_account_not_found",
      "credit_account_not_found",
      "asset_mismatch",
      "account_closed",
      "account_frozen",
      "period_closed",
      "limit_exceeded",
      "overflow",
      "insufficient_funds",
      "max_balance_exceeded",
    ]);
  });
});

describe("what is told", () => {
  test("what is there and what is needed", () => {
    const debit = account("a", { creditsPosted: 500n, debitsPosted: 100n, debitsPending: 50n, overdraftLimit: 25n });
    expect(decide(situation({ debit }, { amount: 400n }))).toMatchObject({ details: { available: 375n, required: 400n } });
  });

  test("the first reason, to whom it happened and to staff", () => {
    const detailsFor = (caller: Principal) => decide(situation({ spent, caller }));
    expect(detailsFor(payer)).toMatchObject({ details: { reason: "insufficient_funds" } });
    expect(detailsFor(teller)).toMatchObject({ details: { reason: "insufficient_funds" } });
    expect(detailsFor(stranger)).toMatchObject({ type: "id_already_failed", details: {} });
  });
});

describe("effects", () => {
  const from = account("a", { creditsPosted: 1_000n, debitsPosted: 1n, debitsPending: 50n });
  const to = account("b", { creditsPosted: 5n, creditsPending: 50n });
  const cases: [string, { amount: bigint; pending: bigint }, object, object][] = [
    [
      "what one side loses the other gains",
      { amount: 7n, pending: 0n },
      { debitsPosted: 8n, debitsPending: 50n, balance: 992n },
      { creditsPosted: 12n, creditsPending: 50n, balance: 12n },
    ],
    [
      "a hold moves nothing",
      { amount: 0n, pending: 7n },
      { debitsPosted: 1n, debitsPending: 57n, balance: 999n },
      { creditsPosted: 5n, creditsPending: 57n, balance: 5n },
    ],
    [
      "a final capture moves a part and gives back the rest",
      { amount: 20n, pending: -50n },
      { debitsPosted: 21n, debitsPending: 0n, balance: 979n },
      { creditsPosted: 25n, creditsPending: 0n, balance: 25n },
    ],
  ];
  test.each(cases)("%s", (_, effect, debit, credit) => {
    expect(debited(from, effect)).toEqual(debit as never);
    expect(credited(to, effect)).toEqual(credit as never);
  });

  test("a capture needs no funds: they were reserved", () => {
    const poor = account("a", { creditsPosted: 50n, debitsPending: 50n });
    const books = { debit: poor, credit: to, closedThrough: null };
    const effect = { currency: "EUR", effectiveAt: now };
    expect(flawOf({ ...effect, amount: 50n, pending: -50n }, books)).toBeUndefined();
    expect(flawOf({ ...effect, amount: 1n, pending: 0n }, books)).toMatchObject({ type: "insufficient_funds" });
  });
});
