/** The bank as clients of v1 know it. On both engines. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { testDatabases } from "../postgres/index.ts";
import { type Bank, type CallOptions, dataOf, openBank, refusalOf, rowsOf } from "./bank.ts";

describe.each(testDatabases())("$engine", ({ create }) => {
  let bank: Bank;
  let account: string;

  beforeAll(async () => {
    bank = await openBank(await create());
    ({ account } = await bank.holder("EUR", await bank.house("EUR"), 123_456));
    dataOf(await bank.call("accounts.update", { id: account, body: { name: "Boat" } }));
  });
  afterAll(() => bank[Symbol.asyncDispose]());

  const v1 = (operation: string, options: CallOptions = {}) => bank.call(operation, { ...options, version: "v1" });

  test("an account has a title and a balance in major units, and no cap", async () => {
    const { data } = dataOf(await v1("accounts.get", { id: account }));
    expect(data).toMatchObject({ id: account, title: "Boat", balance: "1234.56", currency: "EUR" });
    expect(data).not.toHaveProperty("name");
    expect(data).not.toHaveProperty("maxBalance");
  });

  test("a balance asked for alone is still in major units", async () => {
    const rows = rowsOf(
      await v1("accounts.list", {
        query: { fields: ["id", "balance"], filters: [{ path: "title", op: "eq", values: ["Boat"], as: "title" }] },
      }),
    );
    expect(rows).toEqual([{ id: account, balance: "1234.56" }]);
  });

  test("accounts are opened and renamed by title", async () => {
    const customer = await bank.person();
    const opened = dataOf(await v1("accounts.create", { body: { customer, title: "Old", currency: "JPY" } }));
    expect(opened).toMatchObject({ status: 201, data: { title: "Old", balance: "0" } });
    const id = String(opened.data["id"]);
    expect(dataOf(await v1("accounts.update", { id, body: { title: "New" } })).data).toMatchObject({ title: "New" });
    expect(await bank.account(id)).toMatchObject({ name: "New" });
  });

  test("words of the newer version are not known, and refusals speak the older one's", async () => {
    const unknown = refusalOf(await v1("accounts.update", { id: account, body: { name: "Ship" } }));
    expect(unknown).toMatchObject({ status: 422, type: "validation_failed" });
    expect(Object.keys(unknown.issues ?? {})).toEqual(["name"]);
    expect(Object.keys(refusalOf(await v1("accounts.update", { id: account, body: { title: "" } })).issues ?? {})).toEqual([
      "title",
    ]);
  });

  test("a balance in major units cannot be filtered by: it depends on the currency", async () => {
    const query = { filters: [{ path: "balance", op: "gte" as const, values: ["1.00"], as: "balance>" }] };
    expect(refusalOf(await v1("accounts.list", { query }))).toMatchObject({ status: 422, type: "validation_failed" });
  });

  test("a transfer is what it is today", async () => {
    const house = await bank.house("EUR");
    const body = { debit: account, credit: house, amount: 1, currency: "EUR" };
    expect(dataOf(await v1("transfers.create", { body }))).toMatchObject({ status: 201, data: body });
  });
});
