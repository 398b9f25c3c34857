/**
 * The ledger against an independent model: random transfers in batches, ids used twice, accounts frozen, closed, capped, overdrawn. The model
 * is as plain as can be, a table of balances and one rule after the other; each outcome and every balance must agree. On both engines.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { testDatabases } from "../postgres/index.ts";
import { type Bank, dataOf, openBank } from "./bank.ts";

interface Account {
  readonly id: string;
  readonly currency: string;
  readonly overdraft: number;
  readonly cap: number | undefined;
  readonly status: "active" | "frozen" | "closed";
  balance: number;
}

interface Wish {
  readonly id: number | undefined;
  readonly debit: number;
  readonly credit: number;
  readonly amount: number;
  readonly currency: string;
}

/** Kinds of accounts of each run; the last position stands for an account that is not there. */
const kinds: readonly Omit<Account, "id" | "balance">[] = [
  { currency: "EUR", overdraft: 0, cap: undefined, status: "active" },
  { currency: "EUR", overdraft: 0, cap: undefined, status: "active" },
  { currency: "EUR", overdraft: 50, cap: undefined, status: "active" },
  { currency: "EUR", overdraft: 0, cap: 120, status: "active" },
  { currency: "JPY", overdraft: 0, cap: undefined, status: "active" },
  { currency: "EUR", overdraft: 0, cap: undefined, status: "frozen" },
  { currency: "EUR", overdraft: 0, cap: undefined, status: "closed" },
];
const opening = 100;
const nobody = "acc_01JD3Q8Z5T7N9V1X3B5D7F9H1K";

const wish: fc.Arbitrary<Wish> = fc.record({
  id: fc.option(fc.nat(4), { nil: undefined }),
  debit: fc.oneof({ weight: 6, arbitrary: fc.nat(3) }, { weight: 1, arbitrary: fc.nat(kinds.length) }),
  credit: fc.oneof({ weight: 6, arbitrary: fc.nat(3) }, { weight: 1, arbitrary: fc.nat(kinds.length) }),
  amount: fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: 1, max: 70 }) },
    { weight: 1, arbitrary: fc.integer({ min: -1, max: 200 }) },
  ),
  currency: fc.oneof({ weight: 9, arbitrary: fc.constant("EUR") }, { weight: 1, arbitrary: fc.constantFrom("JPY", "KWD") }),
});

/** One rule after the other; the books are changed when all are met. */
class Model {
  readonly #posted = new Map<number, string>();
  readonly #spent = new Set<number>();
  readonly accounts: readonly Account[];

  constructor(accounts: readonly Account[]) {
    this.accounts = accounts;
  }

  outcome(asked: Wish): string {
    const { id, debit, credit, amount, currency } = asked;
    const terms = JSON.stringify([debit, credit, amount, currency]);
    if (amount < 1) return "invalid_amount";
    if (id !== undefined && this.#posted.has(id))
      return this.#posted.get(id) === terms ? "replayed" : "exists_with_different_fields";
    if (id !== undefined && this.#spent.has(id)) return "id_already_failed";
    if (debit === credit) return "same_account";
    const flaw = this.#flaw(asked);
    if (id !== undefined) {
      if (flaw === undefined) this.#posted.set(id, terms);
      else this.#spent.add(id);
    }
    return flaw ?? "created";
  }

  #flaw({ debit, credit, amount, currency }: Wish): string | undefined {
    const from = this.accounts[debit];
    const to = this.accounts[credit];
    if (from === undefined) return "debit_account_not_found";
    if (to === undefined) return "credit_account_not_found";
    if (from.currency !== currency || to.currency !== currency) return "asset_mismatch";
    if (from.status === "closed" || to.status === "closed") return "account_closed";
    if (from.status === "frozen" || to.status === "frozen") return "account_frozen";
    if (from.balance + from.overdraft < amount) return "insufficient_funds";
    if (to.cap !== undefined && to.balance + amount > to.cap) return "max_balance_exceeded";
    from.balance -= amount;
    to.balance += amount;
    return undefined;
  }
}

describe.each(testDatabases())("$engine", ({ create }) => {
  let bank: Bank;
  let houses: Map<string, string>;

  beforeAll(async () => {
    bank = await openBank(await create());
    houses = new Map([
      ["EUR", await bank.house("EUR")],
      ["JPY", await bank.house("JPY")],
    ]);
  });
  afterAll(() => bank[Symbol.asyncDispose]());

  const open = async (kind: (typeof kinds)[number]): Promise<Account> => {
    const { currency, overdraft, cap, status } = kind;
    const funds = status === "closed" ? 0 : opening;
    const limits = { overdraftLimit: overdraft, ...(cap === undefined ? {} : { maxBalance: cap }) };
    const { account: id } = await bank.holder(currency, houses.get(currency) ?? "", funds, limits);
    if (status === "closed") dataOf(await bank.call("accounts.close", { id }));
    if (status === "frozen") dataOf(await bank.call("accounts.freeze", { id, body: { reason: "model" } }));
    return { ...kind, id, balance: funds };
  };

  const run = async (batches: readonly (readonly Wish[])[]): Promise<void> => {
    const model = new Model(await Promise.all(kinds.map(open)));
    const ids = Array.from({ length: 5 }, () => crypto.randomUUID());
    for (const batch of batches) {
      const expected = batch.map((asked) => model.outcome(asked));
      const bodies = batch.map(({ id, debit, credit, ...rest }) => ({
        body: {
          ...rest,
          ...(id === undefined ? {} : { id: ids[id] }),
          debit: model.accounts[debit]?.id ?? nobody,
          credit: model.accounts[credit]?.id ?? nobody,
        },
      }));
      const results = await bank.batch("transfers.create", bodies);
      const told = results.map((result) =>
        result.ok ? (result.replayed === true ? "replayed" : "created") : result.refusal.type,
      );
      expect(told).toEqual(expected);
    }
    const balances = await Promise.all(model.accounts.map(async ({ id }) => (await bank.account(id)).balance));
    expect(balances).toEqual(model.accounts.map(({ balance }) => balance));
  };

  test("agrees in every outcome and every balance", async () => {
    const batches = fc.array(fc.array(wish, { minLength: 1, maxLength: 40 }), { minLength: 1, maxLength: 4 });
    await fc.assert(fc.asyncProperty(batches, run), { numRuns: 25 });
  }, 60_000);
});
