/** Exchange of currencies: what is quoted, what is posted, once. On both engines. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { houseAccountId, type Purpose } from "../../services/bank/house.ts";
import { testDatabases } from "../postgres/index.ts";
import { audit } from "./audit.ts";
import { type Bank, type CallOptions, type Data, dataOf, openBank, refusalOf, rowsOf } from "./bank.ts";

describe.each(testDatabases())("$engine", ({ create }) => {
  let bank: Bank;
  let supervisor: NonNullable<CallOptions["as"]>;
  const house = new Map<string, string>();

  beforeAll(async () => {
    bank = await openBank(await create());
    supervisor = { ...bank.teller, user: "supervisor", roles: ["supervisor"] };
    for (const currency of ["EUR", "USD", "JPY", "KWD", "CLF"]) house.set(currency, await bank.house(currency));
    await rate("EUR", "USD", "1.0842", { spreadBasisPoints: 50 });
    await rate("EUR", "JPY", "161.55");
    await rate("KWD", "JPY", "500.1");
    await rate("EUR", "CLF", "0.0265");
  });
  afterAll(() => bank[Symbol.asyncDispose]());

  const setRate = (base: string, quote: string, price: string, more: object = {}) =>
    bank.call("fxRates.create", { as: supervisor, body: { base, quote, rate: price, ...more } });
  async function rate(base: string, quote: string, price: string, more: object = {}): Promise<void> {
    dataOf(await setRate(base, quote, price, more));
  }

  /** A customer with funds in one currency and an empty account in another. */
  const pair = async (sold: string, bought: string, funds: number) => {
    const { customer, account: from } = await bank.holder(sold, house.get(sold) as string, funds);
    const to = String(
      dataOf(await bank.call("accounts.create", { body: { customer, name: "Other", currency: bought } })).data["id"],
    );
    return { customer, from, to, as: bank.customer(customer) };
  };
  const ask = (body: object, as = bank.teller) => bank.call("fxQuotes.create", { as, body });
  const execute = (id: unknown, as = bank.teller) => bank.call("fxQuotes.execute", { as, id: String(id) });
  const balance = async (id: string) => Number((await bank.account(id))["balance"]);
  const houseBalance = async (purpose: Purpose, currency: string): Promise<number> => {
    const found = await bank.call("accounts.get", { id: houseAccountId(purpose, currency) });
    return found.ok ? Number(dataOf(found).data["balance"]) : 0;
  };
  const houses = async (): Promise<Record<string, number>> => ({
    longEUR: await houseBalance("fx_position", "EUR"),
    longUSD: await houseBalance("fx_position", "USD"),
    feesUSD: await houseBalance("fees", "USD"),
    roundingUSD: await houseBalance("rounding", "USD"),
  });
  const legsOf = async (transaction: unknown): Promise<Data[]> =>
    rowsOf(
      await bank.call("transfers.list", {
        query: {
          filters: [{ path: "transaction", op: "eq", values: [String(transaction)], as: "transaction" }],
          sortBy: ["seq.asc"],
        },
      }),
    );

  test("quoted and executed by a customer: four legs, every unit accounted for", async () => {
    const { from, to, as, customer } = await pair("EUR", "USD", 10_000);
    const { status, data: quote } = dataOf(await ask({ from, to, sellAmount: 10_000 }, as));
    expect(status).toBe(201);
    expect(quote).toMatchObject({
      customer,
      sellCurrency: "EUR",
      sellAmount: 10_000,
      buyCurrency: "USD",
      buyAmount: 10_787,
      rate: "1.078779",
      spread: 54,
      residue: 1,
      status: "open",
    });
    expect(Date.parse(String(quote["expiresAt"])) - Date.parse(String(quote["createdAt"]))).toBe(30_000);
    const before = await houses();
    const { data: done } = dataOf(await execute(quote["id"], as));
    expect(done).toMatchObject({ status: "executed", lapsesAt: null });
    expect(
      (await legsOf(done["transaction"])).map(({ debit, credit, amount, currency, kind }) => [
        debit,
        credit,
        amount,
        currency,
        kind,
      ]),
    ).toEqual([
      [from, houseAccountId("fx_position", "EUR"), 10_000, "EUR", "fx"],
      [houseAccountId("fx_position", "USD"), to, 10_787, "USD", "fx"],
      [houseAccountId("fx_position", "USD"), houseAccountId("fees", "USD"), 54, "USD", "fx"],
      [houseAccountId("fx_position", "USD"), houseAccountId("rounding", "USD"), 1, "USD", "fx"],
    ]);
    expect([await balance(from), await balance(to)]).toEqual([0, 10_787]);
    const after = await houses();
    expect(Object.keys(after).map((name) => Number(after[name]) - Number(before[name]))).toEqual([10_000, -10_842, 54, 1]);
  });

  test("executed twice, one after the other and fifty times at once: one transaction, the same answer", async () => {
    const { from, to, as } = await pair("EUR", "USD", 1_000);
    const { data: quote } = dataOf(await ask({ from, to, sellAmount: 100 }, as));
    const results = await Promise.all(Array.from({ length: 50 }, () => execute(quote["id"], as)));
    const answers = results.map((result) => dataOf(result));
    expect(new Set(answers.map(({ data }) => data["transaction"])).size).toBe(1);
    expect(answers.filter(({ replayed }) => replayed === true)).toHaveLength(49);
    expect(dataOf(await execute(quote["id"], as))).toMatchObject({ replayed: true, data: { status: "executed" } });
    expect(await balance(from)).toBe(900);
  });

  describe("what is quoted", () => {
    const cases: [string, string, string, object, object][] = [
      [
        "an amount to be received: the least that is enough",
        "EUR",
        "USD",
        { buyAmount: 10_787 },
        { sellAmount: 10_000, buyAmount: 10_787 },
      ],
      [
        "by the inverse rate",
        "USD",
        "EUR",
        { sellAmount: 10_842 },
        { buyAmount: 9_950, spread: 50, residue: 0, rate: "0.917727356576" },
      ],
      ["to a currency without decimals", "EUR", "JPY", { sellAmount: 1_000 }, { buyAmount: 1_615, residue: 1, spread: 0 }],
      [
        "from one without to one with three, by the inverse",
        "JPY",
        "KWD",
        { sellAmount: 5_001 },
        { buyAmount: 10_000, residue: 0 },
      ],
      ["to one with four", "EUR", "CLF", { sellAmount: 10_000 }, { buyAmount: 26_500 }],
      ["for longer", "EUR", "USD", { sellAmount: 100, seconds: 300 }, { sellAmount: 100 }],
    ];
    test.each(cases)("%s", async (_, sold, bought, amounts, expected) => {
      const { from, to } = await pair(sold, bought, 0);
      expect(dataOf(await ask({ from, to, ...amounts })).data).toMatchObject(expected);
    });
  });

  describe("what is refused", () => {
    const cases: [string, string, string, object, number, string][] = [
      ["no amount", "EUR", "USD", {}, 400, "one_amount"],
      ["both amounts", "EUR", "USD", { sellAmount: 1, buyAmount: 1 }, 400, "one_amount"],
      ["nothing", "EUR", "USD", { sellAmount: 0 }, 400, "invalid_amount"],
      ["less than nothing", "EUR", "USD", { buyAmount: -1 }, 400, "invalid_amount"],
      ["no exchange", "EUR", "EUR", { sellAmount: 1 }, 400, "same_currency"],
      ["no rate, though there is one for each to a third currency", "USD", "JPY", { sellAmount: 1_000 }, 422, "rate_not_found"],
      ["too little", "JPY", "EUR", { sellAmount: 1 }, 422, "amount_too_small"],
      ["too much", "EUR", "JPY", { sellAmount: "9223372036854775807" }, 422, "overflow"],
      ["a fraction", "EUR", "USD", { sellAmount: 1.5 }, 422, "validation_failed"],
      ["for too long", "EUR", "USD", { sellAmount: 1, seconds: 301 }, 422, "validation_failed"],
    ];
    test.each(cases)("%s", async (_, sold, bought, amounts, status, type) => {
      const { from, to } = await pair(sold, bought, 0);
      // 1 yen is 0.619 cents.
      expect(refusalOf(await ask({ from, to, ...amounts }))).toMatchObject({ status, type });
    });

    test("an account to itself, and accounts that are not there", async () => {
      const { from } = await pair("EUR", "USD", 0);
      const nobody = "acc_01JD3Q8Z5T7N9V1X3B5D7F9H1K";
      expect(refusalOf(await ask({ from, to: from, sellAmount: 1 }))).toMatchObject({ status: 400, type: "same_account" });
      expect(refusalOf(await ask({ from: nobody, to: from, sellAmount: 1 }))).toMatchObject({ type: "debit_account_not_found" });
      expect(refusalOf(await ask({ from, to: nobody, sellAmount: 1 }))).toMatchObject({ type: "credit_account_not_found" });
    });

    test("a customer exchanges between own accounts, and sees own quotes only", async () => {
      const anna = await pair("EUR", "USD", 100);
      const boris = await pair("EUR", "USD", 100);
      expect(refusalOf(await ask({ from: boris.from, to: anna.to, sellAmount: 1 }, anna.as)).type).toBe(
        "debit_account_not_found",
      );
      expect(refusalOf(await ask({ from: anna.from, to: boris.to, sellAmount: 1 }, anna.as)).type).toBe(
        "credit_account_not_found",
      );
      const { data } = dataOf(await ask({ from: boris.from, to: boris.to, sellAmount: 10 }, boris.as));
      expect(refusalOf(await execute(data["id"], anna.as))).toMatchObject({ status: 404, type: "not_found" });
      expect(refusalOf(await ask({ from: anna.from, to: anna.to, sellAmount: 1 }, bank.auditor)).status).toBe(403);
    });

    test("no funds: nothing moves, and the quote is still open", async () => {
      const { from, to, as } = await pair("EUR", "USD", 99);
      const { data } = dataOf(await ask({ from, to, sellAmount: 100 }, as));
      const before = await houses();
      expect(refusalOf(await execute(data["id"], as))).toMatchObject({
        status: 422,
        type: "insufficient_funds",
        details: { available: 99, required: 100 },
      });
      expect(await houses()).toEqual(before);
      dataOf(await bank.pay(house.get("EUR") as string, from, 1, "EUR"));
      expect(dataOf(await execute(data["id"], as)).data).toMatchObject({ status: "executed" });
    });

    test("an account that may not hold so much: the other leg is not posted either", async () => {
      const { customer, account: from } = await bank.holder("EUR", house.get("EUR") as string, 100);
      const opened = await bank.call("accounts.create", { body: { customer, name: "Small", currency: "USD", maxBalance: 50 } });
      const { data } = dataOf(await ask({ from, to: String(dataOf(opened).data["id"]), sellAmount: 100 }));
      expect(refusalOf(await execute(data["id"]))).toMatchObject({
        status: 422,
        type: "max_balance_exceeded",
        details: { leg: 1 },
      });
      expect(await balance(from)).toBe(100);
    });
  });

  test("after its time it is refused, marked as expired, and stays so when the clock steps back", async () => {
    const { from, to, as } = await pair("EUR", "USD", 100);
    const { data } = dataOf(await ask({ from, to, sellAmount: 100 }, as));
    try {
      bank.shiftClock(31_000);
      expect(refusalOf(await execute(data["id"], as))).toMatchObject({ status: 409, type: "quote_expired" });
      bank.shiftClock(0);
      expect(refusalOf(await execute(data["id"], as)).type).toBe("quote_expired");
      expect(dataOf(await bank.call("fxQuotes.get", { id: String(data["id"]) })).data).toMatchObject({
        status: "expired",
        lapsesAt: null,
      });
      expect(await balance(from)).toBe(100);
    } finally {
      bank.shiftClock(0);
    }
  });

  test("one that was executed stays executed after its time", async () => {
    const { from, to } = await pair("EUR", "USD", 100);
    const { data } = dataOf(await ask({ from, to, sellAmount: 100 }));
    dataOf(await execute(data["id"]));
    try {
      bank.shiftClock(60_000);
      expect(dataOf(await execute(data["id"]))).toMatchObject({ replayed: true, data: { status: "executed" } });
    } finally {
      bank.shiftClock(0);
    }
  });

  test("the newest rate in force counts, for new quotes only", async () => {
    const { from, to } = await pair("EUR", "CLF", 1_000);
    const old = dataOf(await ask({ from, to, sellAmount: 100 })).data;
    await rate("EUR", "CLF", "0.03");
    await rate("EUR", "CLF", "9", { validFrom: new Date(Date.now() + 3_600_000).toISOString() });
    expect(dataOf(await ask({ from, to, sellAmount: 100 })).data).toMatchObject({ buyAmount: 300 });
    await rate("CLF", "EUR", "20");
    expect(dataOf(await ask({ from, to, sellAmount: 100 })).data).toMatchObject({ buyAmount: 500 });
    expect(dataOf(await execute(old["id"])).data).toMatchObject({ buyAmount: 265 });
    expect(await balance(to)).toBe(265);
  });

  describe("rates", () => {
    const bad: [string, object, number, string][] = [
      ["of one currency", { base: "EUR", quote: "EUR" }, 400, "same_currency"],
      ["in the past", { validFrom: "2020-01-01T00:00:00Z" }, 400, "invalid_valid_from"],
      ["nothing", { rate: "0" }, 422, "validation_failed"],
      ["less than nothing", { rate: "-1" }, 422, "validation_failed"],
      ["no number", { rate: "NaN" }, 422, "validation_failed"],
      ["all of it kept", { spreadBasisPoints: 10_000 }, 422, "validation_failed"],
    ];
    test.each(bad)("refused: %s", async (_, more, status, type) => {
      expect(refusalOf(await setRate("EUR", "USD", "1", more))).toMatchObject({ status, type });
    });

    test("supervisors alone set them, and nobody changes them", async () => {
      const body = { base: "EUR", quote: "USD", rate: "2" };
      expect(refusalOf(await bank.call("fxRates.create", { body })).status).toBe(403);
      expect((await bank.sql("SELECT rate FROM bank_fx_rates")).length).toBeGreaterThan(0);
      let refused = false;
      try {
        await bank.sql("UPDATE bank_fx_rates SET rate = '2'");
      } catch {
        refused = true;
      }
      expect(refused).toBe(true);
    });
  });

  test("the books agree, currency by currency", async () => {
    expect((await audit(bank)).transfers).toBeGreaterThan(20);
    expect((await bank.verify()).ok).toBe(true);
  });
});
