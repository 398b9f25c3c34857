/** Transactions, periods and seals, and the dry run. On both engines. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { testDatabases } from "../postgres/index.ts";
import { type Bank, dataOf, openBank, refusalOf, rowsOf } from "./bank.ts";

const day = 86_400_000;

describe.each(testDatabases())("$engine", ({ create }) => {
  let bank: Bank;
  let house: string;

  beforeAll(async () => {
    bank = await openBank(await create());
    house = await bank.house("EUR");
  });
  afterAll(() => bank[Symbol.asyncDispose]());

  const holder = (funds: number) => bank.holder("EUR", house, funds);
  const leg = (debit: string, credit: string, amount: number, more: object = {}) => ({
    debit,
    credit,
    amount,
    currency: "EUR",
    ...more,
  });
  const post = (legs: object[], more: object = {}, as = bank.teller) =>
    bank.call("transactions.create", { as, body: { legs, ...more } });

  describe("transactions", () => {
    test("a later leg spends what an earlier one brought", async () => {
      const [a, b, c] = await Promise.all([holder(100), holder(0), holder(0)]);
      const { status, data } = dataOf(
        await post([leg(a.account, b.account, 100), leg(b.account, c.account, 100)], { reference: "chain" }),
      );
      expect(status).toBe(201);
      expect(data).toMatchObject({ legs: 2, reference: "chain" });
      const results = data["results"] as Record<string, unknown>[];
      expect(results.map(({ debitBalance, creditBalance }) => [debitBalance, creditBalance])).toEqual([
        [0, 100],
        [0, 100],
      ]);
      expect((await bank.account(c.account))["balance"]).toBe(100);
      const legs = rowsOf(
        await bank.call("transfers.list", {
          query: {
            filters: [{ path: "transaction", op: "eq", values: [String(data["id"])], as: "transaction" }],
            sortBy: ["seq.asc"],
          },
        }),
      );
      expect(legs.map(({ id, reference }) => [id, reference])).toEqual(results.map(({ transfer }) => [transfer, "chain"]));
    });

    test("linked_failed: the leg at fault, why, and nothing of the others", async () => {
      const [a, b] = await Promise.all([holder(100), holder(0)]);
      const refusal = refusalOf(await post([leg(a.account, b.account, 60), leg(a.account, b.account, 50)]));
      expect(refusal).toMatchObject({
        status: 422,
        type: "linked_failed",
        details: { leg: 1, reason: "insufficient_funds", available: 40, required: 50 },
      });
      expect([(await bank.account(a.account))["balance"], (await bank.account(b.account))["balance"]]).toEqual([100, 0]);
    });

    test("ids: the same again, other legs, and a refusal that spends it", async () => {
      const [a, b] = await Promise.all([holder(100), holder(0)]);
      const id = crypto.randomUUID();
      const legs = [leg(a.account, b.account, 10), leg(a.account, b.account, 20)];
      const first = dataOf(await post(legs, { id }));
      const second = dataOf(await post(legs, { id }));
      expect([first.status, second.status, second.replayed]).toEqual([201, 200, true]);
      expect(second.data).toEqual(first.data);
      expect(refusalOf(await post(legs.slice(1), { id })).type).toBe("exists_with_different_fields");
      expect((await bank.account(a.account))["balance"]).toBe(70);
      const poor = crypto.randomUUID();
      expect(refusalOf(await post([leg(a.account, b.account, 71)], { id: poor })).type).toBe("linked_failed");
      expect(refusalOf(await post([leg(a.account, b.account, 1)], { id: poor }))).toMatchObject({
        type: "id_already_failed",
        details: { reason: "insufficient_funds" },
      });
    });

    test("customers move their own money only, as payments", async () => {
      const [a, b] = await Promise.all([holder(100), holder(100)]);
      const as = bank.customer(a.customer);
      dataOf(await post([leg(a.account, b.account, 1), leg(a.account, b.account, 2)], {}, as));
      expect(refusalOf(await post([leg(a.account, b.account, 1), leg(b.account, a.account, 1)], {}, as))).toMatchObject({
        details: { leg: 1, reason: "debit_account_not_found" },
      });
      expect(refusalOf(await post([leg(a.account, b.account, 1, { kind: "fee" })], {}, as))).toMatchObject({
        details: { leg: 0, reason: "invalid_kind" },
      });
    });

    test("legs cost what transfers cost, and a correction does not slip through", async () => {
      await using other = await openBank(await create());
      const as = { ...other.teller, user: "supervisor", roles: ["supervisor"] };
      const source = await other.house("EUR");
      const [a, b] = await Promise.all([other.holder("EUR", source, 100), other.holder("EUR", source, 0)]);
      const body = { name: "Payment fee", kind: "payment", currency: "EUR", fixed: 3 };
      dataOf(await other.call("feeSchedules.create", { as, body }));
      const send = (legs: object[]) => other.call("transactions.create", { as: other.customer(a.customer), body: { legs } });
      const { data } = dataOf(await send([leg(a.account, b.account, 10), leg(a.account, b.account, 20)]));
      expect(data["legs"]).toBe(4);
      expect((await other.account(a.account))["balance"]).toBe(64);
      expect(refusalOf(await send([leg(a.account, b.account, 60), leg(a.account, b.account, 1)]))).toMatchObject({
        type: "linked_failed",
        details: { leg: 1, reason: "insufficient_funds" },
      });
      expect((await other.account(a.account))["balance"]).toBe(64);
      const correction = [leg(a.account, b.account, 1, { kind: "correction" })];
      expect(refusalOf(await other.call("transactions.create", { body: { legs: correction } }))).toMatchObject({
        details: { reason: "review_required" },
      });
      expect((await other.verify()).ok).toBe(true);
    });

    test("none and too many legs are refused", async () => {
      const [a, b] = await Promise.all([holder(10), holder(0)]);
      expect(refusalOf(await post([])).status).toBe(422);
      expect(refusalOf(await post(Array.from({ length: 501 }, () => leg(a.account, b.account, 1)))).status).toBe(422);
    });
  });

  describe("dry run", () => {
    test("tells what would happen, and does nothing", async () => {
      const [a, b] = await Promise.all([holder(100), holder(0)]);
      const run = async (more: object) =>
        dataOf(await bank.call("transfers.dryRun", { body: { ...leg(a.account, b.account, 60), ...more } })).data;
      const id = crypto.randomUUID();
      expect(await run({ id })).toMatchObject({ outcome: "created", available: 100 });
      expect(await run({ id, amount: 101 })).toMatchObject({
        outcome: "insufficient_funds",
        details: { available: 100, required: 101 },
      });
      expect((await bank.account(a.account))["balance"]).toBe(100);
      // The id is not spent.
      expect(dataOf(await bank.call("transfers.create", { body: { id, ...leg(a.account, b.account, 60) } })).status).toBe(201);
      expect(await run({ id })).toMatchObject({ outcome: "exists" });
    });
  });

  describe("assets", () => {
    const codes: [string, number][] = [
      ["JPY", 0],
      ["EUR", 2],
      ["KWD", 3],
      ["CLF", 4],
    ];
    test("of every exponent, and a wrong one is refused", async () => {
      await using other = await openBank(await create());
      const as = { ...other.teller, roles: ["supervisor"] };
      for (const [currency, exponent] of codes) {
        expect(
          refusalOf(await other.call("assets.create", { as, body: { currency, exponent: exponent === 2 ? 3 : 2 } })),
        ).toMatchObject({
          status: 400,
          type: "wrong_exponent",
          details: { exponent },
        });
        expect(dataOf(await other.call("assets.create", { as, body: { currency } })).data).toMatchObject({ currency, exponent });
      }
      expect(refusalOf(await other.call("assets.create", { as, body: { currency: "EUR" } })).type).toBe("asset_exists");
      const customer = await other.person();
      const open = (currency: string) => other.call("accounts.create", { body: { customer, name: "A", currency } });
      for (const [currency] of codes) dataOf(await open(currency));
      expect(refusalOf(await open("USD"))).toMatchObject({ status: 400, type: "invalid_currency" });
      const [clf] = rowsOf(
        await other.call("assets.list", {
          query: { filters: [{ path: "currency", op: "eq", values: ["CLF"], as: "currency" }] },
        }),
      );
      dataOf(await other.call("assets.update", { as, id: String(clf?.["id"]), body: { suspended: true } }));
      expect(refusalOf(await open("CLF")).type).toBe("invalid_currency");
    });
  });

  describe("periods and seals", () => {
    test("a day that is over is sealed and closed; nothing takes effect on it any more", async () => {
      await using other = await openBank(await create());
      const as = { ...other.teller, roles: ["supervisor"] };
      const source = await other.house("EUR");
      const { account } = await other.holder("EUR", source, 100);
      await other.holder("EUR", source, 50);
      const today = new Date().toISOString().slice(0, 10);
      const close = (through: string) => other.call("periods.create", { as, body: { through } });
      expect(refusalOf(await close(today)).type).toBe("day_not_over");
      other.shiftClock(2 * day);
      expect(dataOf(await close(today)).data).toMatchObject({ through: today });
      expect(refusalOf(await close(today)).type).toBe("nothing_to_close");
      const seals = rowsOf(await other.call("seals.list", { query: { sortBy: ["fromSeq.asc"] } }));
      expect(seals[0]).toMatchObject({ fromSeq: 1, day: today, previous: "" });
      expect(seals.map(({ toSeq }) => toSeq).at(-1)).toBe(2);
      expect(String(seals[0]?.["hash"])).toMatch(/^[0-9a-f]{64}$/);
      const dated = { debit: source, credit: account, amount: 1, currency: "EUR", kind: "deposit" };
      expect(
        refusalOf(await other.call("transfers.create", { body: { ...dated, effectiveAt: `${today}T23:00:00Z` } })),
      ).toMatchObject({
        status: 422,
        type: "period_closed",
        details: { closedThrough: today },
      });
      dataOf(await other.call("transfers.create", { body: dated }));
    });

    test("a day on which nothing was left to seal is closed too, after others were written", async () => {
      await using other = await openBank(await create());
      const as = { ...other.teller, roles: ["supervisor"] };
      await other.holder("EUR", await other.house("EUR"), 100);
      const through = new Date(Date.now() - 2 * day).toISOString().slice(0, 10);
      const closed = dataOf(await other.call("periods.create", { as, body: { through } }));
      expect(closed.data).toMatchObject({ through, sealedSeq: 0 });
    });
  });

  test("the log cannot be changed or deleted, not even past the server", async () => {
    for (const table of ["bank_transfers", "bank_transactions", "bank_refusals", "bank_seals", "bank_periods"]) {
      const [row] = await bank.sql(`SELECT count(*) AS n FROM ${table}`);
      if (Number((row as { n: unknown }).n) === 0) continue;
      const refused = async (statement: string): Promise<boolean> =>
        bank.sql(statement).then(
          () => false,
          () => true,
        );
      expect(await refused(`UPDATE ${table} SET created_at = created_at`)).toBe(true);
      expect(await refused(`DELETE FROM ${table}`)).toBe(true);
    }
  });
});
