/** Accounts from opening to closing, and who sees what of them. On both engines. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { isIban } from "../../services/bank/iban.ts";
import { testDatabases } from "../postgres/index.ts";
import { type Bank, dataOf, openBank, refusalOf, rowsOf } from "./bank.ts";

describe.each(testDatabases())("$engine", ({ create }) => {
  let bank: Bank;
  let house: string;

  beforeAll(async () => {
    bank = await openBank(await create());
    house = await bank.house("EUR");
  });
  afterAll(() => bank[Symbol.asyncDispose]());

  const holder = (funds = 0, more: object = {}) => bank.holder("EUR", house, funds, more);

  test("a new account is empty, active, and has an IBAN of its own", async () => {
    const customer = await bank.person();
    const { status, data } = dataOf(await bank.call("accounts.create", { body: { customer, name: "Savings", currency: "JPY" } }));
    expect(status).toBe(201);
    expect(data).toMatchObject({
      customer,
      kind: "customer",
      currency: "JPY",
      balance: 0,
      overdraftLimit: 0,
      maxBalance: null,
      status: "active",
      version: 1,
    });
    expect(isIban(String(data["iban"]))).toBe(true);
    const owner = dataOf(await bank.call("customers.get", { id: customer })).data;
    expect(owner).toMatchObject({ openAccounts: 1, lastActiveAt: data["createdAt"] });
  });

  const refused: [string, object, number, string][] = [
    ["what is no currency", { currency: "XXX" }, 422, "validation_failed"],
    ["a customer that is not there", { customer: "cus_01JD3Q8Z5T7N9V1X3B5D7F9H1K" }, 404, "customer_not_found"],
    ["a house account", { kind: "house" }, 422, "validation_failed"],
    ["a balance to begin with", { balance: 100 }, 422, "validation_failed"],
    ["a negative overdraft", { overdraftLimit: -1 }, 422, "validation_failed"],
    ["an empty name", { name: "" }, 422, "validation_failed"],
  ];
  test.each(refused)("not opened: %s", async (_, more, status, type) => {
    const customer = await bank.person();
    const body = { customer, name: "Savings", currency: "EUR", ...more };
    expect(refusalOf(await bank.call("accounts.create", { body }))).toMatchObject({ status, type });
    expect(dataOf(await bank.call("customers.get", { id: customer })).data).toMatchObject({ openAccounts: 0 });
  });

  test("an inactive customer opens none until active again", async () => {
    const customer = await bank.person();
    const open = () => bank.call("accounts.create", { body: { customer, name: "Savings", currency: "EUR" } });
    dataOf(await bank.call("customers.deactivate", { id: customer }));
    expect(refusalOf(await bank.call("customers.deactivate", { id: customer }))).toMatchObject({
      status: 422,
      type: "customer_not_active",
    });
    expect(refusalOf(await open())).toMatchObject({ status: 422, type: "customer_not_active", details: { status: "inactive" } });
    dataOf(await bank.call("customers.reactivate", { id: customer }));
    expect(refusalOf(await bank.call("customers.reactivate", { id: customer }))).toMatchObject({
      status: 422,
      type: "customer_active",
    });
    expect(dataOf(await open()).status).toBe(201);
  });

  test("frozen and active again", async () => {
    const { account, customer } = await holder(10);
    const freeze = () => bank.call("accounts.freeze", { id: account, body: { reason: "lost card" } });
    const unfreeze = () => bank.call("accounts.unfreeze", { id: account });
    expect(refusalOf(await unfreeze())).toMatchObject({ status: 422, type: "account_not_frozen" });
    expect(dataOf(await freeze()).data).toMatchObject({ status: "frozen", frozenReason: "lost card" });
    expect(refusalOf(await freeze())).toMatchObject({ status: 422, type: "account_frozen" });
    expect(refusalOf(await bank.call("accounts.close", { id: account }))).toMatchObject({ status: 422, type: "account_frozen" });
    const seen = dataOf(await bank.call("accounts.get", { as: bank.customer(customer), id: account })).data;
    expect(seen["status"]).toBe("frozen");
    expect(seen).not.toHaveProperty("frozenReason");
    expect(dataOf(await unfreeze()).data).toMatchObject({ status: "active", frozenReason: null });
  });

  test("closed when empty, and for good", async () => {
    const { account, customer } = await holder(10);
    const close = () => bank.call("accounts.close", { id: account });
    expect(refusalOf(await close())).toMatchObject({ status: 422, type: "balance_not_zero", details: { balance: 10 } });
    dataOf(await bank.pay(account, house, 10, "EUR"));
    expect(dataOf(await close()).data).toMatchObject({ status: "closed", balance: 0 });
    expect(refusalOf(await close())).toMatchObject({ status: 422, type: "account_closed" });
    expect(refusalOf(await bank.call("accounts.freeze", { id: account, body: { reason: "x" } }))).toMatchObject({
      type: "account_closed",
    });
    expect(dataOf(await bank.call("customers.get", { id: customer })).data).toMatchObject({ openAccounts: 0 });
  });

  describe("who sees what", () => {
    test("customers see their own accounts and nothing of others", async () => {
      const [mine, other] = await Promise.all([holder(10), holder(20)]);
      const as = bank.customer(mine.customer);
      expect(rowsOf(await bank.call("accounts.list", { as })).map(({ id }) => id)).toEqual([mine.account]);
      for (const [operation, input] of [
        ["accounts.get", {}],
        ["accounts.update", { body: { name: "mine now" } }],
      ] as const) {
        expect(refusalOf(await bank.call(operation, { as, id: other.account, ...input }))).toMatchObject({
          status: 404,
          type: "not_found",
        });
      }
      expect(dataOf(await bank.call("accounts.update", { as, id: mine.account, body: { name: "Boat" } })).data).toMatchObject({
        name: "Boat",
      });
      expect(rowsOf(await bank.call("accounts.stats.byCurrency", { as }))).toMatchObject([
        { currency: "EUR", accounts: 1, total: 10 },
      ]);
    });

    test("customers cannot probe others through related fields", async () => {
      const [mine, other] = await Promise.all([holder(10), holder(20)]);
      dataOf(await bank.pay(other.account, mine.account, 1, "EUR"));
      const as = bank.customer(mine.customer);
      const { name } = dataOf(await bank.call("customers.get", { id: other.customer })).data;
      const probe = await bank.call("transfers.list", {
        as,
        query: { filters: [{ path: "debit.customer.name", op: "eq", values: [name], as: "debit.customer.name" }] },
      });
      expect(probe.ok ? rowsOf(probe) : []).toEqual([]);
    });

    test("staff functions are closed to customers and auditors", async () => {
      const { account, customer } = await holder();
      for (const as of [bank.customer(customer), bank.auditor]) {
        for (const operation of [
          "accounts.freeze",
          "accounts.close",
          "accounts.delete",
          "accounts.create",
          "customers.archiveInactive",
        ]) {
          expect(refusalOf(await bank.call(operation, { as, id: account, body: {} }))).toMatchObject({
            status: 403,
            type: "forbidden",
          });
        }
      }
    });

    test("an IBAN is whole for its owner and staff, its last four digits for the auditor", async () => {
      const { account, customer } = await holder();
      const ibanFor = async (as: Bank["teller"]) =>
        String(dataOf(await bank.call("accounts.get", { as, id: account })).data["iban"]);
      const whole = await ibanFor(bank.teller);
      expect(isIban(whole)).toBe(true);
      expect(await ibanFor(bank.customer(customer))).toBe(whole);
      expect(await ibanFor(bank.auditor)).toBe(`••••${whole.slice(-4)}`);
    });

    test("the burned ids are nobody's to see", () => {
      const names = [...bank.contract.operations.keys()];
      expect(names.filter((name) => name.startsWith("refusals."))).toEqual([]);
    });
  });

  describe("named filters", () => {
    const named = async (operation: string, name: string, params: object = {}) =>
      rowsOf(
        await bank.call(operation, { query: { named: [{ name, params: params as Record<string, unknown> }], perPage: 100 } }),
      ).map(({ id }) => id);

    test("overdrawn, larger than, open in", async () => {
      const [owing, rich, gone] = await Promise.all([holder(0, { overdraftLimit: 100 }), holder(777_777), holder()]);
      dataOf(await bank.pay(owing.account, rich.account, 100, "EUR"));
      dataOf(await bank.call("accounts.close", { id: gone.account }));
      expect(await named("accounts.list", "overdrawn")).toContain(owing.account);
      expect(await named("accounts.list", "overdrawn")).not.toContain(rich.account);
      expect(await named("accounts.list", "largerThan", { amount: 777_876 })).toEqual([rich.account]);
      expect(await named("accounts.list", "largerThan", { amount: 777_877 })).toEqual([]);
      const open = await named("accounts.list", "openIn", { currency: "EUR" });
      expect(open).toContain(rich.account);
      expect(open).not.toContain(gone.account);
    });

    test("transfers at least as large, and between two moments", async () => {
      const { account } = await holder();
      const { data } = dataOf(
        await bank.call("transfers.create", {
          body: { debit: house, credit: account, amount: 888_888, currency: "EUR", effectiveAt: "2020-02-29T12:00:00Z" },
        }),
      );
      expect(await named("transfers.list", "atLeast", { currency: "EUR", amount: 888_888 })).toEqual([data["id"]]);
      expect(await named("transfers.list", "between", { from: "2020-02-29T12:00:00Z", to: "2020-02-29T12:00:01Z" })).toEqual([
        data["id"],
      ]);
      expect(await named("transfers.list", "between", { from: "2020-02-29T12:00:01Z", to: "2020-02-29T13:00:00Z" })).toEqual([]);
    });
  });

  test("statistics: turnover per value date, and its sum is that of the transfers", async () => {
    const { account } = await holder();
    for (const amount of [5, 6]) {
      dataOf(
        await bank.call("transfers.create", {
          body: { debit: house, credit: account, amount, currency: "EUR", effectiveAt: "2019-05-06T23:59:59Z" },
        }),
      );
    }
    const days = rowsOf(await bank.call("transfers.stats.perDay"));
    expect(days.find((row) => JSON.stringify(row).includes("2019-05-06"))).toMatchObject({
      currency: "EUR",
      transfers: 2,
      total: 11,
    });
  });

  test("transfers of an account: both sides, and no others", async () => {
    const [one, two] = await Promise.all([holder(50), holder(50)]);
    const { data } = dataOf(await bank.pay(one.account, two.account, 5, "EUR"));
    const rows = rowsOf(
      await bank.call("transfers.list", { parent: { resource: "accounts", id: one.account, relation: "transfers" } }),
    );
    expect(rows).toHaveLength(2);
    expect(rows[0]).toMatchObject({ id: data["id"] });
    for (const row of rows) expect([row["debit"], row["credit"]]).toContain(one.account);
  });
});
