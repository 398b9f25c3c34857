/** The outcomes of a transfer as a caller sees them: status, type and what the ledger holds afterwards. On both engines. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { testDatabases } from "../postgres/index.ts";
import { type Bank, dataOf, openBank, refusalOf } from "./bank.ts";

describe.each(testDatabases())("$engine", ({ create }) => {
  let bank: Bank;
  let house: string;
  let anna: { customer: string; account: string };
  let boris: { customer: string; account: string };

  beforeAll(async () => {
    bank = await openBank(await create());
    house = await bank.house("EUR");
    anna = await bank.holder("EUR", house, 1_000);
    boris = await bank.holder("EUR", house, 0);
  });
  afterAll(() => bank[Symbol.asyncDispose]());

  const terms = (more: object = {}) => ({ debit: anna.account, credit: boris.account, amount: 100, currency: "EUR", ...more });
  const post = (more: object = {}, as = bank.teller) => bank.call("transfers.create", { as, body: terms(more) });
  const id = () => crypto.randomUUID();

  test("created: both balances and versions are in the answer, and are those of the accounts", async () => {
    const { status, data } = dataOf(await post({ reference: "first" }));
    const [from, to] = await Promise.all([bank.account(anna.account), bank.account(boris.account)]);
    expect(status).toBe(201);
    expect(data).toMatchObject({
      ...terms(),
      kind: "payment",
      reference: "first",
      debitBalance: from.balance,
      debitVersion: from.version,
      creditBalance: to.balance,
      creditVersion: to.version,
    });
    expect(data["id"]).toMatch(/^trf_[0-7][0-9A-HJKMNP-TV-Z]{25}$/);
    expect(data["effectiveAt"]).toBe(data["createdAt"]);
  });

  test("exists: the first answer again, and no second effect", async () => {
    const chosen = id();
    const first = dataOf(await post({ id: chosen }));
    const before = await bank.account(anna.account);
    const second = dataOf(await post({ id: chosen }));
    expect([first.status, second.status]).toEqual([201, 200]);
    expect(second.replayed).toBe(true);
    expect(second.data).toEqual(first.data);
    expect(await bank.account(anna.account)).toEqual(before);
  });

  test("an id in capital letters is the same id", async () => {
    const chosen = id();
    await post({ id: chosen });
    expect(dataOf(await post({ id: chosen.toUpperCase() }))).toMatchObject({ status: 200, replayed: true });
  });

  test("exists_with_different_fields", async () => {
    const chosen = id();
    await post({ id: chosen });
    expect(refusalOf(await post({ id: chosen, amount: 101 }))).toMatchObject({
      status: 409,
      type: "exists_with_different_fields",
    });
  });

  test("a refusal that depended on the state spends the id, also once there is money", async () => {
    const chosen = id();
    const poor = await bank.holder("EUR", house, 0);
    const again = { id: chosen, debit: poor.account };
    expect(refusalOf(await post(again))).toMatchObject({
      status: 422,
      type: "insufficient_funds",
      details: { available: 0, required: 100 },
    });
    await bank.pay(house, poor.account, 500, "EUR");
    expect(refusalOf(await post(again))).toMatchObject({
      status: 422,
      type: "id_already_failed",
      details: { reason: "insufficient_funds" },
    });
    expect(dataOf(await post({ ...again, id: id() })).status).toBe(201);
  });

  test("a malformed request does not spend the id", async () => {
    const chosen = id();
    expect(refusalOf(await post({ id: chosen, amount: 0 })).type).toBe("invalid_amount");
    expect(refusalOf(await post({ id: chosen, credit: anna.account })).type).toBe("same_account");
    expect(dataOf(await post({ id: chosen })).status).toBe(201);
  });

  test("without an id of the client's nothing is spent", async () => {
    const poor = await bank.holder("EUR", house, 0);
    const body = terms({ debit: poor.account });
    expect(refusalOf(await bank.call("transfers.create", { body })).type).toBe("insufficient_funds");
    await bank.pay(house, poor.account, 100, "EUR");
    expect(dataOf(await bank.call("transfers.create", { body })).status).toBe(201);
  });

  const nobody = "acc_01JD3Q8Z5T7N9V1X3B5D7F9H1K";
  const cases: [string, () => object, number, string][] = [
    ["nothing", () => ({ amount: 0 }), 400, "invalid_amount"],
    ["less than nothing", () => ({ amount: -1 }), 400, "invalid_amount"],
    ["another currency, of three digits", () => ({ currency: "KWD" }), 422, "asset_mismatch"],
    ["no currency at all", () => ({ currency: "XXX" }), 422, "validation_failed"],
    ["too far ahead", () => ({ effectiveAt: "2999-01-01T00:00:00Z" }), 400, "invalid_effective_at"],
    ["to oneself", () => ({ credit: anna.account }), 400, "same_account"],
    ["from nowhere", () => ({ debit: nobody }), 404, "debit_account_not_found"],
    ["to nowhere", () => ({ credit: nobody }), 404, "credit_account_not_found"],
    ["another currency", () => ({ currency: "USD" }), 422, "asset_mismatch"],
    ["more than there is", () => ({ amount: 1_000_000 }), 422, "insufficient_funds"],
    ["more than an int64", () => ({ amount: "9223372036854775808" }), 422, "validation_failed"],
    ["half a cent", () => ({ amount: 0.5 }), 422, "validation_failed"],
    ["a word", () => ({ amount: "much" }), 422, "validation_failed"],
    ["a field that is not known", () => ({ tip: 1 }), 422, "validation_failed"],
    ["a balance of one's own making", () => ({ debitBalance: 1 }), 422, "validation_failed"],
  ];
  test.each(cases)("%s", async (_, more, status, type) => {
    const before = await bank.account(anna.account);
    expect(refusalOf(await post(more()))).toMatchObject({ status, type });
    expect(await bank.account(anna.account)).toEqual(before);
  });

  test("the counter's end", async () => {
    const full = await bank.holder("EUR", house, 0);
    const whale = await bank.house("EUR");
    const most = 100_000_000_000_000_000n;
    for (let round = 0; round < 92; round++) {
      // A whale may owe 10^17 at a time: what it paid comes back, and only the counters grow.
      dataOf(await bank.pay(whale, full.account, String(most), "EUR"));
      dataOf(await bank.pay(full.account, whale, String(most), "EUR"));
    }
    expect(refusalOf(await bank.pay(whale, full.account, String(most), "EUR"))).toMatchObject({ status: 422, type: "overflow" });
    expect((await bank.account(full.account)).creditsPosted).toBe("9200000000000000000");
    expect((await bank.account(full.account)).balance).toBe(0);
  });

  test("closed, frozen, capped", async () => {
    const [closed, frozen, capped] = await Promise.all([
      bank.holder("EUR", house, 0),
      bank.holder("EUR", house, 0),
      bank.holder("EUR", house, 0, { maxBalance: 150 }),
    ]);
    dataOf(await bank.call("accounts.close", { id: closed.account }));
    dataOf(await bank.call("accounts.freeze", { id: frozen.account, body: { reason: "lost card" } }));
    expect(refusalOf(await post({ credit: closed.account }))).toMatchObject({
      status: 422,
      type: "account_closed",
      details: { account: closed.account },
    });
    expect(refusalOf(await post({ debit: frozen.account }))).toMatchObject({
      status: 422,
      type: "account_frozen",
      details: { account: frozen.account },
    });
    expect(dataOf(await post({ credit: capped.account })).status).toBe(201);
    expect(refusalOf(await post({ credit: capped.account, amount: 51 }))).toMatchObject({
      status: 422,
      type: "max_balance_exceeded",
    });
    expect(dataOf(await post({ credit: capped.account, amount: 50 })).status).toBe(201);
  });

  describe("customers", () => {
    test("pay from their own account, and see no balance of the other side", async () => {
      const { status, data } = dataOf(await post({ amount: 1 }, bank.customer(anna.customer)));
      expect(status).toBe(201);
      for (const field of ["debitBalance", "debitVersion", "creditBalance", "creditVersion"])
        expect(data).not.toHaveProperty(field);
    });

    test("someone else's account is not there", async () => {
      const asBoris = bank.customer(boris.customer);
      expect(refusalOf(await post({}, asBoris))).toMatchObject({ status: 404, type: "debit_account_not_found" });
      expect(refusalOf(await post({ debit: nobody }, asBoris))).toMatchObject({ status: 404, type: "debit_account_not_found" });
    });

    test("someone else's transfer is not answered again", async () => {
      const stranger = await bank.holder("EUR", house, 0);
      const chosen = id();
      await post({ id: chosen, amount: 1 });
      expect(refusalOf(await post({ id: chosen, amount: 1 }, bank.customer(stranger.customer)))).toMatchObject({
        status: 409,
        type: "exists_with_different_fields",
      });
      expect(dataOf(await post({ id: chosen, amount: 1 }, bank.customer(anna.customer))).replayed).toBe(true);
    });

    test("make payments only", async () => {
      expect(refusalOf(await post({ kind: "fee" }, bank.customer(anna.customer)))).toMatchObject({
        status: 400,
        type: "invalid_kind",
      });
    });

    test("see transfers of either side and no others", async () => {
      const stranger = await bank.holder("EUR", house, 0);
      const { data } = dataOf(await post({ amount: 1 }));
      const seenBy = async (customer: string) =>
        (await bank.call("transfers.get", { as: bank.customer(customer), id: String(data["id"]) })).ok;
      expect(await seenBy(anna.customer)).toBe(true);
      expect(await seenBy(boris.customer)).toBe(true);
      expect(await seenBy(stranger.customer)).toBe(false);
    });
  });

  test("auditors move nothing", async () => {
    expect(refusalOf(await post({}, bank.auditor))).toMatchObject({ status: 403, type: "forbidden" });
  });
});
