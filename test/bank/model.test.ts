/**
 * The ledger against the reference ledger: random histories of transfers, transactions, holds (authorized, incremented, captured, voided, expired), frozen
 * accounts, ids used twice and clocks that step forwards and backwards, by clients who call at the same time. Each outcome, every balance, every hold and the
 * length of the log must agree, and `pons ledger verify` must find nothing. On both engines; what fails is shrunk and printed with its seed.
 *
 *   PONS_HISTORIES=5000 npm test -- test/bank/model     more of them
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import type { Result } from "../../src/pipeline/call.ts";
import { testDatabases } from "../postgres/index.ts";
import { type Bank, type Caller, dataOf, openBank } from "./bank.ts";
import { type Account, type Leg, ReferenceLedger, type Wish } from "./reference-ledger.ts";

const historiesSqlite = 1_000;
const historiesPostgres = 300;
const histories = (engine: string): number =>
  Number(process.env["PONS_HISTORIES"] ?? (engine === "sqlite" ? historiesSqlite : historiesPostgres));

const hourMs = 3_600_000;
const opening = 100;
const nobody = "acc_01JD3Q8Z5T7N9V1X3B5D7F9H1K";

/** Accounts of each history; the position after the last stands for one that is not there. */
const kinds: readonly Omit<Account, "balance" | "debitsPending" | "creditsPending">[] = [
  { currency: "EUR", overdraft: 0, cap: undefined, status: "active" },
  { currency: "EUR", overdraft: 0, cap: undefined, status: "active" },
  { currency: "EUR", overdraft: 50, cap: undefined, status: "active" },
  { currency: "EUR", overdraft: 0, cap: 120, status: "active" },
  { currency: "JPY", overdraft: 0, cap: undefined, status: "active" },
  { currency: "EUR", overdraft: 0, cap: undefined, status: "closed" },
];

const position = fc.oneof({ weight: 12, arbitrary: fc.nat(3) }, { weight: 1, arbitrary: fc.nat(kinds.length) });
const amount = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 1, max: 70 }) },
  { weight: 1, arbitrary: fc.integer({ min: -1, max: 200 }) },
);
const leg: fc.Arbitrary<Leg> = fc.record({
  debit: position,
  credit: position,
  amount,
  currency: fc.oneof({ weight: 12, arbitrary: fc.constant("EUR") }, { weight: 1, arbitrary: fc.constantFrom("JPY", "KWD") }),
});
const id = fc.nat(5);
const optionalId = fc.option(id, { nil: undefined });
const hold = fc.nat(4);

const wish: fc.Arbitrary<Wish> = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(leg, optionalId).map(([terms, own]): Wish => ({ do: "transfer", id: own, ...terms })) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("transaction" as const),
      id: optionalId,
      legs: fc.array(leg, { minLength: 1, maxLength: 4 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(leg, hold, fc.integer({ min: 0, max: 30 }))
      .map(([terms, own, hours]): Wish => ({ do: "hold", id: own, hours: hours + 0.5, ...terms })),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("increment" as const), hold, amount }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("capture" as const),
      hold,
      amount: fc.option(amount, { nil: undefined }),
      final: fc.boolean(),
      id: optionalId,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("void" as const), hold }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("reverse" as const), id }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("freeze" as const, "unfreeze" as const), account: fc.nat(2) }) },
);

interface Round {
  /** Where the clock stands, in hours from the start of the history: it may step back. */
  readonly hours: number;
  /** Called at the same time, in this order. */
  readonly wishes: readonly Wish[];
}

const history: fc.Arbitrary<readonly Round[]> = fc.array(
  fc.record({ hours: fc.integer({ min: 0, max: 24 }), wishes: fc.array(wish, { minLength: 1, maxLength: 25 }) }),
  { minLength: 1, maxLength: 4 },
);

