/** Fraud rules: what they let pass, decline or put to approval, what they note, and what a backtest says. On both engines. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { testDatabases } from "../postgres/index.ts";
import { type Bank, type Caller, type Data, dataOf, openBank, refusalOf, rowsOf } from "./bank.ts";

const minute = 60_000;
const day = 86_400_000;

describe.each(testDatabases())("$engine", ({ create }) => {
  let bank: Bank;
  let supervisor: Caller;
  let checker: Caller;
  let house: string;
  let shop: string;

  beforeAll(async () => {
    bank = await openBank(await create());
    supervisor = { ...bank.teller, user: "ann", roles: ["supervisor"] };
    checker = { ...bank.teller, user: "bob", roles: ["supervisor"] };
    house = await bank.house("EUR");
    shop = (await bank.holder("EUR", house, 0)).account;
  });
  afterAll(() => bank[Symbol.asyncDispose]());

  /** A rule that is live while `during` runs; `amount` is what only this test moves. */
  const withRule = async (terms: object, during: (rule: string) => Promise<void>): Promise<void> => {
    const body = { name: "Test", order: 10, mode: "live", action: "decline", ...terms };
    const id = String(dataOf(await bank.call("fraudRules.create", { as: supervisor, body })).data["id"]);
    try {
      await during(id);
    } finally {
      dataOf(await bank.call("fraudRules.update", { as: supervisor, id, body: { mode: "off" } }));
    }
  };
  const decisions = async (rule: string): Promise<Data[]> =>
    rowsOf(
      await bank.call("fraudDecisions.list", {
        as: supervisor,
        query: { filters: [{ path: "rule", op: "eq", values: [rule], as: "rule" }], sortBy: ["createdAt.asc"] },
      }),
    );
  const list = async (name: string, subject: string): Promise<void> =>
    void dataOf(await bank.call("fraudListEntries.create", { as: supervisor, body: { list: name, subject } }));
  const approve = (approval: unknown) => bank.call("approvals.approve", { as: checker, id: String(approval), body: {} });
  const balance = async (account: string) => (await bank.account(account))["balance"];

  test("declines, notes it, and nothing moves; the id is spent", async () => {
    const { account } = await bank.holder("EUR", house, 1_000);
    await withRule({ minAmount: 500 }, async (rule) => {
      const id = crypto.randomUUID();
      const body = { id, debit: account, credit: shop, amount: 500, currency: "EUR" };
      expect(refusalOf(await bank.call("transfers.create", { body }))).toMatchObject({
        status: 422,
        type: "fraud_declined",
        details: { rule },
      });
      expect(refusalOf(await bank.call("transfers.create", { body })).type).toBe("id_already_failed");
      expect(refusalOf(await bank.pay(account, shop, 501, "EUR")).type).toBe("fraud_declined");
      dataOf(await bank.pay(account, shop, 499, "EUR"));
      expect(await decisions(rule)).toMatchObject([
        { mode: "live", action: "decline", movement: null, debit: account, credit: shop, amount: 500, kind: "payment" },
        { movement: null, amount: 501 },
      ]);
    });
    expect(await balance(account)).toBe(501);
    dataOf(await bank.pay(account, shop, 500, "EUR"));
  });

  test("a shadow rule notes what it would have done, with the transfer that was made", async () => {
    const { account } = await bank.holder("EUR", house, 1_000);
    await withRule({ minAmount: 500, mode: "shadow", action: "review" }, async (rule) => {
      const paid = dataOf(await bank.pay(account, shop, 600, "EUR")).data;
      expect(await decisions(rule)).toMatchObject([{ mode: "shadow", action: "review", movement: paid["id"], amount: 600 }]);
      expect(refusalOf(await bank.pay(account, shop, 600, "EUR")).type).toBe("insufficient_funds");
      expect((await decisions(rule)).length).toBe(1);
    });
  });

  test("the first live match decides, and allow stops", async () => {
    const { account } = await bank.holder("EUR", house, 1_000);
    await withRule({ minAmount: 100, order: 20 }, async () => {
      await list("allow", account);
      await withRule({ list: "allow", order: 5, action: "allow" }, async (allow) => {
        dataOf(await bank.pay(account, shop, 100, "EUR"));
        expect(await decisions(allow)).toMatchObject([{ action: "allow" }]);
      });
      expect(refusalOf(await bank.pay(account, shop, 100, "EUR")).type).toBe("fraud_declined");
    });
  });

  test("lists: by account and by owner, on either side", async () => {
    const blocked = await bank.holder("EUR", house, 100);
    const other = await bank.holder("EUR", house, 100);
    await withRule({ list: "block" }, async () => {
      dataOf(await bank.pay(blocked.account, other.account, 1, "EUR"));
      await list("block", blocked.customer);
      expect(refusalOf(await bank.pay(blocked.account, other.account, 1, "EUR")).type).toBe("fraud_declined");
      expect(refusalOf(await bank.pay(other.account, blocked.account, 1, "EUR")).type).toBe("fraud_declined");
      dataOf(await bank.pay(other.account, shop, 1, "EUR"));
      await list("block", shop);
      expect(refusalOf(await bank.pay(other.account, shop, 1, "EUR")).type).toBe("fraud_declined");
    });
    const again = { list: "block", subject: shop };
    expect(refusalOf(await bank.call("fraudListEntries.create", { as: supervisor, body: again })).type).toBe("already_listed");
    const entries = rowsOf(await bank.call("fraudListEntries.list", { as: supervisor }));
    for (const { id, list: name } of entries)
      if (name === "block") await bank.call("fraudListEntries.delete", { as: supervisor, id: String(id) });
    await withRule({ list: "block" }, async () => void dataOf(await bank.pay(other.account, shop, 1, "EUR")));
  });

  test("countries of the owners", async () => {
    const { account } = await bank.holder("EUR", house, 100);
    const customer = await bank.person({ country: "DE" });
    const german = String(
      dataOf(await bank.call("accounts.create", { body: { customer, name: "German", currency: "EUR" } })).data["id"],
    );
    await withRule({ creditCountries: ["DE", "FR"] }, async () => {
      expect(refusalOf(await bank.pay(account, german, 1, "EUR")).type).toBe("fraud_declined");
      dataOf(await bank.pay(account, shop, 1, "EUR"));
    });
    await withRule({ debitCountries: ["DE"] }, async () => {
      dataOf(await bank.pay(account, german, 1, "EUR"));
      expect(refusalOf(await bank.pay(german, account, 1, "EUR")).type).toBe("fraud_declined");
    });
  });

  test("young accounts grow old", async () => {
    const { account } = await bank.holder("EUR", house, 1_000);
    await withRule({ newAccountDays: 30, minAmount: 500 }, async () => {
      expect(refusalOf(await bank.pay(account, shop, 500, "EUR")).type).toBe("fraud_declined");
      try {
        bank.shiftClock(31 * day);
        dataOf(await bank.pay(account, shop, 500, "EUR"));
      } finally {
        bank.shiftClock(0);
      }
    });
  });

  test("velocity: so many within so long, exactly, also of 50 at once", async () => {
    const { account } = await bank.holder("EUR", house, 10_000);
    const other = await bank.holder("EUR", house, 10_000);
    await withRule({ velocityCount: 3, velocityMinutes: 10, minAmount: 20 }, async (rule) => {
      const results = await Promise.all(Array.from({ length: 50 }, () => bank.pay(account, shop, 20, "EUR")));
      expect(results.filter(({ ok }) => ok).length).toBe(3);
      // What the rule does not watch for is not counted, and neither are others.
      dataOf(await bank.pay(account, shop, 19, "EUR"));
      dataOf(await bank.pay(other.account, shop, 20, "EUR"));
      expect((await decisions(rule)).length).toBeGreaterThan(0);
      try {
        bank.shiftClock(10 * minute + 5_000);
        dataOf(await bank.pay(account, shop, 20, "EUR"));
        bank.shiftClock(15 * minute);
        for (let count = 0; count < 2; count++) dataOf(await bank.pay(account, shop, 20, "EUR"));
        expect(refusalOf(await bank.pay(account, shop, 20, "EUR")).type).toBe("fraud_declined");
      } finally {
        bank.shiftClock(0);
      }
    });
  });

  describe("review", () => {
    test("waits for a supervisor, then is posted under the id that was told", async () => {
      const { account, customer } = await bank.holder("EUR", house, 1_000);
      const as = bank.customer(customer);
      await withRule({ minAmount: 700, action: "review" }, async (rule) => {
        const id = crypto.randomUUID();
        const body = { id, debit: account, credit: shop, amount: 700, currency: "EUR", reference: "Car" };
        const first = refusalOf(await bank.call("transfers.create", { as, body }));
        expect(first).toMatchObject({ status: 202, type: "review_required" });
        const approval = first.details?.["approval"];
        expect(await balance(account)).toBe(1_000);
        // Asking again says the same and asks for nothing more.
        expect(refusalOf(await bank.call("transfers.create", { as, body })).details).toMatchObject({ approval });
        expect(await decisions(rule)).toMatchObject([{ action: "review", movement: null, approval }]);
        expect(dataOf(await approve(approval)).data).toMatchObject({ status: "approved" });
        expect(await balance(account)).toBe(300);
        const again = dataOf(await bank.call("transfers.create", { as, body }));
        expect(again).toMatchObject({ status: 200, replayed: true, data: { amount: 700, reference: "Car" } });
        expect(refusalOf(await approve(approval)).type).toBe("approval_decided");
        expect(await balance(account)).toBe(300);
      });
    });

    test("without an id of the client: the one it will have is told", async () => {
      const { account } = await bank.holder("EUR", house, 1_000);
      await withRule({ minAmount: 700, action: "review" }, async () => {
        const { details } = refusalOf(await bank.pay(account, shop, 700, "EUR"));
        dataOf(await approve(details?.["approval"]));
        const posted = dataOf(await bank.call("transfers.get", { id: String(details?.["transfer"]) }));
        expect(posted.data).toMatchObject({ debit: account, amount: 700 });
      });
    });

    test("rejected: nothing moves, and the id is spent", async () => {
      const { account } = await bank.holder("EUR", house, 1_000);
      await withRule({ minAmount: 700, action: "review" }, async () => {
        const body = { id: crypto.randomUUID(), debit: account, credit: shop, amount: 700, currency: "EUR" };
        const { details } = refusalOf(await bank.call("transfers.create", { body }));
        const id = String(details?.["approval"]);
        dataOf(await bank.call("approvals.reject", { as: checker, id, body: { reason: "Not known to the customer" } }));
        expect(refusalOf(await bank.call("transfers.create", { body }))).toMatchObject({
          type: "id_already_failed",
          details: { reason: "review_rejected" },
        });
        expect(await balance(account)).toBe(1_000);
      });
    });

    test("is held to limits and funds when it is approved, not to the rule again", async () => {
      const { account } = await bank.holder("EUR", house, 1_000);
      await withRule({ minAmount: 700, action: "review" }, async () => {
        const { details } = refusalOf(await bank.pay(account, shop, 700, "EUR"));
        dataOf(await bank.pay(account, shop, 400, "EUR"));
        expect(refusalOf(await approve(details?.["approval"]))).toMatchObject({
          type: "action_refused",
          details: { refusal: "insufficient_funds" },
        });
        dataOf(await bank.pay(house, account, 100, "EUR"));
        const rule = { name: "Test", scope: "account", subject: account, window: "day", maxAmount: 1_099 };
        const asked = dataOf(await bank.call("limitRules.set", { as: supervisor, body: rule }));
        const limit = (dataOf(await approve(asked.data["approval"])).data["result"] as Data)["rule"];
        dataOf(await bank.pay(account, house, 400, "EUR"));
        dataOf(await bank.pay(house, account, 400, "EUR"));
        expect(refusalOf(await approve(details?.["approval"]))).toMatchObject({
          type: "action_refused",
          details: { refusal: "limit_exceeded" },
        });
        const {
          id: _,
          version: _version,
          createdAt: _at,
          ...known
        } = dataOf(await bank.call("limitRules.get", { id: String(limit) })).data;
        const raised = await bank.call("limitRules.set", {
          as: supervisor,
          body: { ...known, rule: limit, maxAmount: 1_100 },
        });
        dataOf(await approve(dataOf(raised).data["approval"]));
        dataOf(await approve(details?.["approval"]));
        expect(await balance(account)).toBe(0);
        const used = dataOf(
          await bank.call("limitRules.utilization", { id: String(limit), body: { subject: account, currency: "EUR" } }),
        );
        expect(used.data).toMatchObject({ amount: 1_100, remainingAmount: 0 });
      });
    });
  });

  test("holds and transactions are declined where a transfer would be reviewed", async () => {
    const { account } = await bank.holder("EUR", house, 1_000);
    await withRule({ minAmount: 700, action: "review" }, async (rule) => {
      const leg = (amount: number) => ({ debit: account, credit: shop, amount, currency: "EUR" });
      expect(refusalOf(await bank.call("holds.create", { body: leg(700) })).type).toBe("fraud_declined");
      expect(refusalOf(await bank.call("transactions.create", { body: { legs: [leg(1), leg(700)] } }))).toMatchObject({
        type: "linked_failed",
        details: { leg: 1, reason: "review_required" },
      });
      const hold = dataOf(await bank.call("holds.create", { body: leg(10) })).data;
      expect(refusalOf(await bank.call("holds.increment", { id: String(hold["id"]), body: { amount: 700 } })).type).toBe(
        "fraud_declined",
      );
      expect(await decisions(rule)).toMatchObject([{ amount: 700 }, { amount: 700 }, { amount: 700 }]);
    });
    expect(await balance(account)).toBe(1_000);
  });

  test("a trial without effect notes nothing", async () => {
    const { account } = await bank.holder("EUR", house, 1_000);
    await withRule({ minAmount: 700 }, async (rule) => {
      const body = { debit: account, credit: shop, amount: 700, currency: "EUR" };
      expect(dataOf(await bank.call("transfers.dryRun", { body })).data["outcome"]).toBe("fraud_declined");
      expect(await decisions(rule)).toEqual([]);
    });
  });

  test("what the bank does of its own accord is not judged", async () => {
    const { account } = await bank.holder("EUR", house, 1_000);
    await withRule({ minAmount: 1 }, async () => {
      const body = { debit: account, credit: house, amount: 500, currency: "EUR", kind: "fee" };
      dataOf(await bank.call("transfers.create", { body }));
    });
  });

  describe("backtest", () => {
    const tryOut = (conditions: object, range: object = {}) =>
      bank.call("fraudRules.backtestDraft", { as: supervisor, body: { conditions, ...range } });
    const firstSeq = async () => {
      const [last] = rowsOf(await bank.call("transfers.list", { query: { sortBy: ["seq.desc"] } }));
      return Number(last?.["seq"]) + 1;
    };

    test("says what a rule would have matched, and changes nothing", async () => {
      const { account } = await bank.holder("EUR", house, 100_000);
      const fromSeq = await firstSeq();
      const paid: unknown[] = [];
      for (const amount of [10, 5_000, 20, 6_000]) paid.push(dataOf(await bank.pay(account, shop, amount, "EUR")).data["id"]);
      const hold = { debit: account, credit: shop, amount: 7_000, currency: "EUR" };
      dataOf(await bank.call("holds.create", { body: hold }));
      const found = dataOf(await tryOut({ minAmount: 5_000 }, { fromSeq })).data;
      expect(found).toMatchObject({
        fromSeq,
        throughSeq: fromSeq + 4,
        more: false,
        examined: 5,
        matched: 3,
        amounts: [{ currency: "EUR", matched: 3, amount: 18_000 }],
      });
      expect((found["samples"] as unknown[]).slice(0, 2)).toEqual([paid[1], paid[3]]);
      expect(dataOf(await tryOut({ minAmount: 5_000 }, { fromSeq, toSeq: fromSeq + 1 })).data).toMatchObject({
        examined: 2,
        matched: 1,
        more: false,
      });
      expect(dataOf(await tryOut({ minAmount: 5_000, currency: "USD" }, { fromSeq })).data).toMatchObject({
        matched: 0,
        amounts: [],
      });
    });

    test("agrees with the rule in shadow mode, velocity, lists and countries among its conditions", async () => {
      const customer = await bank.person({ country: "FR" });
      const account = String(
        dataOf(await bank.call("accounts.create", { body: { customer, name: "French", currency: "EUR" } })).data["id"],
      );
      dataOf(await bank.pay(house, account, 100_000, "EUR"));
      await list("watch", customer);
      const conditions = { debitCountries: ["FR"], list: "watch", newAccountDays: 2, velocityCount: 2, velocityMinutes: 60 };
      await withRule({ mode: "shadow", ...conditions }, async (rule) => {
        const fromSeq = await firstSeq();
        for (let count = 0; count < 5; count++) dataOf(await bank.pay(account, shop, 100 + count, "EUR"));
        dataOf(await bank.pay(shop, account, 1, "EUR"));
        const noted = await decisions(rule);
        expect(noted.length).toBe(3);
        const own = dataOf(await bank.call("fraudRules.backtest", { as: bank.auditor, id: rule, body: { fromSeq } })).data;
        const draft = dataOf(await tryOut(conditions, { fromSeq })).data;
        expect(own).toEqual(draft);
        expect(own).toMatchObject({ examined: 6, matched: 3 });
        expect(own["samples"]).toEqual(noted.map(({ movement }) => movement));
      });
    });

    test("reads long ranges in parts", async () => {
      const { account } = await bank.holder("EUR", house, 10_000);
      const fromSeq = await firstSeq();
      const bodies = Array.from({ length: 4_500 }, () => ({
        body: { debit: account, credit: shop, amount: 1, currency: "EUR" },
      }));
      const results = await bank.batch("transfers.create", bodies);
      expect(results.every(({ ok }) => ok)).toBe(true);
      expect(dataOf(await tryOut({ kinds: ["payment"] }, { fromSeq })).data).toMatchObject({
        examined: 4_500,
        matched: 4_500,
        throughSeq: fromSeq + 4_499,
        more: false,
        amounts: [{ currency: "EUR", matched: 4_500, amount: 4_500 }],
      });
    });

    test("an empty range", async () => {
      expect(dataOf(await tryOut({}, { fromSeq: 1_000_000 })).data).toMatchObject({ examined: 0, matched: 0, more: false });
    });
  });

  test("who may see, write and try rules", async () => {
    const { customer } = await bank.holder("EUR", house, 0);
    const body = { name: "Mine", order: 1, action: "allow" };
    for (const as of [bank.customer(customer), bank.teller]) {
      for (const name of ["fraudRules.list", "fraudListEntries.list", "fraudDecisions.list"])
        expect(refusalOf(await bank.call(name, { as })).status).toBe(403);
      expect(refusalOf(await bank.call("fraudRules.create", { as, body })).status).toBe(403);
    }
    expect(refusalOf(await bank.call("fraudRules.create", { as: bank.auditor, body })).status).toBe(403);
    expect(bank.contract.operations.has("fraudRules.delete")).toBe(false);
    expect([...bank.contract.operations.keys()].filter((name) => name.startsWith("fraudVelocity"))).toEqual([]);
  });

  test("half a velocity is refused, however it is written", async () => {
    const body = { name: "Half", order: 1, action: "decline", velocityCount: 3 };
    expect(refusalOf(await bank.call("fraudRules.create", { as: supervisor, body })).type).toBe("half_a_velocity");
    expect(
      refusalOf(await bank.call("fraudRules.backtestDraft", { as: supervisor, body: { conditions: { velocityCount: 3 } } })).type,
    ).toBe("half_a_velocity");
    await withRule({ velocityCount: 3, velocityMinutes: 5, mode: "shadow" }, async (id) => {
      const changed = await bank.call("fraudRules.update", { as: supervisor, id, body: { velocityMinutes: null } });
      expect(refusalOf(changed).type).toBe("half_a_velocity");
    });
  });

  test("the books agree", async () => {
    expect(await bank.verify()).toMatchObject({ ok: true });
  });
});
