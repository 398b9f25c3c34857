/** Limits: what is counted, when it starts again, what holds give back, and that no number of callers at once gets past one. On both engines. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { testDatabases } from "../postgres/index.ts";
import { type Bank, type Caller, type Data, dataOf, openBank, refusalOf, rowsOf } from "./bank.ts";
import { identify } from "./identified.ts";

const day = 86_400_000;
const hour = 3_600_000;

describe.each(testDatabases())("$engine", ({ create }) => {
  let bank: Bank;
  let maker: Caller;
  let checker: Caller;
  let house: string;
  let shop: string;

  beforeAll(async () => {
    bank = await openBank(await create());
    maker = { ...bank.teller, user: "ann", roles: ["supervisor"] };
    checker = { ...bank.teller, user: "bob", roles: ["supervisor"] };
    house = await bank.house("EUR");
    shop = (await bank.holder("EUR", house, 0)).account;
    // The middle of a day: no test crosses midnight by itself.
    const now = Date.now();
    bank.shiftClock(Math.ceil(now / day) * day + 12 * hour - now);
  });
  afterAll(() => bank[Symbol.asyncDispose]());

  /** Asks for a rule and has it approved; its id. */
  const limit = async (terms: object): Promise<string> => {
    const asked = dataOf(
      await bank.call("limitRules.set", { as: maker, body: { name: "Test", scope: "account", window: "day", ...terms } }),
    );
    expect(asked.status).toBe(202);
    const approved = dataOf(await bank.call("approvals.approve", { as: checker, id: String(asked.data["approval"]), body: {} }));
    return String((approved.data["result"] as Data)["rule"]);
  };
  const change = async (rule: string, terms: object): Promise<void> => {
    const { id: _, version: _version, createdAt: _at, ...known } = dataOf(await bank.call("limitRules.get", { id: rule })).data;
    const asked = await bank.call("limitRules.set", { as: maker, body: { ...known, ...terms, rule } });
    dataOf(await bank.call("approvals.approve", { as: checker, id: String(dataOf(asked).data["approval"]), body: {} }));
  };
  const used = async (rule: string, subject: string): Promise<Data> =>
    dataOf(await bank.call("limitRules.utilization", { id: rule, body: { subject, currency: "EUR" } })).data;
  const hold = async (debit: string, amount: number): Promise<string> =>
    String(dataOf(await bank.call("holds.create", { body: { debit, credit: shop, amount, currency: "EUR" } })).data["id"]);

  test("a rule waits for somebody else, and holds from then on", async () => {
    const { account } = await bank.holder("EUR", house, 1_000);
    const asked = dataOf(
      await bank.call("limitRules.set", {
        as: maker,
        body: { name: "Small", scope: "account", subject: account, window: "day", maxAmount: 100 },
      }),
    );
    expect(asked).toMatchObject({ status: 202, data: { outcome: "pending", rule: null } });
    dataOf(await bank.pay(account, shop, 500, "EUR"));
    const approval = String(asked.data["approval"]);
    expect(refusalOf(await bank.call("approvals.approve", { as: maker, id: approval, body: {} })).type).toBe("own_approval");
    dataOf(await bank.call("approvals.approve", { as: checker, id: approval, body: {} }));
    expect(refusalOf(await bank.pay(account, shop, 101, "EUR"))).toMatchObject({ status: 422, type: "limit_exceeded" });
    dataOf(await bank.pay(account, shop, 100, "EUR"));
  });

  test("exactly at the limit is allowed, a unit more tells what remains and until when", async () => {
    const { account } = await bank.holder("EUR", house, 1_000);
    const rule = await limit({ subject: account, maxAmount: 100 });
    dataOf(await bank.pay(account, shop, 60, "EUR"));
    const refusal = refusalOf(await bank.pay(account, shop, 41, "EUR"));
    expect(refusal).toMatchObject({ type: "limit_exceeded", details: { rule, window: "day", remainder: 40 } });
    dataOf(await bank.pay(account, shop, 40, "EUR"));
    const now = await used(rule, account);
    expect(now).toMatchObject({ amount: 100, count: 2, remainingAmount: 0, remainingCount: null });
    expect(refusal.details?.["resetsAt"]).toBe(now["resetsAt"]);
    expect(refusalOf(await bank.pay(account, shop, 1, "EUR"))).toMatchObject({ details: { remainder: 0 } });
  });

  test("a refused transfer counts nothing, and spends its id", async () => {
    const { account } = await bank.holder("EUR", house, 10);
    const rule = await limit({ subject: account, maxAmount: 100 });
    const id = crypto.randomUUID();
    const body = { id, debit: account, credit: shop, amount: 101, currency: "EUR" };
    expect(refusalOf(await bank.call("transfers.create", { body })).type).toBe("limit_exceeded");
    expect(refusalOf(await bank.call("transfers.create", { body }))).toMatchObject({
      type: "id_already_failed",
      details: { reason: "limit_exceeded" },
    });
    // Within the limit, and not there.
    expect(refusalOf(await bank.pay(account, shop, 11, "EUR")).type).toBe("insufficient_funds");
    expect(await used(rule, account)).toMatchObject({ amount: 0, count: 0 });
  });

  test("the next day begins at nothing", async () => {
    const { account } = await bank.holder("EUR", house, 1_000);
    const rule = await limit({ subject: account, maxAmount: 100, maxCount: 1 });
    dataOf(await bank.pay(account, shop, 50, "EUR"));
    expect(refusalOf(await bank.pay(account, shop, 50, "EUR"))).toMatchObject({ details: { remainingCount: 0 } });
    const resetsAt = Date.parse(String((await used(rule, account))["resetsAt"]));
    const shift = resetsAt - Date.now();
    try {
      bank.shiftClock(shift + 1_000);
      expect(await used(rule, account)).toMatchObject({ amount: 0, remainingAmount: 100, remainingCount: 1 });
      dataOf(await bank.pay(account, shop, 100, "EUR"));
      // A clock that steps back before midnight forgets nothing.
      bank.shiftClock(shift - hour);
      expect(refusalOf(await bank.pay(account, shop, 1, "EUR")).type).toBe("limit_exceeded");
    } finally {
      bank.shiftClock(shift - 12 * hour);
    }
  });

  test("SECURITY 36: 200 calls at once never spend more than the limit", async () => {
    const { account } = await bank.holder("EUR", house, 100_000);
    const rule = await limit({ subject: account, maxAmount: 1_000 });
    const results = await Promise.all(Array.from({ length: 200 }, () => bank.pay(account, shop, 7, "EUR")));
    expect(results.filter(({ ok }) => ok).length).toBe(142);
    expect(new Set(results.filter(({ ok }) => !ok).map((result) => refusalOf(result).type))).toEqual(new Set(["limit_exceeded"]));
    expect(await used(rule, account)).toMatchObject({ amount: 994, count: 142, remainingAmount: 6 });
    expect(await bank.account(account)).toMatchObject({ balance: 100_000 - 994 });
  });

  test("a limit of the customer counts all of their accounts", async () => {
    const { account, customer } = await bank.holder("EUR", house, 1_000);
    const second = String(
      dataOf(await bank.call("accounts.create", { body: { customer, name: "Second", currency: "EUR" } })).data["id"],
    );
    dataOf(await bank.pay(house, second, 1_000, "EUR"));
    const rule = await limit({ scope: "customer", subject: customer, maxAmount: 100 });
    dataOf(await bank.pay(account, shop, 60, "EUR"));
    expect(refusalOf(await bank.pay(second, shop, 41, "EUR"))).toMatchObject({ details: { rule, remainder: 40 } });
    dataOf(await bank.pay(second, shop, 40, "EUR"));
  });

  test("a limit on what arrives", async () => {
    const { account } = await bank.holder("EUR", house, 0);
    await limit({ subject: account, direction: "credit", maxAmount: 100 });
    dataOf(await bank.pay(house, account, 100, "EUR"));
    expect(refusalOf(await bank.pay(house, account, 1, "EUR")).type).toBe("limit_exceeded");
    dataOf(await bank.pay(account, shop, 100, "EUR"));
  });

  test("the legs of a transaction are counted one after the other, all or none", async () => {
    const { account } = await bank.holder("EUR", house, 1_000);
    const rule = await limit({ subject: account, maxAmount: 100 });
    const leg = (amount: number) => ({ debit: account, credit: shop, amount, currency: "EUR" });
    const post = (...amounts: number[]) => bank.call("transactions.create", { body: { legs: amounts.map(leg) } });
    expect(refusalOf(await post(40, 40, 40))).toMatchObject({
      type: "linked_failed",
      details: { leg: 2, reason: "limit_exceeded", remainder: 20 },
    });
    expect(await used(rule, account)).toMatchObject({ amount: 0, count: 0 });
    dataOf(await post(40, 40, 20));
    expect(await used(rule, account)).toMatchObject({ amount: 100, count: 3 });
  });

  test("a hold counts when it is authorized, and what it does not use is given back", async () => {
    const { account } = await bank.holder("EUR", house, 1_000);
    const rule = await limit({ subject: account, maxAmount: 100 });
    const first = await hold(account, 70);
    expect(refusalOf(await bank.pay(account, shop, 31, "EUR"))).toMatchObject({ details: { remainder: 30 } });
    dataOf(await bank.call("holds.increment", { id: first, body: { amount: 30 } }));
    expect(refusalOf(await bank.call("holds.increment", { id: first, body: { amount: 1 } })).type).toBe("limit_exceeded");
    expect(await used(rule, account)).toMatchObject({ amount: 100, count: 1 });
    dataOf(await bank.call("holds.capture", { id: first, body: { amount: 40 } }));
    expect(await used(rule, account)).toMatchObject({ amount: 40, count: 1 });
    const second = await hold(account, 60);
    dataOf(await bank.call("holds.void", { id: second }));
    expect(await used(rule, account)).toMatchObject({ amount: 40, count: 1 });
    const third = await hold(account, 60);
    dataOf(await bank.call("holds.capture", { id: third, body: { amount: 10, final: false } }));
    dataOf(await bank.call("holds.void", { id: third }));
    expect(await used(rule, account)).toMatchObject({ amount: 50, count: 2 });
  });

  test("what expires is given back to the window it was counted in, and to no later one", async () => {
    const { account } = await bank.holder("EUR", house, 1_000);
    const month = await limit({ subject: account, window: "month", maxAmount: 1_000 });
    const daily = await limit({ subject: account, window: "day", maxAmount: 1_000 });
    const now = Date.now();
    const at = Date.parse(String((await used(daily, account))["windowStart"])) + 12 * hour;
    const monthEnds = Date.parse(String((await used(month, account))["resetsAt"]));
    try {
      // Two days before a month's end there is room for tomorrow within the same month.
      const start = monthEnds - at > 3 * day ? at : monthEnds + 12 * hour;
      bank.shiftClock(start - now);
      const body = {
        debit: account,
        credit: shop,
        amount: 300,
        currency: "EUR",
        expiresAt: new Date(start + day).toISOString(),
      };
      dataOf(await bank.call("holds.create", { body }));
      expect([await used(month, account), await used(daily, account)]).toMatchObject([{ amount: 300 }, { amount: 300 }]);
      bank.shiftClock(start - now + day + hour);
      dataOf(await bank.pay(account, shop, 5, "EUR"));
      expect([await used(month, account), await used(daily, account)]).toMatchObject([
        { amount: 5, count: 1 },
        { amount: 5, count: 1 },
      ]);
    } finally {
      bank.shiftClock(at - now);
    }
  });

  test("a tier's excess asks for verification; a better known customer is free of it", async () => {
    const { account, customer } = await bank.holder("EUR", house, 1_000);
    const none = await limit({ scope: "customer", subject: customer, tier: "none", maxAmount: 100 });
    const basic = await limit({ scope: "customer", subject: customer, tier: "basic", maxAmount: 500 });
    const overall = await limit({ scope: "customer", subject: customer, maxAmount: 1_000 });
    expect(refusalOf(await bank.pay(account, shop, 101, "EUR"))).toMatchObject({
      status: 403,
      type: "kyc_required",
      details: { rule: none, tier: "none", remainder: 100 },
    });
    dataOf(await bank.pay(account, shop, 100, "EUR"));
    await identify(bank, customer);
    dataOf(await bank.pay(account, shop, 101, "EUR"));
    // Each tier counts what was done in it.
    expect(refusalOf(await bank.pay(account, shop, 400, "EUR"))).toMatchObject({
      status: 403,
      type: "kyc_required",
      details: { rule: basic, tier: "basic", remainder: 399 },
    });
    // Beyond both limits, that of the tier is told: it comes first.
    expect(refusalOf(await bank.pay(account, shop, 900, "EUR"))).toMatchObject({ details: { rule: basic } });
    expect(await used(overall, customer)).toMatchObject({ amount: 201, count: 2 });
  });

  test("a limit of every merchant counts what their receivable accounts are paid", async () => {
    const { customer, account } = await bank.holder("EUR", house, 0);
    await identify(bank, customer);
    const body = { customer, account, name: "Corner Bakery", payoutAccount: "MT84MALT011000012345MTLCAST001S" };
    const merchant = dataOf(await bank.call("merchants.onboard", { body })).data;
    dataOf(await bank.call("merchants.activate", { as: checker, id: String(merchant["id"]) }));
    const payer = await bank.holder("EUR", house, 1_000);
    const rule = await limit({ scope: "merchant", maxCount: 2 });
    const receivable = String(merchant["receivable"]);
    dataOf(await bank.pay(payer.account, receivable, 10, "EUR"));
    dataOf(await bank.pay(house, receivable, 10, "EUR"));
    expect(refusalOf(await bank.pay(payer.account, receivable, 10, "EUR"))).toMatchObject({
      type: "limit_exceeded",
      details: { rule, remainingCount: 0 },
    });
    dataOf(await bank.pay(payer.account, account, 10, "EUR"));
    expect(await used(rule, receivable)).toMatchObject({ amount: 20, count: 2 });
  });

  test("what is reserved for a deal counts too, and is given back when it comes to nothing", async () => {
    const borrower = await bank.holder("EUR", house, 0);
    const { account } = await bank.holder("EUR", house, 1_000);
    const rule = await limit({ subject: account, maxAmount: 100 });
    const { windowStart } = await used(rule, account);
    const noon = Date.parse(String(windowStart)) + 12 * hour;
    const terms = {
      title: "A second oven",
      account: borrower.account,
      target: 1_000,
      minInvestment: 50,
      rateBasisPoints: 100,
      termMonths: 1,
      fee: 0,
      closesAt: new Date(noon + 5 * day).toISOString(),
    };
    const deal = String(dataOf(await bank.call("deals.create", { body: terms })).data["id"]);
    const invest = (amount: number) => bank.call("deals.invest", { id: deal, body: { account, amount } });
    expect(refusalOf(await invest(101))).toMatchObject({ type: "limit_exceeded", details: { remainder: 100 } });
    dataOf(await invest(100));
    expect(await used(rule, account)).toMatchObject({ amount: 100, count: 1 });
    dataOf(await bank.call("deals.cancel", { as: checker, id: deal, body: { reason: "No demand" } }));
    expect(await used(rule, account)).toMatchObject({ amount: 0, count: 0 });
  });

  test("changed, switched off; and what the bank does itself is not counted", async () => {
    const { account } = await bank.holder("EUR", house, 1_000);
    const rule = await limit({ subject: account, maxAmount: 10 });
    dataOf(
      await bank.call("transfers.create", {
        body: { debit: account, credit: house, amount: 200, currency: "EUR", kind: "fee" },
      }),
    );
    expect(refusalOf(await bank.pay(account, shop, 11, "EUR")).type).toBe("limit_exceeded");
    await change(rule, { maxAmount: 20 });
    dataOf(await bank.pay(account, shop, 11, "EUR"));
    await change(rule, { enabled: false });
    dataOf(await bank.pay(account, shop, 500, "EUR"));
    expect(await used(rule, account)).toMatchObject({ amount: 11 });
    await change(rule, { enabled: true });
    expect(refusalOf(await bank.pay(account, shop, 10, "EUR"))).toMatchObject({ details: { remainder: 9 } });
  });

  test("every account, each for itself, and not the bank's own", async () => {
    const rule = await limit({ currency: "GBP", maxAmount: 100 });
    const pounds = await bank.house("GBP");
    // The test's source of money is a customer's account as well.
    expect(refusalOf(await bank.pay(pounds, shop, 101, "GBP")).type).toBe("asset_mismatch");
    const one = await bank.holder("GBP", pounds, 100);
    expect(refusalOf(await bank.pay(pounds, one.account, 1, "GBP")).type).toBe("limit_exceeded");
    dataOf(await bank.pay(one.account, pounds, 100, "GBP"));
    await change(rule, { enabled: false });
  });

  const wrong: [string, object, number, string][] = [
    ["without a limit", {}, 422, "no_limit_given"],
    ["of a rule that is not there", { rule: "lir_01JD3Q8Z5T7N9V1X3B5D7F9H1K", maxAmount: 1 }, 404, "limit_rule_not_found"],
    ["for nobody", { subject: "acc_01JD3Q8Z5T7N9V1X3B5D7F9H1K", maxAmount: 1 }, 404, "limit_subject_not_found"],
    ["for no customer", { scope: "customer", subject: "nobody", maxAmount: 1 }, 404, "limit_subject_not_found"],
    ["of merchants of a tier", { scope: "merchant", tier: "basic", maxAmount: 1 }, 422, "no_tier_of_merchants"],
    ["of a negative amount", { maxAmount: -1 }, 422, "invalid"],
    ["of a fraction", { maxAmount: 1.5 }, 422, "invalid"],
    ["of no known window", { window: "year", maxAmount: 1 }, 422, "invalid"],
  ];
  test.each(wrong)("refuses a rule %s", async (_, terms, status, type) => {
    const body = { name: "Wrong", scope: "account", window: "day", ...terms };
    const refusal = refusalOf(await bank.call("limitRules.set", { as: maker, body }));
    expect(refusal.status).toBe(status);
    if (type !== "invalid") expect(refusal.type).toBe(type);
  });

  test("who may see and set rules", async () => {
    const { customer } = await bank.holder("EUR", house, 0);
    const as = bank.customer(customer);
    const body = { name: "Mine", scope: "account", window: "day", maxAmount: 1 };
    expect(refusalOf(await bank.call("limitRules.list", { as })).status).toBe(403);
    expect(refusalOf(await bank.call("limitRules.set", { as, body })).status).toBe(403);
    expect(refusalOf(await bank.call("limitRules.set", { as: bank.auditor, body })).status).toBe(403);
    expect(rowsOf(await bank.call("limitRules.list", { as: bank.auditor })).length).toBeGreaterThan(0);
    expect([...bank.contract.operations.keys()].filter((name) => name.startsWith("limitUsage"))).toEqual([]);
  });

  test("the books agree", async () => {
    expect(await bank.verify()).toMatchObject({ ok: true });
  });
});
