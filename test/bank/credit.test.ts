/** Credit lines: set with an approval, drawn, lowered, closed, expired. On both engines. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { houseAccountId } from "../../services/bank/house.ts";
import { testDatabases } from "../postgres/index.ts";
import { type Bank, type Caller, type Data, dataOf, openBank, refusalOf, rowsOf } from "./bank.ts";

const day = 86_400_000;

describe.each(testDatabases())("$engine", ({ create }) => {
  let bank: Bank;
  let maker: Caller;
  let checker: Caller;
  let house: string;
  let shop: string;

  beforeAll(async () => {
    bank = await openBank(await create());
    maker = { ...bank.teller, user: "ann", roles: ["teller"] };
    checker = { ...bank.teller, user: "bob", roles: ["supervisor"] };
    house = await bank.house("EUR");
    shop = (await bank.holder("EUR", house, 0)).account;
  });
  afterAll(() => bank[Symbol.asyncDispose]());

  const ask = (account: string, limit: number | string, more: object = {}) =>
    bank.call("creditLines.set", { as: maker, body: { account, limit, ...more } });
  const approve = (approval: unknown) => bank.call("approvals.approve", { as: checker, id: String(approval), body: {} });
  /** Sets a line and has it approved; its id. */
  const line = async (account: string, limit: number, more: object = {}): Promise<string> => {
    const asked = dataOf(await ask(account, limit, more));
    expect(asked).toMatchObject({ status: 202, data: { outcome: "pending" } });
    return String((dataOf(await approve(asked.data["approval"])).data["result"] as Data)["creditLine"]);
  };
  const utilization = async (id: string, as: Caller = bank.teller): Promise<Data> =>
    dataOf(await bank.call("creditLines.utilization", { as, id })).data;
  const overdraft = async (account: string) => (await bank.account(account))["overdraftLimit"];

  test("nothing is lent before somebody else has approved it", async () => {
    const { account } = await bank.holder("EUR", house, 10);
    const asked = dataOf(await ask(account, 100));
    expect(refusalOf(await bank.pay(account, shop, 11, "EUR")).type).toBe("insufficient_funds");
    expect(await overdraft(account)).toBe(0);
    dataOf(await approve(asked.data["approval"]));
    expect(await overdraft(account)).toBe(100);
    dataOf(await bank.pay(account, shop, 110, "EUR"));
    expect(refusalOf(await bank.pay(account, shop, 1, "EUR")).type).toBe("insufficient_funds");
  });

  test("comes on top of the account's own overdraft, which is drawn first", async () => {
    const { account, customer } = await bank.holder("EUR", house, 0, { overdraftLimit: 50 });
    const id = await line(account, 100);
    expect(await overdraft(account)).toBe(150);
    dataOf(await bank.pay(account, shop, 50, "EUR"));
    expect(await utilization(id)).toMatchObject({ limit: 100, drawn: 0, reserved: 0, available: 100, overLimit: false });
    dataOf(await bank.pay(account, shop, 30, "EUR"));
    dataOf(await bank.call("holds.create", { body: { debit: account, credit: shop, amount: 20, currency: "EUR" } }));
    expect(await utilization(id, bank.customer(customer))).toMatchObject({ drawn: 30, reserved: 20, available: 50 });
  });

  test("an account has one line: setting it again changes it", async () => {
    const { account } = await bank.holder("EUR", house, 0, { overdraftLimit: 7 });
    const id = await line(account, 100);
    expect(await line(account, 40)).toBe(id);
    expect(await overdraft(account)).toBe(47);
    expect(dataOf(await bank.call("creditLines.get", { id })).data).toMatchObject({ limit: 40, status: "active", version: 2 });
  });

  test("is not lowered or closed below what is drawn and reserved", async () => {
    const { account } = await bank.holder("EUR", house, 0);
    const id = await line(account, 100);
    dataOf(await bank.pay(account, shop, 30, "EUR"));
    const hold = dataOf(await bank.call("holds.create", { body: { debit: account, credit: shop, amount: 20, currency: "EUR" } }));
    expect(refusalOf(await ask(account, 49))).toMatchObject({
      status: 422,
      type: "credit_line_in_use",
      details: { drawn: 30, reserved: 20 },
    });
    await line(account, 50);
    expect(refusalOf(await bank.call("creditLines.close", { id })).type).toBe("credit_line_in_use");
    dataOf(await bank.call("holds.void", { id: String(hold.data["id"]) }));
    dataOf(await bank.pay(house, account, 30, "EUR"));
    expect(dataOf(await bank.call("creditLines.close", { id })).data).toMatchObject({ status: "closed", limit: 0 });
    expect(await overdraft(account)).toBe(0);
    expect(refusalOf(await bank.call("creditLines.close", { id }))).toMatchObject({ status: 409, type: "credit_line_closed" });
  });

  test("what was drawn between the request and its approval counts", async () => {
    const { account } = await bank.holder("EUR", house, 0);
    await line(account, 100);
    const lower = dataOf(await ask(account, 50));
    dataOf(await bank.pay(account, shop, 80, "EUR"));
    expect(refusalOf(await approve(lower.data["approval"]))).toMatchObject({
      type: "action_refused",
      details: { refusal: "credit_line_in_use" },
    });
    expect(await overdraft(account)).toBe(100);
  });

  test("expires, drawn or not; then nothing leaves the account until it is paid back", async () => {
    const { account } = await bank.holder("EUR", house, 0);
    const id = await line(account, 100, { expiresAt: new Date(Date.now() + day).toISOString() });
    dataOf(await bank.pay(account, shop, 60, "EUR"));
    try {
      bank.shiftClock(2 * day);
      expect(refusalOf(await bank.pay(account, shop, 1, "EUR"))).toMatchObject({
        type: "insufficient_funds",
        details: { available: -60, required: 1 },
      });
      expect(dataOf(await bank.call("creditLines.get", { id })).data).toMatchObject({ status: "closed", limit: 0 });
      expect(await utilization(id)).toMatchObject({ limit: 0, drawn: 60, available: 0, overLimit: true });
      dataOf(await bank.pay(house, account, 61, "EUR"));
      expect(await utilization(id)).toMatchObject({ drawn: 0, overLimit: false });
      dataOf(await bank.pay(account, shop, 1, "EUR"));
      // The same account may get a line again.
      expect(await line(account, 10)).toBe(id);
      dataOf(await bank.pay(account, shop, 10, "EUR"));
    } finally {
      bank.shiftClock(0);
    }
  });

  test("many at once draw it once", async () => {
    const { account } = await bank.holder("EUR", house, 0);
    const id = await line(account, 100);
    const results = await Promise.all(Array.from({ length: 60 }, () => bank.pay(account, shop, 7, "EUR")));
    expect(results.filter(({ ok }) => ok).length).toBe(14);
    expect(await utilization(id)).toMatchObject({ drawn: 98, available: 2 });
  });

  const wrong: [string, object, number, string | undefined][] = [
    ["nothing", { limit: 0 }, 422, undefined],
    ["less than nothing", { limit: -1 }, 422, undefined],
    ["a fraction", { limit: 1.5 }, 422, undefined],
    ["too much", { limit: "100000000000000001" }, 422, undefined],
    ["for nobody", { account: "acc_01JD3Q8Z5T7N9V1X3B5D7F9H1K" }, 404, "account_not_found"],
    ["until yesterday", { expiresAt: "2020-01-01T00:00:00Z" }, 400, "expires_in_past"],
  ];
  test.each(wrong)("refuses %s", async (_, more, status, type) => {
    const { account } = await bank.holder("EUR", house, 0);
    const refusal = refusalOf(await bank.call("creditLines.set", { as: maker, body: { account, limit: 100, ...more } }));
    expect(refusal.status).toBe(status);
    if (type !== undefined) expect(refusal.type).toBe(type);
  });

  test("refuses closed accounts, the bank's own, and more overdraft than any account may have", async () => {
    const closed = (await bank.holder("EUR", house, 0)).account;
    dataOf(await bank.call("accounts.close", { id: closed }));
    expect(refusalOf(await ask(closed, 100)).type).toBe("account_closed");
    const rich = (await bank.holder("EUR", house, 0, { overdraftLimit: "100000000000000000" })).account;
    expect(refusalOf(await ask(rich, 1)).type).toBe("overdraft_too_large");
    // A fee opens the bank's account for fees.
    const schedule = { name: "Fee", kind: "payout", currency: "EUR", fixed: 1, payer: "debit" };
    dataOf(await bank.call("feeSchedules.create", { as: checker, body: schedule }));
    const payer = (await bank.holder("EUR", house, 100)).account;
    dataOf(
      await bank.call("transfers.create", {
        body: { debit: payer, credit: shop, amount: 10, currency: "EUR", kind: "payout" },
      }),
    );
    expect(refusalOf(await ask(houseAccountId("fees", "EUR"), 100)).type).toBe("house_account");
  });

  test("a customer sees the own line only, and sets none", async () => {
    const mine = await bank.holder("EUR", house, 0);
    const other = await bank.holder("EUR", house, 0);
    const id = await line(mine.account, 100);
    expect(rowsOf(await bank.call("creditLines.list", { as: bank.customer(mine.customer) })).length).toBe(1);
    expect(refusalOf(await bank.call("creditLines.get", { as: bank.customer(other.customer), id })).status).toBe(404);
    const body = { account: mine.account, limit: 1_000 };
    expect(refusalOf(await bank.call("creditLines.set", { as: bank.customer(mine.customer), body })).status).toBe(403);
  });

  test("the books agree", async () => {
    expect(await bank.verify()).toMatchObject({ ok: true });
  });
});
