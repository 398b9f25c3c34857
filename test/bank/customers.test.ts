/** Customers: who sees what, profile, archiving, fees. On both engines. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { testDatabases } from "../postgres/index.ts";
import { type Bank, dataOf, openBank, refusalOf, rowsOf } from "./bank.ts";

describe.each(testDatabases())("$engine", ({ create }) => {
  let bank: Bank;

  beforeAll(async () => {
    bank = await openBank(await create());
  });
  afterAll(() => bank[Symbol.asyncDispose]());

  const get = async (id: string, as = bank.teller) => dataOf(await bank.call("customers.get", { as, id })).data;

  test("an e-mail address is one customer's only", async () => {
    const body = { name: "Ada", email: "only.one@example.com", country: "MT" };
    expect(dataOf(await bank.call("customers.create", { body })).data).toMatchObject({
      kind: "person",
      status: "active",
      language: "en",
    });
    expect(refusalOf(await bank.call("customers.create", { body }))).toMatchObject({ status: 409, type: "already_exists" });
  });

  test("the tax number is for staff; the customer sees its end", async () => {
    const id = await bank.person({ taxNumber: "MT12345678" });
    expect((await get(id))["taxNumber"]).toBe("MT12345678");
    expect((await get(id, bank.auditor))["taxNumber"]).toBe("MT12345678");
    expect((await get(id, bank.customer(id)))["taxNumber"]).toBe("••••5678");
  });

  test("the tax number cannot be searched for", async () => {
    const query = { filters: [{ path: "taxNumber", op: "startsWith" as const, values: ["MT"], as: "taxNumber^" }] };
    expect(refusalOf(await bank.call("customers.list", { query }))).toMatchObject({ status: 422, type: "validation_failed" });
    expect(refusalOf(await bank.call("customers.list", { query: { sortBy: ["taxNumber.asc"] } }))).toMatchObject({ status: 422 });
  });

  describe("profile", () => {
    test("is the row the login stands for", async () => {
      const id = await bank.person({ name: "Ada Lovelace" });
      expect(dataOf(await bank.call("profile.get", { as: bank.customer(id) })).data).toMatchObject({ id, name: "Ada Lovelace" });
    });

    test("phone and language may be changed", async () => {
      const id = await bank.person();
      const changes = { phone: "+35621234567", language: "hu" };
      expect(dataOf(await bank.call("profile.update", { as: bank.customer(id), body: changes })).data).toMatchObject(changes);
      expect(await get(id)).toMatchObject(changes);
    });

    const closed: [string, object][] = [
      ["name", { name: "Somebody" }],
      ["email", { email: "somebody@example.com" }],
      ["status", { status: "active" }],
      ["taxNumber", { taxNumber: "MT00000000" }],
      ["kind", { kind: "company" }],
      ["openAccounts", { openAccounts: 9 }],
      ["id", { id: "cus_01JD3Q8Z5T7N9V1X3B5D7F9H1K" }],
    ];
    test.each(closed)("%s may not", async (field, change) => {
      const id = await bank.person();
      const before = await get(id);
      const refusal = refusalOf(
        await bank.call("profile.update", { as: bank.customer(id), body: { phone: "+35621234567", ...change } }),
      );
      expect(refusal).toMatchObject({ status: 422, type: "validation_failed" });
      expect(Object.keys(refusal.issues ?? {})).toEqual([field]);
      expect(await get(id)).toEqual(before);
    });

    test("staff has none", async () => {
      expect(refusalOf(await bank.call("profile.get", { as: bank.teller }))).toMatchObject({ status: 403, type: "forbidden" });
    });
  });

  test("archiveInactive: those without open accounts and activity before a moment", async () => {
    const house = await bank.house("EUR");
    bank.shiftClock(-400 * 86_400_000);
    const [idle, opened, closed] = await Promise.all([bank.person(), bank.holder("EUR", house, 0), bank.holder("EUR", house, 0)]);
    bank.shiftClock(-200 * 86_400_000);
    dataOf(await bank.call("accounts.close", { id: closed.account }));
    bank.shiftClock(0);
    const recent = await bank.person();
    const before = new Date(Date.now() - 300 * 86_400_000).toISOString();
    const archive = async (moment: string) =>
      dataOf(await bank.call("customers.archiveInactive", { body: { before: moment } })).data;
    const statuses = () =>
      Promise.all([idle, opened.customer, closed.customer, recent].map(async (id) => (await get(id))["status"]));

    expect(await archive("2000-01-01T00:00:00Z")).toEqual({ archived: 0, more: false });
    const first = await archive(before);
    expect(first["archived"]).toBeGreaterThanOrEqual(1);
    expect(await statuses()).toEqual(["archived", "active", "active", "active"]);
    expect(await archive(before)).toEqual({ archived: 0, more: false });
    await archive(new Date(Date.now() - 100 * 86_400_000).toISOString());
    expect(await statuses()).toEqual(["archived", "active", "archived", "active"]);
  });

  describe("named filters and statistics", () => {
    test("companies; dormant; of a country and language", async () => {
      const [firm, person] = await Promise.all([
        bank.person({ kind: "company", country: "HU", language: "hu" }),
        bank.person({ country: "HU", language: "de" }),
      ]);
      const named = async (name: string, params = {}) =>
        rowsOf(await bank.call("customers.list", { query: { named: [{ name, params }], perPage: 100 } })).map(({ id }) => id);
      expect(await named("companies")).toContain(firm);
      expect(await named("companies")).not.toContain(person);
      bank.shiftClock(-500 * 86_400_000);
      const idle = await bank.person();
      bank.shiftClock(0);
      const since = new Date(Date.now() - 450 * 86_400_000).toISOString();
      expect(await named("dormant", { since })).toEqual([idle]);
      expect(await named("from", { country: "HU", language: "de" })).toEqual([person]);
    });

    test("customers per country are for staff", async () => {
      const id = await bank.person({ country: "IS" });
      const rows = rowsOf(await bank.call("customers.stats.byCountry"));
      expect(rows.find(({ country }) => country === "IS")).toMatchObject({ status: "active", customers: 1 });
      expect(refusalOf(await bank.call("customers.stats.byCountry", { as: bank.customer(id) }))).toMatchObject({ status: 403 });
    });
  });

  describe("quoteFee", () => {
    const quote = (body: object) => bank.call("quoteFee", { as: bank.auditor, body });

    test("fee, total and exponent", async () => {
      expect(dataOf(await quote({ amount: 123_456, currency: "EUR", kind: "international" })).data).toEqual({
        amount: 123_456,
        currency: "EUR",
        kind: "international",
        fee: 652,
        total: 124_108,
        exponent: 2,
      });
      expect(dataOf(await quote({ amount: 100_000, currency: "JPY" })).data).toMatchObject({
        kind: "domestic",
        fee: 50,
        exponent: 0,
      });
    });

    const refused: [object, number, string][] = [
      [{ amount: 0, currency: "EUR" }, 400, "invalid_amount"],
      [{ amount: 1, currency: "XXX" }, 422, "validation_failed"],
      [{ amount: "9223372036854775807", currency: "EUR" }, 422, "overflow"],
      [{ amount: 1.5, currency: "JPY" }, 422, "validation_failed"],
      [{ amount: 1, currency: "EUR", kind: "lunar" }, 422, "validation_failed"],
    ];
    test.each(refused)("%j", async (body, status, type) => {
      expect(refusalOf(await quote(body))).toMatchObject({ status, type });
    });
  });
});
