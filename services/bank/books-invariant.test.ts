import { describe, expect, test } from "bun:test";
import { booksInvariant } from "./books-invariant.ts";
import { type Account, credited, debited } from "./outcomes.ts";

const account = (id: string, more: Partial<Account> = {}): Account => ({
  id,
  customer: null,
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
  createdAt: "2026-01-01T00:00:00.000Z",
  ...more,
});

const a = account("a", { creditsPosted: 100n, debitsPending: 5n });
const b = account("b", { creditsPending: 5n });
const moved = { amount: 7n, pending: -5n };
const after = { a: { ...a, ...debited(a, moved), version: 2 }, b: { ...b, ...credited(b, moved), version: 2 } };

describe("what a commit changes", () => {
  test("agrees: money moved, a hold captured, accounts opened and removed", () => {
    expect(booksInvariant([])).toBeUndefined();
    expect(
      booksInvariant([
        { before: a, after: after.a },
        { before: b, after: after.b },
        { before: undefined, after: account("c") },
        { before: account("d"), after: undefined },
        { before: account("e"), after: account("e", { status: "frozen", version: 2 }) },
      ]),
    ).toBeUndefined();
  });

  const cases: [string, Parameters<typeof booksInvariant>[0], RegExp][] = [
    ["one side only", [{ before: a, after: after.a }], /differ by 7/],
    [
      "money made on the way",
      [
        { before: a, after: after.a },
        { before: b, after: { ...after.b, creditsPosted: after.b.creditsPosted + 1n, balance: after.b.balance + 1n } },
      ],
      /differ by -1/,
    ],
    [
      "a reservation of one side",
      [{ before: a, after: { ...a, debitsPending: 6n, version: 2 } }],
      /reserved in EUR differs by 1/,
    ],
    [
      "euros for dollars",
      [
        { before: a, after: after.a },
        { before: { ...b, currency: "USD" }, after: { ...after.b, currency: "USD" } },
      ],
      /differ/,
    ],
    ["a balance that says something else", [{ before: a, after: { ...a, balance: 101n, version: 2 } }], /credited less/],
    ["a counter that falls", [{ before: a, after: { ...a, creditsPosted: 99n, balance: 99n, version: 2 } }], /become less/],
    ["less than nothing reserved", [{ before: b, after: { ...b, creditsPending: -1n, version: 2 } }], /less than nothing/],
    ["a version twice", [{ before: a, after: { ...after.a, version: 1 } }], /version/],
    ["a used account that is gone", [{ before: a, after: undefined }], /gone/],
    ["an account that begins with money", [{ before: undefined, after: account("c", { creditsPosted: 1n }) }], /differ by -1/],
  ];
  test.each(cases)("finds %s", (_, changes, told) => {
    expect(booksInvariant(changes)).toMatch(told);
  });
});
