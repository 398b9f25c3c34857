/** Mistakes that ledgers are known for, each as a test of its own. On both engines. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { testDatabases } from "../postgres/index.ts";
import { type Bank, dataOf, openBank, refusalOf } from "./bank.ts";

describe.each(testDatabases())("$engine", ({ create }) => {
  let bank: Bank;
  let house: string;

  beforeAll(async () => {
    bank = await openBank(await create());
    house = await bank.house("EUR");
  });
  afterAll(() => bank[Symbol.asyncDispose]());

  const holder = (funds: number, more: object = {}) => bank.holder("EUR", house, funds, more);

  test("SECURITY 35: float balances: 0.1 + 0.2 is 0.3, and amounts beyond 2^53 keep their last digit", async () => {
    const { account } = await holder(0);
    dataOf(await bank.pay(house, account, 10, "EUR"));
    dataOf(await bank.pay(house, account, 20, "EUR"));
    expect((await bank.account(account)).balance).toBe(30);
    const { data } = dataOf(await bank.pay(house, account, "9007199254740993", "EUR"));
    expect(data["amount"]).toBe("9007199254740993");
    expect((await bank.account(account)).balance).toBe("9007199254741023");
    expect(refusalOf(await bank.pay(house, account, 0.1, "EUR"))).toMatchObject({ status: 422, type: "validation_failed" });
    // A number beyond 2^53 has lost its last digits before we see it.
    expect(refusalOf(await bank.pay(house, account, 9007199254740994, "EUR"))).toMatchObject({
      status: 422,
      type: "validation_failed",
    });
  });

  test("transfer by GET: posting is a command, and no query of the contract changes state", async () => {
    const operations = [...bank.contract.operations.values()];
    const kinds = Object.fromEntries(operations.map(({ name, kind }) => [name, kind]));
    expect(kinds["transfers.create"]).toBe("command");
    expect(operations.filter(({ kind }) => kind === "query").map(({ action }) => action)).not.toContain("create");
    expect(
      Object.keys(kinds)
        .filter((name) => name.startsWith("transfers."))
        .toSorted(),
    ).toEqual([
      "transfers.count",
      "transfers.create",
      "transfers.dryRun",
      "transfers.get",
      "transfers.list",
      "transfers.property.lastSeq",
      "transfers.reverse",
      "transfers.stats.perDay",
    ]);
  });

  test("balances read outside the transaction: two payments that fit only one at a time", async () => {
    const [from, to] = await Promise.all([holder(100), holder(0)]);
    const results = await Promise.all([1, 2].map(() => bank.pay(from.account, to.account, 60, "EUR")));
    expect(results.map((result) => (result.ok ? "paid" : result.refusal.type)).toSorted((a, b) => a.localeCompare(b))).toEqual([
      "insufficient_funds",
      "paid",
    ]);
    expect((await bank.account(from.account)).balance).toBe(40);
  });

  test("a transfer to oneself creates no money", async () => {
    const { account } = await holder(100);
    const before = await bank.account(account);
    expect(refusalOf(await bank.pay(account, account, 60, "EUR"))).toMatchObject({ status: 400, type: "same_account" });
    expect(await bank.account(account)).toEqual(before);
  });

  test("the last cent can be spent", async () => {
    const [from, to] = await Promise.all([holder(100, { overdraftLimit: 5 }), holder(0)]);
    expect(refusalOf(await bank.pay(from.account, to.account, 106, "EUR")).type).toBe("insufficient_funds");
    dataOf(await bank.pay(from.account, to.account, 105, "EUR"));
    expect((await bank.account(from.account)).balance).toBe(-5);
    expect(refusalOf(await bank.pay(from.account, to.account, 1, "EUR")).details).toEqual({ available: 0, required: 1 });
  });

  test("insufficient funds are the caller's matter, not an error of ours", async () => {
    const [from, to] = await Promise.all([holder(1), holder(0)]);
    expect(refusalOf(await bank.pay(from.account, to.account, 2, "EUR"))).toMatchObject({
      status: 422,
      type: "insufficient_funds",
      details: { available: 1, required: 2 },
    });
  });

  const written: [string, object][] = [
    ["balance", { balance: 1_000_000 }],
    ["creditsPosted", { creditsPosted: 1_000_000 }],
    ["debitsPosted", { debitsPosted: 0 }],
    ["debitsPending", { debitsPending: 0 }],
    ["overdraftLimit", { overdraftLimit: 1_000_000 }],
    ["maxBalance", { maxBalance: null }],
    ["status", { status: "active" }],
    ["currency", { currency: "JPY" }],
    ["customer", { customer: null }],
    ["iban", { iban: "MT00" }],
    ["version", { version: 1 }],
  ];
  test.each(written)("SECURITY 26: PUT and PATCH that overwrite %s change nothing", async (field, change) => {
    const { account } = await holder(100);
    const before = await bank.account(account);
    for (const action of ["replace", "update"]) {
      const refusal = refusalOf(await bank.call(`accounts.${action}`, { id: account, body: { name: "mine", ...change } }));
      expect(refusal).toMatchObject({ status: 422, type: "validation_failed" });
      expect(Object.keys(refusal.issues ?? {})).toEqual([field]);
    }
    expect(await bank.account(account)).toEqual(before);
    const renamed = dataOf(await bank.call("accounts.replace", { id: account, body: { name: "mine" } }));
    expect(renamed.data).toMatchObject({ name: "mine", balance: 100, overdraftLimit: 0, version: Number(before.version) + 1 });
  });

  test("DELETE of a funded account is refused, of a used one too", async () => {
    const [funded, other] = await Promise.all([holder(100), holder(0)]);
    const remove = (id: string) => bank.call("accounts.delete", { id });
    expect(refusalOf(await remove(funded.account))).toMatchObject({ status: 409, type: "account_in_use" });
    dataOf(await bank.pay(funded.account, other.account, 100, "EUR"));
    dataOf(await bank.call("accounts.close", { id: funded.account }));
    expect(refusalOf(await remove(funded.account))).toMatchObject({ status: 409, type: "account_in_use" });
    expect((await bank.account(funded.account)).creditsPosted).toBe(100);
  });

  test("an account that was never used is deleted once it is closed", async () => {
    const { account } = await holder(0);
    expect(refusalOf(await bank.call("accounts.delete", { id: account }))).toMatchObject({
      status: 409,
      type: "account_not_closed",
    });
    dataOf(await bank.call("accounts.close", { id: account }));
    expect((await bank.call("accounts.delete", { id: account })).ok).toBe(true);
    expect(refusalOf(await bank.call("accounts.get", { id: account })).status).toBe(404);
  });

  test("a duplicate inside one bulk request has one effect", async () => {
    const [from, to] = await Promise.all([holder(100), holder(0)]);
    const body = { id: crypto.randomUUID(), debit: from.account, credit: to.account, amount: 60, currency: "EUR" };
    const [first, again, other] = await bank.batch("transfers.create", [{ body }, { body }, { body: { ...body, amount: 1 } }]);
    expect(dataOf(first)).toMatchObject({ status: 201 });
    expect(dataOf(again)).toMatchObject({ status: 200, replayed: true, data: dataOf(first).data });
    expect(refusalOf(other)).toMatchObject({ status: 409, type: "exists_with_different_fields" });
    expect((await bank.account(from.account)).balance).toBe(40);
  });

  test("an id refused inside a bulk request stays refused inside it", async () => {
    const [from, to] = await Promise.all([holder(10), holder(0)]);
    const body = { id: crypto.randomUUID(), debit: from.account, credit: to.account, amount: 60, currency: "EUR" };
    const fund = { debit: house, credit: from.account, amount: 100, currency: "EUR" };
    const [refused, funded, again] = await bank.batch("transfers.create", [{ body }, { body: fund }, { body }]);
    expect(refusalOf(refused).type).toBe("insufficient_funds");
    expect(dataOf(funded).status).toBe(201);
    expect(refusalOf(again)).toMatchObject({ type: "id_already_failed", details: { reason: "insufficient_funds" } });
    expect((await bank.account(from.account)).balance).toBe(110);
  });

  test("all or none: an atomic batch that fails leaves no trace", async () => {
    const [from, to] = await Promise.all([holder(100), holder(0)]);
    const before = await Promise.all([from, to].map(({ account }) => bank.account(account)));
    const body = { debit: from.account, credit: to.account, amount: 60, currency: "EUR" };
    const results = await bank.batch("transfers.create", [{ body }, { body }], "atomic");
    expect(results.map((result) => (result.ok ? "done" : result.refusal.type))).toEqual(["rolled_back", "insufficient_funds"]);
    expect(await Promise.all([from, to].map(({ account }) => bank.account(account)))).toEqual(before);
  });

  test("a clock that goes backwards changes neither the order nor the balances", async () => {
    const [from, to] = await Promise.all([holder(100), holder(0)]);
    const seqs: number[] = [];
    for (const shiftMs of [0, -3_600_000, 1, -86_400_000, 0]) {
      bank.shiftClock(shiftMs);
      seqs.push(Number(dataOf(await bank.pay(from.account, to.account, 10, "EUR")).data["seq"]));
    }
    bank.shiftClock(0);
    const first = seqs[0] ?? 0;
    expect(seqs).toEqual([0, 1, 2, 3, 4].map((step) => first + step));
    expect((await bank.account(from.account)).balance).toBe(50);
    const listed = dataOf(
      await bank.call("transfers.list", {
        query: { sortBy: ["seq.asc"], filters: [{ path: "debit", op: "eq", values: [from.account], as: "debit" }] },
      }),
    );
    expect((listed.data as unknown as { seq: number }[]).map(({ seq }) => seq)).toEqual(seqs);
  });
});