describe.each(testDatabases())("$engine", ({ engine, create }) => {
  let bank: Bank;
  let customer: string;
  let supervisor: Caller;
  const houses = new Map<string, string>();
  const base = Math.ceil(Date.now() / hourMs) * hourMs;

  beforeAll(async () => {
    bank = await openBank(await create());
    supervisor = { ...bank.teller, user: "supervisor", roles: ["supervisor"] };
    customer = await bank.person();
    for (const currency of ["EUR", "JPY"]) houses.set(currency, await bank.house(currency));
    await bank.allow("transfer.reverse");
  });
  afterAll(() => bank[Symbol.asyncDispose]());

  /** Opens the accounts of one history. */
  const open = async (): Promise<string[]> => {
    const bodies = kinds.map(({ currency, overdraft, cap }) => ({
      body: { customer, name: "Model", currency, overdraftLimit: overdraft, ...(cap === undefined ? {} : { maxBalance: cap }) },
    }));
    const ids = (await bank.batch("accounts.create", bodies)).map((result) => String(dataOf(result).data["id"]));
    const funded = kinds.flatMap(({ currency, status }, at) =>
      status === "closed"
        ? []
        : [{ body: { debit: houses.get(currency), credit: ids[at], amount: opening, currency, kind: "deposit" } }],
    );
    for (const result of await bank.batch("transfers.create", funded)) dataOf(result);
    for (const [at, { status }] of kinds.entries()) {
      if (status === "closed") dataOf(await bank.call("accounts.close", { id: ids[at] as string }));
    }
    return ids;
  };

  const told = (result: Result): string => {
    if (!result.ok) return result.refusal.type;
    if (result.replayed === true) return "replayed";
    return result.status === 201 ? "created" : "done";
  };

  const run = async (rounds: readonly Round[]): Promise<void> => {
    bank.shiftClock(base - Date.now());
    const accounts = await open();
    const ids = (prefix: string) => Array.from({ length: 6 }, () => prefix + crypto.randomUUID());
    const [transfers, transactions, holds] = [ids(""), ids(""), ids("")];
    const holdIds = new Map<number, string>();
    const transferIds = new Map<number, string>();
    const ledger = new ReferenceLedger(
      kinds.map((kind) => ({ ...kind, balance: kind.status === "closed" ? 0 : opening, debitsPending: 0, creditsPending: 0 })),
      base,
    );
    const account = (at: number): string => accounts[at] ?? nobody;
    const terms = ({ debit, credit, amount: sum, currency }: Leg) => ({
      debit: account(debit),
      credit: account(credit),
      amount: sum,
      currency,
    });
    const missing = "00000000-0000-7000-8000-000000000000";
    const call = (asked: Wish): Promise<Result> => {
      switch (asked.do) {
        case "transfer":
          return bank.call("transfers.create", {
            body: { ...terms(asked), ...(asked.id === undefined ? {} : { id: transfers[asked.id] }) },
          });
        case "transaction":
          return bank.call("transactions.create", {
            body: { legs: asked.legs.map(terms), ...(asked.id === undefined ? {} : { id: transactions[asked.id] }) },
          });
        case "hold":
          return bank.call("holds.create", {
            body: { ...terms(asked), id: holds[asked.id], expiresAt: new Date(base + asked.hours * hourMs).toISOString() },
          });
        case "increment":
          return bank.call("holds.increment", { id: holdIds.get(asked.hold) ?? missing, body: { amount: asked.amount } });
        case "capture":
          return bank.call("holds.capture", {
            id: holdIds.get(asked.hold) ?? missing,
            body: {
              final: asked.final,
              ...(asked.amount === undefined ? {} : { amount: asked.amount }),
              ...(asked.id === undefined ? {} : { transfer: transfers[asked.id] }),
            },
          });
        case "void":
          return bank.call("holds.void", { id: holdIds.get(asked.hold) ?? missing });
        case "reverse":
          return bank.call("transfers.reverse", {
            as: supervisor,
            id: transferIds.get(asked.id) ?? missing,
            body: { reason: "model" },
          });
        case "freeze":
          return bank.call("accounts.freeze", { id: account(asked.account), body: { reason: "model" } });
        case "unfreeze":
          return bank.call("accounts.unfreeze", { id: account(asked.account) });
      }
    };
    /** The ids of the server's form, which items are addressed by. */
    const note = (asked: Wish, result: Result): void => {
      if (!result.ok) return;
      const data = result.data as Record<string, unknown>;
      if (asked.do === "hold") holdIds.set(asked.id, String(data["id"]));
      if (asked.do === "transfer" && asked.id !== undefined) transferIds.set(asked.id, String(data["id"]));
      if (asked.do === "capture" && asked.id !== undefined) transferIds.set(asked.id, String(data["transfer"]));
    };
    for (const { hours, wishes } of rounds) {
      const now = base + hours * hourMs;
      bank.shiftClock(now - Date.now());
      // What needs an id that is only now made comes in the next round: nobody could have asked for it before.
      const known = (asked: Wish): boolean =>
        asked.do === "increment" || asked.do === "capture" || asked.do === "void"
          ? holdIds.has(asked.hold)
          : asked.do !== "reverse" || transferIds.has(asked.id);
      const asked = wishes.filter(known);
      // The writer releases what has expired before it does anything; when nobody calls, there is no hurry.
      if (asked.length > 0) ledger.release(now);
      const expected = asked.map((one) => ledger.outcome(one, now));
      const results = await Promise.all(asked.map(call));
      for (const [at, result] of results.entries()) note(asked[at] as Wish, result);
      expect(results.map(told)).toEqual(expected);
    }
    const found = await Promise.all(accounts.map((one) => bank.account(one)));
    expect(found.map(({ balance, debitsPending, creditsPending }) => ({ balance, debitsPending, creditsPending }))).toEqual(
      ledger.accounts.map(({ balance, debitsPending, creditsPending }) => ({ balance, debitsPending, creditsPending })),
    );
    for (const [hold, { amount: sum, captured, remaining, status }] of ledger.holds) {
      const there = dataOf(await bank.call("holds.get", { id: holdIds.get(hold) as string })).data;
      expect(there).toMatchObject({ amount: sum, captured, remaining, status });
    }
    const own = accounts.map((one) => `'${one}'`).join(", ");
    const [log] = await bank.sql(`SELECT count(*) AS n FROM bank_transfers WHERE debit IN (${own})`);
    expect(Number((log as { n: unknown }).n)).toBe(ledger.steps);
    // Holds that are left must not be released in the middle of another history.
    await Promise.all(
      [...ledger.holds]
        .filter(([, { status }]) => status === "active")
        .map(([own]) => bank.call("holds.void", { id: holdIds.get(own) as string })),
    );
  };

  test("SECURITY 34: agrees in every outcome, every balance and every hold", async () => {
    await fc.assert(fc.asyncProperty(history, run), { numRuns: histories(engine) });
    const { ok, lines } = await bank.verify();
    expect({ ok, lines }).toEqual({ ok: true, lines: [expect.any(String)] });
  }, 1_800_000);
});
