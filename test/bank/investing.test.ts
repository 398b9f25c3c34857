/** Deals: investing until the target is reached or the time is up, and repayment to the last minor unit. On both engines. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { testDatabases } from "../postgres/index.ts";
import { type Bank, type Data, dataOf, openBank, refusalOf, rowsOf } from "./bank.ts";
import { numbers } from "./numbers.ts";

const day = 86_400_000;

interface Party {
  readonly customer: string;
  readonly account: string;
}

interface Deal {
  readonly id: string;
  readonly borrower: Party;
}

describe.each(testDatabases())("$engine", ({ create }) => {
  let bank: Bank;
  let house: string;

  beforeAll(async () => {
    bank = await openBank(await create());
    house = await bank.house("EUR");
  });
  afterAll(() => bank[Symbol.asyncDispose]());

  const party = (funds: number): Promise<Party> => bank.holder("EUR", house, funds);
  const inDays = (days: number): string => new Date(Date.now() + days * day).toISOString();
  const terms = (account: string, more: object = {}) => ({
    title: "A second oven",
    account,
    target: 1_000,
    minInvestment: 100,
    rateBasisPoints: 1_200,
    termMonths: 1,
    fee: 7,
    closesAt: inDays(10),
    ...more,
  });
  const offer = async (more: object = {}): Promise<Deal> => {
    const borrower = await party(0);
    const { data } = dataOf(await bank.call("deals.create", { body: terms(borrower.account, more) }));
    return { id: String(data["id"]), borrower };
  };
  const invest = (deal: Deal, { account }: Party, amount: number, more: object = {}, as = bank.teller) =>
    bank.call("deals.invest", { as, id: deal.id, body: { account, amount, ...more } });
  const repay = (deal: Deal, amount: number, more: object = {}, as = bank.teller) =>
    bank.call("deals.repay", { as, id: deal.id, body: { amount, ...more } });
  const of = async ({ id }: Deal): Promise<Data> => dataOf(await bank.call("deals.get", { id })).data;
  const money = async ({ account }: Party) => {
    const { balance, debitsPending } = await bank.account(account);
    return [Number(balance), Number(debitsPending)];
  };
  const listed = async (operation: string, deal: Deal): Promise<Data[]> =>
    rowsOf(
      await bank.call(operation, {
        query: { filters: [{ path: "deal", op: "eq", values: [deal.id], as: "deal" }], sortBy: ["id.asc"], perPage: 100 },
      }),
    );
  const legsOf = async (transaction: unknown): Promise<Data[]> =>
    rowsOf(
      await bank.call("transfers.list", {
        query: {
          filters: [{ path: "transaction", op: "eq", values: [String(transaction)], as: "transaction" }],
          sortBy: ["seq.asc"],
          perPage: 100,
        },
      }),
    );
  /** A deal of 1,000 funded by 500, 300 and 200; interest 10, fee 7. */
  const funded = async (more: object = {}) => {
    const deal = await offer(more);
    const investors = [await party(500), await party(300), await party(200)] as const;
    for (const [position, amount] of [500, 300, 200].entries()) dataOf(await invest(deal, investors[position] as Party, amount));
    return { deal, investors };
  };

  describe("a deal", () => {
    const refusals: [string, object, number, string][] = [
      ["that closes before it opens", { opensAt: inDays(3), closesAt: inDays(2) }, 400, "invalid_deal_period"],
      ["that is over", { opensAt: inDays(-3), closesAt: inDays(-2) }, 400, "invalid_deal_period"],
      ["that is open too long", { closesAt: inDays(61) }, 400, "invalid_deal_period"],
      ["for less than the least investment", { target: 99 }, 400, "invalid_deal_target"],
      ["that may need too many investments", { target: 50_001 }, 400, "invalid_deal_target"],
      ["of an account that is not there", { account: "acc_01JD3Q8Z5T7N9V1X3B5D7F9H1K" }, 404, "account_not_found"],
    ];
    test.each(refusals)("%s is refused", async (_, more, status, type) => {
      const { account } = await party(0);
      expect(refusalOf(await bank.call("deals.create", { body: terms(account, more) }))).toMatchObject({ status, type });
    });

    test("is offered by staff; customers see the offer, not who borrows", async () => {
      const deal = await offer();
      const { customer, account } = await party(0);
      const as = bank.customer(customer);
      expect(refusalOf(await bank.call("deals.create", { as, body: terms(account) })).status).toBe(403);
      const seen = dataOf(await bank.call("deals.get", { as, id: deal.id })).data;
      expect(seen).toMatchObject({ target: 1_000, interest: 10, fee: 7, status: "open" });
      expect(Object.keys(seen)).not.toContain("borrower");
    });
  });

  describe("investing", () => {
    test("reserves, and moves everything as one transaction when the target is reached", async () => {
      const deal = await offer();
      const [a, b] = [await party(600), await party(500)];
      const first = dataOf(await invest(deal, a, 600, {}, bank.customer(a.customer)));
      expect(first).toMatchObject({ status: 201, data: { status: "held", share: "0.600000000", amount: 600 } });
      expect([await money(a), await money(deal.borrower)]).toEqual([
        [600, 600],
        [0, 0],
      ]);
      expect(await of(deal)).toMatchObject({ status: "open", invested: 600, investmentCount: 1 });
      const last = dataOf(await invest(deal, b, 400)).data;
      expect(last).toMatchObject({ status: "invested", interest: 4 });
      expect([await money(a), await money(b), await money(deal.borrower)]).toEqual([
        [0, 0],
        [100, 0],
        [1_000, 0],
      ]);
      const row = await of(deal);
      expect(row).toMatchObject({ status: "funded", invested: 1_000, investmentCount: 2 });
      const legs = await legsOf(row["transaction"]);
      expect(legs.map(({ phase, kind, amount, credit }) => [phase, kind, amount, credit])).toEqual([
        ["capture", "investment", 600, deal.borrower.account],
        ["capture", "investment", 400, deal.borrower.account],
      ]);
      expect(dataOf(await bank.call("transactions.get", { id: String(row["transaction"]) })).data).toMatchObject({ legs: 2 });
      expect(refusalOf(await invest(deal, b, 100))).toMatchObject({ type: "deal_not_open", details: { status: "funded" } });
      expect(refusalOf(await bank.call("deals.cancel", { id: deal.id, body: { reason: "late" } })).type).toBe("deal_not_open");
    });

    test("asks for no more than is missing, and for the least investment unless less is missing", async () => {
      const deal = await offer();
      const a = await party(2_000);
      expect(refusalOf(await invest(deal, a, 99))).toMatchObject({ type: "below_minimum", details: { minimum: 100 } });
      expect(refusalOf(await invest(deal, a, 1_001))).toMatchObject({ type: "deal_full", details: { missing: 1_000 } });
      dataOf(await invest(deal, a, 950));
      expect(refusalOf(await invest(deal, a, 49)).type).toBe("below_minimum");
      expect(refusalOf(await invest(deal, a, 51))).toMatchObject({ type: "deal_full", details: { missing: 50 } });
      expect(dataOf(await invest(deal, a, 50)).data).toMatchObject({ status: "invested" });
    });

    test("is refused of nothing, without funds, in the own deal, from others' accounts, and before the time", async () => {
      const deal = await offer();
      const [a, b] = [await party(100), await party(1_000)];
      expect(refusalOf(await invest(deal, a, 0))).toMatchObject({ status: 400, type: "invalid_amount" });
      expect(refusalOf(await invest(deal, a, 101))).toMatchObject({ type: "insufficient_funds", details: { available: 100 } });
      expect(refusalOf(await invest(deal, deal.borrower, 100)).type).toBe("own_deal");
      expect(refusalOf(await invest(deal, b, 100, {}, bank.customer(a.customer))).type).toBe("account_not_found");
      expect(refusalOf(await invest({ ...deal, id: "deal_01JD3Q8Z5T7N9V1X3B5D7F9H1K" }, b, 100)).status).toBe(404);
      expect(refusalOf(await invest(await offer({ opensAt: inDays(1) }), b, 100)).type).toBe("deal_not_open");
      const dollars = await bank.house("USD");
      const abroad = await bank.holder("USD", dollars, 500);
      expect(refusalOf(await invest(deal, abroad, 100)).type).toBe("asset_mismatch");
      expect([await money(a), await money(b)]).toEqual([
        [100, 0],
        [1_000, 0],
      ]);
      expect(await of(deal)).toMatchObject({ invested: 0, investmentCount: 0 });
    });

    test("a hundred calls with one id: one investment, one answer", async () => {
      const deal = await offer();
      const a = await party(1_000);
      const id = crypto.randomUUID();
      const results = await Promise.all(Array.from({ length: 100 }, () => invest(deal, a, 100, { id })));
      expect(new Set(results.map((result) => JSON.stringify(dataOf(result).data))).size).toBe(1);
      expect(await money(a)).toEqual([1_000, 100]);
      expect(refusalOf(await invest(deal, a, 101, { id })).type).toBe("exists_with_different_fields");
      const spent = crypto.randomUUID();
      expect(refusalOf(await invest(deal, a, 950, { id: spent })).type).toBe("deal_full");
      expect(refusalOf(await invest(deal, a, 100, { id: spent })).type).toBe("id_already_failed");
    }, 30_000);

    test("fifty want in at once: the target is reached exactly, and nobody else pays", async () => {
      const deal = await offer({ target: 2_000 });
      const all = await Promise.all(Array.from({ length: 50 }, () => party(100)));
      const results = await Promise.all(all.map((each) => invest(deal, each, 100)));
      expect(results.filter(({ ok }) => ok).length).toBe(20);
      expect(await money(deal.borrower)).toEqual([2_000, 0]);
      const left = await Promise.all(all.map(money));
      expect(left.filter(([balance]) => balance === 0).length).toBe(20);
      expect(left.every(([, pending]) => pending === 0)).toBe(true);
    }, 30_000);

    test("five hundred investments are funded together", async () => {
      const deal = await offer({ target: 50_000, fee: 0, rateBasisPoints: 777, termMonths: 7 });
      const a = await party(49_900);
      const b = await party(100);
      for (let done = 0; done < 499; done += 100) {
        const count = Math.min(100, 499 - done);
        for (const result of await Promise.all(Array.from({ length: count }, () => invest(deal, a, 100)))) dataOf(result);
      }
      dataOf(await invest(deal, b, 100));
      expect(await of(deal)).toMatchObject({ status: "funded", investmentCount: 500, interest: 2_266 });
      expect([await money(a), await money(b), await money(deal.borrower)]).toEqual([
        [0, 0],
        [0, 0],
        [50_000, 0],
      ]);
      dataOf(await bank.pay(house, deal.borrower.account, 2_266, "EUR"));
      dataOf(await repay(deal, 30_001));
      dataOf(await repay(deal, 22_265));
      const [, total] = [await money(deal.borrower), (await money(a))[0]];
      // 2,266 × 499 / 500 = 2,261.468: b has the whole part or one more.
      expect([52_161, 52_162]).toContain(Number(total));
      expect(Number(total) + Number((await money(b))[0])).toBe(52_266);
      expect(await of(deal)).toMatchObject({ status: "repaid" });
    }, 60_000);

    test("all or none: one account that cannot pay stops the funding, until its investment is taken back", async () => {
      const deal = await offer();
      const [a, b, c] = [await party(500), await party(500), await party(500)];
      const held = dataOf(await invest(deal, a, 500)).data;
      dataOf(await bank.call("accounts.freeze", { id: a.account, body: { reason: "test" } }));
      const id = crypto.randomUUID();
      expect(refusalOf(await invest(deal, b, 500, { id }))).toMatchObject({
        status: 422,
        type: "funding_failed",
        details: { investment: held["investment"], reason: "account_frozen" },
      });
      expect([await money(a), await money(b), await money(deal.borrower)]).toEqual([
        [500, 500],
        [500, 0],
        [0, 0],
      ]);
      expect(await of(deal)).toMatchObject({ status: "open", invested: 500, investmentCount: 1 });
      const withdraw = (as = bank.teller, from = deal) =>
        bank.call("deals.withdraw", { as, id: from.id, body: { investment: held["investment"] } });
      expect(refusalOf(await withdraw(bank.customer(b.customer)))).toMatchObject({ status: 404, type: "investment_not_found" });
      expect(refusalOf(await withdraw(bank.teller, await offer())).type).toBe("investment_not_found");
      expect(dataOf(await withdraw(bank.customer(a.customer))).data).toMatchObject({ status: "withdrawn" });
      expect(refusalOf(await withdraw()).type).toBe("not_withdrawable");
      expect(await money(a)).toEqual([500, 0]);
      dataOf(await invest(deal, b, 500, { id }));
      dataOf(await invest(deal, c, 500));
      expect(await of(deal)).toMatchObject({ status: "funded", invested: 1_000, investmentCount: 2 });
    });

    test("cancelled, everybody has the own money back", async () => {
      const deal = await offer();
      const [a, b] = [await party(500), await party(400)];
      const first = dataOf(await invest(deal, a, 500)).data;
      dataOf(await invest(deal, b, 400));
      dataOf(await bank.call("deals.cancel", { id: deal.id, body: { reason: "Borrower withdrew" } }));
      expect(await of(deal)).toMatchObject({ status: "voided", reason: "Borrower withdrew", invested: 0, investmentCount: 0 });
      expect([await money(a), await money(b)]).toEqual([
        [500, 0],
        [400, 0],
      ]);
      expect((await listed("investments.list", deal)).map(({ status }) => status)).toEqual(["voided", "voided"]);
      expect(refusalOf(await bank.call("deals.withdraw", { id: deal.id, body: { investment: first["investment"] } })).type).toBe(
        "not_withdrawable",
      );
      expect(refusalOf(await repay(deal, 1)).type).toBe("deal_not_repayable");
    });

    test("not funded in time, it is voided by itself, before the next command, whatever became of its holds", async () => {
      const deal = await offer({ closesAt: inDays(1) });
      const [a, b] = [await party(600), await party(300)];
      dataOf(await invest(deal, a, 600));
      const given = dataOf(await invest(deal, b, 300)).data;
      dataOf(await bank.call("holds.void", { id: String(given["hold"]) }));
      expect(refusalOf(await bank.pay(a.account, b.account, 1, "EUR")).type).toBe("insufficient_funds");
      try {
        bank.shiftClock(day);
        dataOf(await bank.pay(a.account, b.account, 600, "EUR"));
        expect(await of(deal)).toMatchObject({ status: "voided", reason: "not funded in time", invested: 0, investmentCount: 0 });
        expect((await listed("investments.list", deal)).map(({ status }) => status)).toEqual(["voided", "voided"]);
        expect([await money(a), await money(b), await money(deal.borrower)]).toEqual([
          [0, 0],
          [900, 0],
          [0, 0],
        ]);
      } finally {
        bank.shiftClock(0);
      }
    });
  });

  describe("repayment", () => {
    test("pays the fee, then interest, then principal, each investor the own part", async () => {
      const { deal, investors } = await funded();
      const as = bank.customer(deal.borrower.customer);
      // 7 fee, and 4 of 10 interest: 2, 1.2 and 0.8 by shares.
      const first = dataOf(await repay(deal, 11, {}, as));
      expect(first).toMatchObject({ status: 201, data: { amount: 11, fee: 7, interest: 4, principal: 0, left: 1_006 } });
      expect(
        (await legsOf(first.data["transaction"])).map(({ kind, amount, credit }) => [kind, amount, credit]).slice(1),
      ).toEqual([
        ["interest", 2, investors[0].account],
        ["interest", 1, investors[1].account],
        ["interest", 1, investors[2].account],
      ]);
      expect(await of(deal)).toMatchObject({ status: "repaying", feePaid: 7, interestPaid: 4, principalPaid: 0 });
      // The other 6 of interest by what is left of it, 3, 2 and 1; then 101 of principal: 50.5, 30.3 and 20.2.
      expect(dataOf(await repay(deal, 107, {}, as)).data).toMatchObject({ fee: 0, interest: 6, principal: 101 });
      expect(await Promise.all(investors.map(async (each) => (await money(each))[0]))).toEqual([56, 33, 22]);
      expect(refusalOf(await repay(deal, 900, {}, as))).toMatchObject({ type: "exceeds_debt", details: { owed: 899 } });
      expect(refusalOf(await repay(deal, 899, {}, as))).toMatchObject({ type: "insufficient_funds" });
      dataOf(await bank.pay(house, deal.borrower.account, 17, "EUR"));
      expect(dataOf(await repay(deal, 899, {}, as)).data).toMatchObject({ principal: 899, left: 0 });
      expect(await of(deal)).toMatchObject({ status: "repaid", principalPaid: 1_000, interestPaid: 10 });
      expect(await Promise.all(investors.map(money))).toEqual([
        [505, 0],
        [303, 0],
        [202, 0],
      ]);
      expect((await listed("investments.list", deal)).every(({ status }) => status === "repaid")).toBe(true);
      expect(refusalOf(await repay(deal, 1, {}, as)).type).toBe("deal_not_repayable");
      expect((await listed("repayments.list", deal)).map(({ amount }) => amount)).toEqual([11, 107, 899]);
    });

    test.each([1, 2, 3])(
      "in sums by chance (seed %d): every leg adds up, and at the end everybody has all, to the last unit",
      async (seed) => {
        const random = numbers(seed);
        const target = 5_000 + random(5_000);
        const deal = await offer({
          target,
          minInvestment: 50,
          rateBasisPoints: random(3_000),
          termMonths: 1 + random(36),
          fee: random(90),
        });
        const made: { investor: Party; amount: number }[] = [];
        for (let missing = target; missing > 0;) {
          const amount = Math.min(missing, 50 + random(900));
          const investor = await party(amount);
          dataOf(await invest(deal, investor, amount));
          made.push({ investor, amount });
          missing -= amount;
        }
        const { interest, fee } = await of(deal);
        let owed = target + Number(interest) + Number(fee);
        dataOf(await bank.pay(house, deal.borrower.account, Math.max(1, owed - target), "EUR"));
        while (owed > 0) {
          const amount = Math.min(owed, 1 + random(1_500));
          const { data } = dataOf(await repay(deal, amount));
          const legs = await legsOf(data["transaction"]);
          expect(legs.reduce((sum, leg) => sum + Number(leg["amount"]), 0)).toBe(amount);
          owed -= amount;
          expect(data["left"]).toBe(owed);
        }
        const rows = await listed("investments.list", deal);
        expect(rows.reduce((sum, row) => sum + Number(row["interest"]), 0)).toBe(Number(interest));
        for (const { investor, amount } of made) {
          const row = rows.find(({ account }) => account === investor.account);
          expect(row).toMatchObject({ status: "repaid", principalPaid: amount, interestPaid: row?.["interest"] });
          expect(Math.abs(Number(row?.["interest"]) - (Number(interest) * amount) / target)).toBeLessThan(1);
          expect(await money(investor)).toEqual([amount + Number(row?.["interest"]), 0]);
        }
      },
      30_000,
    );

    test("is the borrower's: other customers are refused", async () => {
      const { deal, investors } = await funded();
      expect(refusalOf(await repay(deal, 10, {}, bank.customer(investors[0].customer)))).toMatchObject({
        status: 403,
        type: "not_the_borrower",
      });
      expect(refusalOf(await repay(deal, 0))).toMatchObject({ status: 400, type: "invalid_amount" });
      const as = bank.customer(investors[0].customer);
      dataOf(await repay(deal, 10));
      expect(rowsOf(await bank.call("repayments.list", { as }))).toEqual([]);
      expect(rowsOf(await bank.call("investments.list", { as })).length).toBe(1);
    });

    test("fifty calls with one id pay once", async () => {
      const { deal } = await funded();
      const id = crypto.randomUUID();
      const results = await Promise.all(Array.from({ length: 50 }, () => repay(deal, 100, { id })));
      expect(new Set(results.map((result) => JSON.stringify(dataOf(result).data))).size).toBe(1);
      expect(await money(deal.borrower)).toEqual([900, 0]);
      expect(refusalOf(await repay(deal, 101, { id })).type).toBe("exists_with_different_fields");
    }, 30_000);

    test("forty repayments at once never pay more than is owed", async () => {
      const { deal, investors } = await funded();
      dataOf(await bank.pay(house, deal.borrower.account, 5_000, "EUR"));
      const results = await Promise.all(Array.from({ length: 40 }, () => repay(deal, 113)));
      expect(results.filter(({ ok }) => ok).length).toBe(9);
      expect(await money(deal.borrower)).toEqual([5_000 + 1_000 - 9 * 113, 0]);
      const got = await Promise.all(investors.map(async (each) => (await money(each))[0] ?? 0));
      expect(got.reduce((sum, each) => sum + each, 0)).toBe(9 * 113 - 7);
    }, 30_000);

    test("the part of an investor whose account is frozen waits in suspense", async () => {
      const { deal, investors } = await funded({ fee: 0 });
      dataOf(await bank.call("accounts.freeze", { id: investors[1].account, body: { reason: "test" } }));
      const { data } = dataOf(await repay(deal, 100));
      const legs = await legsOf(data["transaction"]);
      const [suspense] = (await bank.sql(`SELECT "id" FROM "bank_accounts" WHERE "purpose" = 'suspense'`)) as { id: string }[];
      const [own] = (await listed("investments.list", deal)).filter(({ account }) => account === investors[1].account);
      // 10 interest and 90 principal, of which three tenths.
      const waiting = legs.filter(({ credit }) => credit === suspense?.id);
      expect(waiting.map(({ kind, amount, reference }) => [kind, amount, reference])).toEqual([
        ["interest", 3, `${String(own?.["id"])} A second oven`],
        ["repayment", 27, `${String(own?.["id"])} A second oven`],
      ]);
      expect([await money(investors[0]), await money(investors[1])]).toEqual([
        [50, 0],
        [0, 0],
      ]);
    });
  });

  test("the books agree with the log after all of it", async () => {
    expect(await bank.verify()).toMatchObject({ ok: true });
  });
});
