/** Merchants: onboarding, settlement by cut-off, refunds, payouts. Sums are recomputed from the rows of the log. On both engines. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { spanMax } from "../../services/bank/merchants/settle.ts";
import { testDatabases } from "../postgres/index.ts";
import { type Bank, type Caller, type Data, dataOf, openBank, refusalOf, rowsOf } from "./bank.ts";
import { identify, supervisorOf } from "./identified.ts";
import { numbers } from "./numbers.ts";

const day = 86_400_000;
const iban = "MT84MALT011000012345MTLCAST001S";

interface Merchant {
  readonly id: string;
  readonly customer: string;
  readonly account: string;
  readonly receivable: string;
}

describe.each(testDatabases())("$engine", ({ create }) => {
  let bank: Bank;
  let house: string;
  let payer: string;
  let supervisor: Caller;

  beforeAll(async () => {
    bank = await openBank(await create());
    supervisor = supervisorOf(bank);
    house = await bank.house("EUR");
    payer = (await bank.holder("EUR", house, 1_000_000_000)).account;
  });
  afterAll(() => bank[Symbol.asyncDispose]());

  const merchant = async (terms: object = {}): Promise<Merchant> => {
    const { customer, account } = await bank.holder("EUR", house, 0);
    await identify(bank, customer);
    const body = { customer, account, name: "Corner Bakery", payoutAccount: iban, ...terms };
    const { data } = dataOf(await bank.call("merchants.onboard", { body }));
    const id = String(data["id"]);
    dataOf(await bank.call("merchants.activate", { as: supervisor, id }));
    return { id, customer, account, receivable: String(data["receivable"]) };
  };
  const sell = async ({ receivable }: Merchant, amount: number): Promise<Data> =>
    dataOf(await bank.pay(payer, receivable, amount, "EUR")).data;
  const refund = (to: Merchant, transfer: unknown, as = bank.teller) =>
    bank.call("merchants.refund", { as, id: to.id, body: { transfer, reason: "Returned" } });
  const settle = (of: Merchant, cutOffSeq?: unknown) =>
    bank.call("merchants.settle", { id: of.id, body: cutOffSeq === undefined ? {} : { cutOffSeq } });
  const settled = async (of: Merchant, cutOffSeq?: unknown): Promise<Data> => dataOf(await settle(of, cutOffSeq)).data;
  const balance = async (account: string): Promise<number> => Number((await bank.account(account))["balance"]);
  const settlementsOf = async ({ id }: Merchant): Promise<Data[]> =>
    rowsOf(
      await bank.call("settlements.list", {
        query: { filters: [{ path: "merchant", op: "eq", values: [id], as: "merchant" }], sortBy: ["toSeq.asc"], perPage: 100 },
      }),
    );
  /** What came and went in a range of the log, row by row, without the legs of the merchant's own settlements. */
  const recomputed = async (of: Merchant, from: number, to: number) => {
    const own = new Set<unknown>((await settlementsOf(of)).map(({ transaction }) => transaction).filter((id) => id !== null));
    const rows = (await bank.sql(
      `SELECT "seq", "debit", "credit", "amount", "transaction" FROM "bank_transfers" WHERE ("debit" = '${of.receivable}' OR "credit" = '${of.receivable}') AND "amount" > 0`,
    )) as { seq: unknown; debit: string; credit: string; amount: unknown; transaction: string | null }[];
    const within = rows.filter(({ seq, transaction }) => Number(seq) >= from && Number(seq) <= to && !own.has(transaction));
    const sales = within.filter(({ credit }) => credit === of.receivable);
    const refunds = within.filter(({ debit }) => debit === of.receivable);
    const sum = (all: typeof rows) => all.reduce((total, { amount }) => total + Number(amount), 0);
    return { sales: sales.length, salesAmount: sum(sales), refunds: refunds.length, refundsAmount: sum(refunds) };
  };
  const lastSeq = async (): Promise<number> =>
    Number(((await bank.sql(`SELECT MAX("seq") AS "last" FROM "bank_transfers"`)) as { last: number }[])[0]?.last);
  const fees = async (): Promise<number> => {
    const rows = (await bank.sql(`SELECT "balance" FROM "bank_accounts" WHERE "purpose" = 'fees' AND "currency" = 'EUR'`)) as {
      balance: unknown;
    }[];
    return Number(rows[0]?.balance ?? 0);
  };

  describe("onboarding", () => {
    test("needs an identified owner, the owner's account, and a right IBAN; a supervisor activates", async () => {
      const { customer, account } = await bank.holder("EUR", house, 0);
      const stranger = await bank.holder("EUR", house, 0);
      const ask = (more: object = {}, as = bank.teller) =>
        bank.call("merchants.onboard", { as, body: { customer, account, name: "Shop", payoutAccount: iban, ...more } });
      expect(refusalOf(await ask())).toMatchObject({ status: 403, type: "kyc_required" });
      await identify(bank, customer);
      expect(refusalOf(await ask({ account: stranger.account }))).toMatchObject({ status: 404, type: "account_not_found" });
      expect(refusalOf(await ask({ payoutAccount: "MT85MALT011000012345MTLCAST001S" })).type).toBe("invalid_iban");
      expect(refusalOf(await ask({ feeBasisPoints: 10_001 })).status).toBe(422);
      expect(refusalOf(await ask({}, bank.customer(customer))).status).toBe(403);
      const { status, data } = dataOf(await ask({ feeBasisPoints: 150 }));
      expect(status).toBe(201);
      expect(data).toMatchObject({ status: "pending", currency: "EUR", account, settledSeq: 0 });
      const id = String(data["id"]);
      expect(refusalOf(await bank.call("merchants.settle", { id, body: {} })).type).toBe("merchant_not_active");
      expect(refusalOf(await bank.call("merchants.activate", { id })).status).toBe(403);
      dataOf(await bank.call("merchants.activate", { as: supervisor, id }));
      expect(refusalOf(await bank.call("merchants.activate", { as: supervisor, id })).type).toBe("merchant_active");
      expect(
        refusalOf(await bank.call("merchants.update", { as: supervisor, id, body: { payoutAccount: "MT00PONS000015T7N9V1X3B" } }))
          .type,
      ).toBe("invalid_iban");
      expect(refusalOf(await bank.call("merchants.update", { id, body: { feeFixed: 0 } })).status).toBe(403);
    });

    test("a merchant sees the own row and no other, and cannot pay itself out of what is not settled", async () => {
      const shop = await merchant();
      const other = await merchant();
      await sell(shop, 100);
      const as = bank.customer(shop.customer);
      expect(dataOf(await bank.call("merchants.get", { as, id: shop.id })).data).toMatchObject({ name: "Corner Bakery" });
      expect(refusalOf(await bank.call("merchants.get", { as, id: other.id })).status).toBe(404);
      const body = { debit: shop.receivable, credit: shop.account, amount: 100, currency: "EUR" };
      expect(refusalOf(await bank.call("transfers.create", { as, body })).type).toBe("debit_account_not_found");
      expect(refusalOf(await bank.call("merchants.settle", { as, id: shop.id, body: {} })).status).toBe(403);
    });
  });

  describe("settlement", () => {
    test("pays what came, less refunds and fees, once", async () => {
      const shop = await merchant({ feeBasisPoints: 150, feeFixed: 10 });
      const feesBefore = await fees();
      const first = await sell(shop, 1_033);
      await sell(shop, 2_000);
      dataOf(await refund(shop, first["id"], bank.customer(shop.customer)));
      await sell(shop, 967);
      // 2,967 × 1.5 % = 44.505 → 45, and three sales.
      const sum = await settled(shop);
      expect(sum).toMatchObject({
        status: "posted",
        sales: 3,
        refunds: 1,
        gross: 2_967,
        due: 2_967,
        fee: 75,
        net: 2_892,
        more: false,
      });
      expect(await recomputed(shop, Number(sum["fromSeq"]), Number(sum["toSeq"]))).toEqual({
        sales: 3,
        salesAmount: 4_000,
        refunds: 1,
        refundsAmount: 1_033,
      });
      expect([await balance(shop.account), await balance(shop.receivable), (await fees()) - feesBefore]).toEqual([2_892, 0, 75]);
      expect(refusalOf(await settle(shop))).toMatchObject({ status: 422, type: "nothing_to_settle" });
      expect(refusalOf(await settle(shop, sum["toSeq"])).type).toBe("nothing_to_settle");
      expect((await settlementsOf(shop)).length).toBe(1);
    });

    test("up to a cut-off, and from there on the next time, without a gap", async () => {
      const shop = await merchant({ feeBasisPoints: 100 });
      const sales: Data[] = [];
      for (const amount of [100, 200, 300, 400]) sales.push(await sell(shop, amount));
      expect(await settled(shop, sales[1]?.["seq"])).toMatchObject({ gross: 300, fee: 3, net: 297, toSeq: sales[1]?.["seq"] });
      expect(refusalOf(await settle(shop, sales[1]?.["seq"])).type).toBe("nothing_to_settle");
      expect(refusalOf(await settle(shop, sales[0]?.["seq"])).type).toBe("nothing_to_settle");
      expect(await settled(shop, sales[2]?.["seq"])).toMatchObject({ fromSeq: Number(sales[1]?.["seq"]) + 1, gross: 300 });
      expect(refusalOf(await settle(shop, (await lastSeq()) + 1))).toMatchObject({
        status: 400,
        type: "invalid_cut_off",
        details: { lastSeq: await lastSeq() },
      });
      // Both settlements before took their money in this range, which are no refunds.
      expect(await settled(shop)).toMatchObject({ fromSeq: Number(sales[2]?.["seq"]) + 1, gross: 400, sales: 1, refunds: 0 });
      expect([await balance(shop.account), await balance(shop.receivable)]).toEqual([990, 0]);
    });

    test("a cut-off between the entries of a settlement does not part them", async () => {
      const shop = await merchant({ feeBasisPoints: 100 });
      await sell(shop, 1_000);
      await settled(shop);
      const between = (await lastSeq()) - 1;
      await sell(shop, 500);
      expect(refusalOf(await settle(shop, between)).type).toBe("nothing_to_settle");
      expect(await settled(shop)).toMatchObject({ gross: 500, refunds: 0, fee: 5 });
      const backdated = await sell(shop, 100);
      await sell(shop, 100);
      await settled(shop, backdated["seq"]);
      const last = await lastSeq();
      const sum = await settled(shop, last - 1);
      expect(sum).toMatchObject({ gross: 100, refunds: 0, toSeq: last });
      expect([await balance(shop.account), await balance(shop.receivable)]).toEqual([1_683, 0]);
    });

    test("refunds beyond the sales are carried to what follows", async () => {
      const shop = await merchant({ feeBasisPoints: 1_000, feeFixed: 1 });
      const sale = await sell(shop, 1_000);
      dataOf(await refund(shop, sale["id"]));
      const refunded = await lastSeq();
      await sell(shop, 1_500);
      expect(await settled(shop, sale["seq"])).toMatchObject({ gross: 1_000, fee: 101, net: 899 });
      const before = [await balance(shop.account), await balance(shop.receivable)];
      const carried = { status: "carried", sales: 0, refunds: 1, gross: -1_000, due: 0, fee: 0, net: 0 };
      expect(await settled(shop, refunded)).toMatchObject(carried);
      expect([await balance(shop.account), await balance(shop.receivable)]).toEqual(before);
      expect(dataOf(await bank.call("merchants.get", { id: shop.id })).data).toMatchObject({
        carriedGross: -1_000,
        carriedSales: 0,
      });
      expect(refusalOf(await settle(shop, refunded)).type).toBe("nothing_to_settle");
      expect(await settled(shop)).toMatchObject({ status: "posted", gross: 1_500, due: 500, fee: 51, net: 449 });
      expect([await balance(shop.account), await balance(shop.receivable)]).toEqual([1_348, 0]);
      expect(dataOf(await bank.call("merchants.get", { id: shop.id })).data).toMatchObject({ carriedGross: 0, carriedSales: 0 });
    });

    test("sales that do not pay their fees are carried, and charged with what follows", async () => {
      const shop = await merchant({ feeFixed: 10 });
      await sell(shop, 9);
      expect(await settled(shop)).toMatchObject({ status: "carried", gross: 9, due: 0, fee: 0 });
      await sell(shop, 500);
      expect(await settled(shop)).toMatchObject({ status: "posted", gross: 500, due: 509, fee: 20, net: 489 });
      expect((await settlementsOf(shop)).map(({ carriedGross, carriedSales }) => [carriedGross, carriedSales])).toEqual([
        [0, 0],
        [9, 1],
      ]);
    });

    test("a refund needs what was not settled, is made once, and of the merchant's own payments", async () => {
      const shop = await merchant();
      const other = await merchant();
      const sale = await sell(shop, 100);
      expect(refusalOf(await refund(other, sale["id"]))).toMatchObject({ status: 404, type: "payment_not_found" });
      expect(refusalOf(await refund(shop, sale["id"], bank.customer(other.customer))).status).toBe(404);
      const results = await Promise.all(Array.from({ length: 20 }, () => refund(shop, sale["id"])));
      expect(results.filter(({ ok }) => ok).length).toBe(1);
      expect(new Set(results.filter(({ ok }) => !ok).map((result) => refusalOf(result).type))).toEqual(
        new Set(["already_reversed"]),
      );
      const next = await sell(shop, 100);
      await settled(shop);
      expect(refusalOf(await refund(shop, next["id"])).type).toBe("insufficient_funds");
    }, 30_000);

    test("the merchant reads the payments, page by page, and nobody else's", async () => {
      const shop = await merchant({ feeBasisPoints: 1_000 });
      const other = await merchant();
      const sales = [await sell(shop, 100), await sell(shop, 200), await sell(shop, 300)];
      dataOf(await refund(shop, sales[1]?.["id"]));
      await settled(shop);
      const as = bank.customer(shop.customer);
      const page = async (body: object) => dataOf(await bank.call("merchants.payments", { as, id: shop.id, body })).data;
      const all: Data[] = [];
      let before: unknown;
      let pages = 0;
      do {
        const found = await page(before === undefined ? { limit: 4 } : { limit: 4, beforeSeq: before });
        all.push(...(found["payments"] as Data[]));
        before = found["before"] ?? undefined;
        pages++;
      } while (before !== undefined && pages < 5);
      expect(pages).toBe(2);
      expect(all.map(({ direction, kind, amount, reverses }) => [direction, kind, amount, reverses])).toEqual([
        ["out", "fee", 40, null],
        ["out", "settlement", 360, null],
        ["out", "reversal", 200, sales[1]?.["id"]],
        ["in", "payment", 300, null],
        ["in", "payment", 200, null],
        ["in", "payment", 100, null],
      ]);
      expect(all.slice(3).map(({ transfer }) => transfer)).toEqual(sales.map(({ id }) => id).toReversed());
      expect(refusalOf(await bank.call("merchants.payments", { as, id: other.id, body: {} })).status).toBe(404);
    });

    test("what cannot be posted leaves everything as it was", async () => {
      const shop = await merchant({ feeBasisPoints: 100 });
      await sell(shop, 1_000);
      dataOf(await bank.call("accounts.freeze", { id: shop.account, body: { reason: "test" } }));
      expect(refusalOf(await settle(shop)).type).toBe("account_frozen");
      expect(dataOf(await bank.call("merchants.get", { id: shop.id })).data).toMatchObject({ settledSeq: 0 });
      expect(await settlementsOf(shop)).toEqual([]);
      dataOf(await bank.call("accounts.unfreeze", { id: shop.account }));
      expect(await settled(shop)).toMatchObject({ net: 990 });
    });

    test("thirty settlements at once, with sales among them: every sale is settled once", async () => {
      const shop = await merchant({ feeFixed: 1 });
      const calls = Array.from({ length: 60 }, (_, index) =>
        index % 2 === 0 ? bank.pay(payer, shop.receivable, 100 + index, "EUR") : settle(shop),
      );
      await Promise.all(calls);
      await settle(shop);
      const rows = await settlementsOf(shop);
      const total = Array.from({ length: 30 }, (_, index) => 100 + 2 * index).reduce((sum, amount) => sum + amount, 0);
      expect(rows.reduce((sum, { due }) => sum + Number(due), 0)).toBe(total);
      expect(rows.reduce((sum, { sales }) => sum + Number(sales), 0)).toBe(30);
      expect([await balance(shop.account), await balance(shop.receivable)]).toEqual([total - 30, 0]);
    }, 30_000);

    test.each([1, 2, 3, 4])(
      "a random history (seed %d): ranges follow one another, and their sums are those of the log",
      async (seed) => {
        const random = numbers(seed);
        const feeBasisPoints = random(500);
        const feeFixed = random(20);
        const shop = await merchant({ feeBasisPoints, feeFixed });
        const sales: Data[] = [];
        for (let step = 0; step < 40; step++) {
          const choice = random(10);
          if (choice < 5) sales.push(await sell(shop, 1 + random(5_000)));
          else if (choice < 7 && sales.length > 0) await refund(shop, sales[random(sales.length)]?.["id"]);
          else if (choice < 9) await settle(shop, Math.max(0, (await lastSeq()) - random(12)));
          else await settle(shop);
        }
        await settle(shop);
        let next = 1;
        let carriedGross = 0;
        let carriedSales = 0;
        let net = 0;
        const rows = await settlementsOf(shop);
        expect(rows.length).toBeGreaterThan(1);
        for (const row of rows) {
          expect([row["fromSeq"], row["carriedGross"], row["carriedSales"]]).toEqual([next, carriedGross, carriedSales]);
          const sums = await recomputed(shop, Number(row["fromSeq"]), Number(row["toSeq"]));
          const gross = sums.salesAmount - sums.refundsAmount;
          expect(row).toMatchObject({ ...sums, gross });
          const due = gross + carriedGross;
          const fee = Math.floor((2 * due * feeBasisPoints + 10_000) / 20_000) + feeFixed * (sums.sales + carriedSales);
          if (due > 0 && fee <= due) {
            expect(row).toMatchObject({ status: "posted", due, fee, net: due - fee });
            [carriedGross, carriedSales] = [0, 0];
            net += due - fee;
          } else {
            expect(row).toMatchObject({ status: "carried", due: 0, fee: 0, net: 0 });
            [carriedGross, carriedSales] = [due, sums.sales + carriedSales];
          }
          next = Number(row["toSeq"]) + 1;
        }
        const rest = await recomputed(shop, next, await lastSeq());
        expect([await balance(shop.account), await balance(shop.receivable)]).toEqual([
          net,
          carriedGross + rest.salesAmount - rest.refundsAmount,
        ]);
      },
      30_000,
    );

    test("daily: by itself, after midnight, and not for a suspended merchant", async () => {
      const daily = await merchant({ schedule: "daily", feeBasisPoints: 100 });
      const stopped = await merchant({ schedule: "daily" });
      await sell(daily, 1_000);
      await sell(stopped, 1_000);
      dataOf(await bank.call("merchants.suspend", { id: stopped.id, body: { reason: "test" } }));
      expect(refusalOf(await settle(stopped)).type).toBe("merchant_not_active");
      try {
        bank.shiftClock(day);
        // Timed work is at the head of the batch that this call is in.
        dataOf(await bank.pay(payer, daily.receivable, 1, "EUR"));
        expect([await balance(daily.account), await balance(daily.receivable)]).toEqual([990, 1]);
        expect(await balance(stopped.account)).toBe(0);
        const { settleAt } = dataOf(await bank.call("merchants.get", { id: daily.id })).data;
        expect(Date.parse(String(settleAt))).toBeGreaterThan(Date.now() + day);
      } finally {
        bank.shiftClock(0);
        dataOf(await bank.call("merchants.suspend", { id: daily.id, body: { reason: "test" } }));
      }
    });
  });

  describe("payouts", () => {
    const funded = async (amount: number): Promise<Merchant> => {
      const shop = await merchant();
      dataOf(await bank.pay(payer, shop.account, amount, "EUR"));
      return shop;
    };
    const ask = (shop: Merchant, amount: number, more: object = {}, as = bank.teller) =>
      bank.call("payouts.create", { as, body: { merchant: shop.id, amount, ...more } });
    const step = (payout: Data, name: string, body: object = {}) =>
      bank.call(`payouts.${name}`, { id: String(payout["id"]), body });
    const reserved = async (shop: Merchant) => {
      const { balance: of, debitsPending } = await bank.account(shop.account);
      return [of, debitsPending];
    };

    test("reserve at once, and leave the bank when they are confirmed", async () => {
      const shop = await funded(1_000);
      const payout = dataOf(await ask(shop, 600, {}, bank.customer(shop.customer))).data;
      expect(payout).toMatchObject({ status: "requested", amount: 600, destination: iban, currency: "EUR" });
      expect(await reserved(shop)).toEqual([1_000, 600]);
      expect(refusalOf(await ask(shop, 401))).toMatchObject({
        type: "insufficient_funds",
        details: { available: 400, required: 401 },
      });
      expect(refusalOf(await step(payout, "confirm"))).toMatchObject({ status: 409, type: "payout_not_open" });
      dataOf(await step(payout, "send"));
      expect(refusalOf(await step(payout, "send")).type).toBe("payout_not_open");
      const confirmed = dataOf(await step(payout, "confirm")).data;
      expect(confirmed).toMatchObject({ status: "confirmed" });
      expect(await reserved(shop)).toEqual([400, 0]);
      const transfer = dataOf(await bank.call("transfers.get", { id: String(confirmed["transfer"]) })).data;
      expect(transfer).toMatchObject({ kind: "payout", amount: 600, debit: shop.account });
      expect(refusalOf(await step(payout, "confirm")).type).toBe("payout_not_open");
      expect(refusalOf(await step(payout, "fail", { reason: "late" })).type).toBe("payout_not_open");
    });

    test("give the money back when they fail", async () => {
      const shop = await funded(1_000);
      for (const before of [[], ["send"]]) {
        const payout = dataOf(await ask(shop, 1_000)).data;
        for (const name of before) dataOf(await step(payout, name));
        expect(dataOf(await step(payout, "fail", { reason: "Account unknown" })).data).toMatchObject({
          status: "failed",
          reason: "Account unknown",
        });
        expect(await reserved(shop)).toEqual([1_000, 0]);
      }
    });

    test("a hundred calls with one id: one payout, one answer", async () => {
      const shop = await funded(1_000);
      const id = crypto.randomUUID();
      const results = await Promise.all(Array.from({ length: 100 }, () => ask(shop, 30, { id })));
      expect(new Set(results.map((result) => JSON.stringify(dataOf(result).data))).size).toBe(1);
      expect(results.filter((result) => dataOf(result).status === 201).length).toBe(1);
      expect(await reserved(shop)).toEqual([1_000, 30]);
      expect(refusalOf(await ask(shop, 31, { id })).type).toBe("exists_with_different_fields");
      const spent = crypto.randomUUID();
      expect(refusalOf(await ask(shop, 971, { id: spent })).type).toBe("insufficient_funds");
      expect(refusalOf(await ask(shop, 1, { id: spent }))).toMatchObject({
        type: "id_already_failed",
        details: { reason: "insufficient_funds" },
      });
    }, 30_000);

    test("what nobody confirms in time fails by itself", async () => {
      const shop = await funded(500);
      const payout = dataOf(await ask(shop, 500)).data;
      dataOf(await step(payout, "send"));
      try {
        bank.shiftClock(31 * day);
        dataOf(await bank.pay(payer, shop.account, 1, "EUR"));
        expect(dataOf(await bank.call("payouts.get", { id: String(payout["id"]) })).data).toMatchObject({
          status: "failed",
          reason: "expired",
        });
        expect(await reserved(shop)).toEqual([501, 0]);
        expect(refusalOf(await step(payout, "confirm")).type).toBe("payout_not_open");
      } finally {
        bank.shiftClock(0);
      }
    });

    test("are refused of nothing, without an account outside, of others, and of the suspended", async () => {
      const shop = await funded(100);
      const homeless = await merchant({ payoutAccount: undefined });
      const stranger = await funded(100);
      expect(refusalOf(await ask(shop, 0))).toMatchObject({ status: 400, type: "invalid_amount" });
      expect(refusalOf(await ask(homeless, 1)).type).toBe("no_payout_account");
      expect(refusalOf(await ask(shop, 1, {}, bank.customer(stranger.customer)))).toMatchObject({
        status: 404,
        type: "merchant_not_found",
      });
      const payout = dataOf(await ask(shop, 10)).data;
      const as = bank.customer(stranger.customer);
      expect(refusalOf(await bank.call("payouts.get", { as, id: String(payout["id"]) })).status).toBe(404);
      expect(
        refusalOf(await bank.call("payouts.send", { as: bank.customer(shop.customer), id: String(payout["id"]) })).status,
      ).toBe(403);
      dataOf(await bank.call("merchants.suspend", { id: shop.id, body: { reason: "test" } }));
      expect(refusalOf(await ask(shop, 1)).type).toBe("merchant_not_active");
      dataOf(await step(payout, "send"));
      dataOf(await step(payout, "confirm"));
    });
  });

  test("the books agree with the log after all of it", async () => {
    expect(await bank.verify()).toMatchObject({ ok: true });
  });

  test("a long log is settled in pieces, at most a million entries each", async () => {
    const database = await create();
    await using other = await openBank(database);
    const source = await other.house("EUR");
    const { customer, account } = await other.holder("EUR", source, 0);
    await identify(other, customer);
    const { data } = dataOf(await other.call("merchants.onboard", { body: { customer, account, name: "Shop" } }));
    const id = String(data["id"]);
    dataOf(await other.call("merchants.activate", { as: supervisorOf(other), id }));
    const pay = (amount: number) => other.pay(source, String(data["receivable"]), amount, "EUR");
    dataOf(await pay(100));
    const first = Number(rowsOf(await other.call("transfers.list", { query: { sortBy: ["seq.desc"] } }))[0]?.["seq"]);
    await other.sql(`UPDATE "pons_counters" SET "value" = ${first + spanMax} WHERE "name" = 'sequence.bank_transfers'`);
    dataOf(await pay(200));
    const settled = async () => dataOf(await other.call("merchants.settle", { id, body: {} })).data;
    expect(await settled()).toMatchObject({ fromSeq: 1, toSeq: first + spanMax - 1, gross: 100, more: true });
    expect(await settled()).toMatchObject({ fromSeq: first + spanMax, gross: 200, more: false });
    expect(dataOf(await other.call("accounts.get", { id: account })).data).toMatchObject({ balance: 300 });
  }, 30_000);
});
