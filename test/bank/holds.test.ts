/** Holds: what they reserve, move and give back, and what is refused of them. On both engines. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { testDatabases } from "../postgres/index.ts";
import { type Bank, type Data, dataOf, openBank, refusalOf, rowsOf } from "./bank.ts";

const day = 86_400_000;

describe.each(testDatabases())("$engine", ({ create }) => {
  let bank: Bank;
  let house: string;
  let shop: string;

  beforeAll(async () => {
    bank = await openBank(await create());
    house = await bank.house("EUR");
    shop = (await bank.holder("EUR", house, 0)).account;
  });
  afterAll(() => bank[Symbol.asyncDispose]());

  const payer = (funds: number, more: object = {}) => bank.holder("EUR", house, funds, more);
  const ask = (debit: string, amount: number, more: object = {}) => ({ debit, credit: shop, amount, currency: "EUR", ...more });
  const authorize = async (debit: string, amount: number, more: object = {}): Promise<Data> =>
    dataOf(await bank.call("holds.create", { body: ask(debit, amount, more) })).data;
  const counters = async (id: string) => {
    const { balance, debitsPending, creditsPending, debitsPosted, creditsPosted } = await bank.account(id);
    return { balance, debitsPending, creditsPending, debitsPosted, creditsPosted };
  };
  const log = async (hold: unknown): Promise<Data[]> =>
    rowsOf(
      await bank.call("transfers.list", {
        query: { filters: [{ path: "hold", op: "eq", values: [String(hold)], as: "hold" }], sortBy: ["seq.asc"] },
      }),
    );

  test("reserves: available falls, the balance stays", async () => {
    const { account } = await payer(100);
    const hold = await authorize(account, 60);
    expect(hold).toMatchObject({ amount: 60, captured: 0, remaining: 60, status: "active" });
    expect(await counters(account)).toMatchObject({ balance: 100, debitsPending: 60 });
    expect(refusalOf(await bank.pay(account, shop, 41, "EUR"))).toMatchObject({
      type: "insufficient_funds",
      details: { available: 40, required: 41 },
    });
    expect(refusalOf(await bank.call("holds.create", { body: ask(account, 41) }))).toMatchObject({ type: "insufficient_funds" });
    dataOf(await bank.pay(account, shop, 40, "EUR"));
  });

  test("a capture moves it all, though nothing else is left, and answers both balances and versions", async () => {
    const { account } = await payer(100);
    const before = await bank.account(shop);
    const hold = await authorize(account, 100);
    const { data } = dataOf(await bank.call("holds.capture", { id: String(hold["id"]), body: {} }));
    const [from, to] = [await bank.account(account), await bank.account(shop)];
    expect(data).toMatchObject({
      hold: hold["id"],
      amount: 100,
      status: "captured",
      captured: 100,
      remaining: 0,
      debitBalance: 0,
      debitVersion: from["version"],
      creditBalance: to["balance"],
      creditVersion: to["version"],
    });
    expect(from).toMatchObject({ balance: 0, debitsPending: 0, debitsPosted: 100 });
    expect(Number(to["balance"]) - Number(before["balance"])).toBe(100);
    expect(refusalOf(await bank.call("holds.capture", { id: String(hold["id"]), body: {} }))).toMatchObject({
      status: 409,
      type: "hold_already_posted",
    });
    expect(refusalOf(await bank.call("holds.void", { id: String(hold["id"]) })).type).toBe("hold_already_posted");
  });

  test("SECURITY 38: parts, and the rest given back by the final one", async () => {
    const { account } = await payer(100);
    const id = String((await authorize(account, 90))["id"]);
    const part = (amount: number, final: boolean) => bank.call("holds.capture", { id, body: { amount, final } });
    expect(dataOf(await part(30, false)).data).toMatchObject({ captured: 30, remaining: 60, status: "active" });
    expect(refusalOf(await part(61, false))).toMatchObject({
      status: 409,
      type: "exceeds_hold_amount",
      details: { remaining: 60 },
    });
    expect(dataOf(await part(20, true)).data).toMatchObject({ captured: 50, remaining: 0, status: "captured" });
    expect(await counters(account)).toMatchObject({ balance: 50, debitsPending: 0, debitsPosted: 50 });
    expect((await log(id)).map(({ phase, amount, pending }) => [phase, amount, pending])).toEqual([
      ["hold", 0, 90],
      ["capture", 30, -30],
      ["capture", 20, -60],
    ]);
  });

  test("SECURITY 38: an increment needs funds, a void gives all back", async () => {
    const { account } = await payer(100);
    const id = String((await authorize(account, 50))["id"]);
    expect(refusalOf(await bank.call("holds.increment", { id, body: { amount: 51 } })).type).toBe("insufficient_funds");
    expect(dataOf(await bank.call("holds.increment", { id, body: { amount: 50 } })).data).toMatchObject({
      amount: 100,
      remaining: 100,
    });
    expect(refusalOf(await bank.call("holds.increment", { id, body: { amount: 0 } }))).toMatchObject({
      status: 400,
      type: "invalid_amount",
    });
    expect(dataOf(await bank.call("holds.void", { id })).data).toMatchObject({ status: "voided", remaining: 0 });
    expect(await counters(account)).toMatchObject({ balance: 100, debitsPending: 0 });
    expect(refusalOf(await bank.call("holds.void", { id }))).toMatchObject({ status: 409, type: "hold_already_voided" });
    expect(refusalOf(await bank.call("holds.capture", { id, body: {} })).type).toBe("hold_already_voided");
  });

  test("what has expired is released before the next command counts on it", async () => {
    const { account } = await payer(100);
    const hold = await authorize(account, 100);
    const id = String(hold["id"]);
    try {
      bank.shiftClock(8 * day);
      // The release is at the head of the batch that this call is in.
      dataOf(await bank.pay(account, shop, 100, "EUR"));
      expect(dataOf(await bank.call("holds.get", { id })).data).toMatchObject({ status: "expired", remaining: 0 });
      expect(refusalOf(await bank.call("holds.capture", { id, body: {} }))).toMatchObject({
        status: 409,
        type: "hold_already_expired",
      });
      expect((await log(id)).map(({ phase, pending }) => [phase, pending])).toEqual([
        ["hold", 100],
        ["expiry", -100],
      ]);
    } finally {
      bank.shiftClock(0);
    }
  });

  test("a void and a release go through on a frozen account, a capture does not", async () => {
    const { account } = await payer(100);
    const id = String((await authorize(account, 50))["id"]);
    dataOf(await bank.call("accounts.freeze", { id: account, body: { reason: "test" } }));
    expect(refusalOf(await bank.call("holds.capture", { id, body: {} })).type).toBe("account_frozen");
    expect(dataOf(await bank.call("holds.void", { id })).data).toMatchObject({ status: "voided" });
  });

  test("an account with holds is not closed", async () => {
    const { account } = await payer(10);
    const id = String((await authorize(account, 10))["id"]);
    expect(refusalOf(await bank.call("accounts.close", { id: account })).type).toBe("balance_not_zero");
    dataOf(await bank.call("holds.capture", { id, body: { amount: 4, final: false } }));
    dataOf(await bank.call("holds.void", { id }));
    dataOf(await bank.pay(account, shop, 6, "EUR"));
    expect(dataOf(await bank.call("accounts.close", { id: account })).data).toMatchObject({ status: "closed" });
  });

  test("ids: the same again, other fields, and a refusal that spends it", async () => {
    const { account } = await payer(100);
    const id = crypto.randomUUID();
    const first = dataOf(await bank.call("holds.create", { body: ask(account, 10, { id }) }));
    const second = dataOf(await bank.call("holds.create", { body: ask(account, 10, { id }) }));
    expect([first.status, second.status, second.replayed]).toEqual([201, 200, true]);
    expect(second.data).toEqual(first.data);
    expect(refusalOf(await bank.call("holds.create", { body: ask(account, 11, { id }) })).type).toBe(
      "exists_with_different_fields",
    );
    const poor = crypto.randomUUID();
    expect(refusalOf(await bank.call("holds.create", { body: ask(account, 91, { id: poor }) })).type).toBe("insufficient_funds");
    expect(refusalOf(await bank.call("holds.create", { body: ask(account, 1, { id: poor }) }))).toMatchObject({
      type: "id_already_failed",
      details: { reason: "insufficient_funds" },
    });
    const transfer = crypto.randomUUID();
    const holdId = String(first.data["id"]);
    const captures = [
      await bank.call("holds.capture", { id: holdId, body: { amount: 4, final: false, transfer } }),
      await bank.call("holds.capture", { id: holdId, body: { amount: 4, final: false, transfer } }),
    ].map((result) => dataOf(result).data["transfer"]);
    expect(new Set(captures).size).toBe(1);
    expect(await counters(account)).toMatchObject({ balance: 96, debitsPending: 6 });
  });

  const refusals: [string, object, number, string][] = [
    ["nothing", { amount: 0 }, 400, "invalid_amount"],
    ["to oneself", { credit: "self" }, 400, "same_account"],
    ["from nowhere", { debit: "acc_01JD3Q8Z5T7N9V1X3B5D7F9H1K" }, 404, "debit_account_not_found"],
    ["to nowhere", { credit: "acc_01JD3Q8Z5T7N9V1X3B5D7F9H1K" }, 404, "credit_account_not_found"],
    ["another currency", { currency: "USD" }, 422, "asset_mismatch"],
    ["in the past", { expiresAt: "2020-01-01T00:00:00Z" }, 400, "invalid_expires_at"],
    ["too far ahead", { expiresAt: "2999-01-01T00:00:00Z" }, 400, "invalid_expires_at"],
  ];
  test.each(refusals)("refuses %s", async (_, more, status, type) => {
    const { account } = await payer(100);
    const body = { ...ask(account, 10), ...more };
    if (body.credit === "self") body.credit = account;
    expect(refusalOf(await bank.call("holds.create", { body }))).toMatchObject({ status, type });
    expect(await counters(account)).toMatchObject({ balance: 100, debitsPending: 0 });
  });

  test("customers reserve on their own accounts, and neither capture nor void", async () => {
    const { account, customer } = await payer(100);
    const stranger = await payer(100);
    const as = bank.customer(customer);
    const hold = dataOf(await bank.call("holds.create", { as, body: ask(account, 10) })).data;
    expect(refusalOf(await bank.call("holds.create", { as, body: ask(stranger.account, 10) })).type).toBe(
      "debit_account_not_found",
    );
    const id = String(hold["id"]);
    expect(refusalOf(await bank.call("holds.capture", { as, id, body: {} })).status).toBe(403);
    expect((await bank.call("holds.get", { as: bank.customer(stranger.customer), id })).ok).toBe(false);
  });

  test("SECURITY 36: forty captures of one hold at once: never more than was reserved", async () => {
    const { account } = await payer(100);
    const id = String((await authorize(account, 100))["id"]);
    const results = await Promise.all(
      Array.from({ length: 40 }, () => bank.call("holds.capture", { id, body: { amount: 7, final: false } })),
    );
    expect(results.filter(({ ok }) => ok).length).toBe(14);
    expect(await counters(account)).toMatchObject({ balance: 2, debitsPending: 2 });
  });
});
