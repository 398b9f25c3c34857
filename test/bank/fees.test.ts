/** Fees: a leg of the same transaction, or nothing is posted. On both engines. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { houseAccountId } from "../../services/bank/house.ts";
import { testDatabases } from "../postgres/index.ts";
import { audit } from "./audit.ts";
import { type Bank, type CallOptions, type Data, dataOf, openBank, refusalOf, rowsOf } from "./bank.ts";

const day = 86_400_000;

describe.each(testDatabases())("$engine", ({ create }) => {
  let bank: Bank;
  let house: string;
  let shop: string;
  let supervisor: NonNullable<CallOptions["as"]>;

  beforeAll(async () => {
    bank = await openBank(await create());
    supervisor = { ...bank.teller, user: "supervisor", roles: ["supervisor"] };
    house = await bank.house("EUR");
    shop = (await bank.holder("EUR", house, 0)).account;
  });
  afterAll(() => bank[Symbol.asyncDispose]());

  const set = (body: object) =>
    bank.call("feeSchedules.create", {
      as: supervisor,
      body: { name: "Withdrawal fee", kind: "withdrawal", currency: "EUR", ...body },
    });
  const disable = async (id: unknown) =>
    dataOf(await bank.call("feeSchedules.update", { as: supervisor, id: String(id), body: { enabled: false } }));
  /** Does something while a schedule counts, which is disabled at the end. */
  const under = async (body: object, work: (schedule: Data) => Promise<void>): Promise<void> => {
    const schedule = dataOf(await set(body)).data;
    try {
      await work(schedule);
    } finally {
      await disable(schedule["id"]);
    }
  };
  const withdraw = (debit: string, amount: number, more: object = {}) =>
    bank.call("transfers.create", { body: { debit, credit: shop, amount, currency: "EUR", kind: "withdrawal", ...more } });
  const balance = async (id: string) => Number((await bank.account(id))["balance"]);
  const fees = async (): Promise<number> => {
    const found = await bank.call("accounts.get", { id: houseAccountId("fees", "EUR") });
    return found.ok ? Number(dataOf(found).data["balance"]) : 0;
  };
  const legsOf = async (transaction: unknown): Promise<Data[]> =>
    rowsOf(
      await bank.call("transfers.list", {
        query: {
          filters: [{ path: "transaction", op: "eq", values: [String(transaction)], as: "transaction" }],
          sortBy: ["seq.asc"],
        },
      }),
    );

  test("without a schedule nothing is charged and no transaction made", async () => {
    const { account } = await bank.holder("EUR", house, 100);
    expect(dataOf(await withdraw(account, 100)).data).toMatchObject({ amount: 100, transaction: null });
    expect(await balance(account)).toBe(0);
  });

  test("the payer pays amount and fee in one transaction", async () => {
    await under({ fixed: 35, basisPoints: 50 }, async () => {
      const { account } = await bank.holder("EUR", house, 10_085);
      const before = await fees();
      const { status, data } = dataOf(await withdraw(account, 10_000));
      expect(status).toBe(201);
      expect(data).toMatchObject({ amount: 10_000, kind: "withdrawal", debit: account, credit: shop });
      const legs = await legsOf(data["transaction"]);
      expect(
        legs.map(({ id, debit, credit, amount, kind, reference }) => [id === data["id"], debit, credit, amount, kind, reference]),
      ).toEqual([
        [true, account, shop, 10_000, "withdrawal", null],
        [false, account, houseAccountId("fees", "EUR"), 85, "fee", "Withdrawal fee"],
      ]);
      expect(await balance(account)).toBe(0);
      expect(await fees()).toBe(before + 85);
    });
  });

  test("funds for the amount but not for the fee: neither is posted, and the id is spent", async () => {
    await under({ fixed: 35 }, async () => {
      const { account } = await bank.holder("EUR", house, 100);
      const before = [await fees(), await balance(shop)];
      const id = crypto.randomUUID();
      expect(refusalOf(await withdraw(account, 66, { id }))).toMatchObject({ status: 422, type: "insufficient_funds" });
      expect([await fees(), await balance(shop)]).toEqual(before);
      expect(await balance(account)).toBe(100);
      expect(refusalOf(await withdraw(account, 1, { id }))).toMatchObject({
        type: "id_already_failed",
        details: { reason: "insufficient_funds" },
      });
      dataOf(await withdraw(account, 65));
      expect(await balance(account)).toBe(0);
    });
  });

  test("repeated with its id it is charged once", async () => {
    await under({ fixed: 10 }, async () => {
      const { account } = await bank.holder("EUR", house, 100);
      const id = crypto.randomUUID();
      const first = dataOf(await withdraw(account, 20, { id }));
      expect(dataOf(await withdraw(account, 20, { id }))).toMatchObject({ replayed: true, data: first.data });
      expect(await balance(account)).toBe(70);
    });
  });

  test("the credited side may be the one that pays, out of what it gets", async () => {
    await under({ kind: "deposit", payer: "credit", basisPoints: 100 }, async () => {
      const { account } = await bank.holder("EUR", house, 0);
      const body = { debit: house, credit: account, amount: 1_050, currency: "EUR", kind: "deposit" };
      dataOf(await bank.call("transfers.create", { body }));
      // 1 % of 10.50 is 10.5 cents: half a cent counts as one.
      expect(await balance(account)).toBe(1_039);
    });
  });

  test("two withdrawals at once share what is there, fees included", async () => {
    await under({ fixed: 10 }, async () => {
      const { account } = await bank.holder("EUR", house, 100);
      const results = await Promise.all(Array.from({ length: 20 }, () => withdraw(account, 30)));
      expect(results.filter(({ ok }) => ok)).toHaveLength(2);
      expect(await balance(account)).toBe(20);
    });
  });

  test("only for its kind and currency, and in its time", async () => {
    const from = new Date(Date.now() + day).toISOString();
    await under({ fixed: 10, validFrom: from, validTo: new Date(Date.now() + 2 * day).toISOString() }, async () => {
      const { account } = await bank.holder("EUR", house, 1_000);
      dataOf(await withdraw(account, 100));
      expect(await balance(account)).toBe(900);
      try {
        bank.shiftClock(day + 60_000);
        dataOf(await bank.pay(account, shop, 100, "EUR"));
        expect(await balance(account)).toBe(800);
        dataOf(await withdraw(account, 100));
        expect(await balance(account)).toBe(690);
        bank.shiftClock(2 * day + 60_000);
        dataOf(await withdraw(account, 100));
        expect(await balance(account)).toBe(590);
      } finally {
        bank.shiftClock(0);
      }
    });
  });

  test("a change counts from the next transfer on", async () => {
    await under({ fixed: 10 }, async ({ id }) => {
      const { account } = await bank.holder("EUR", house, 1_000);
      dataOf(await withdraw(account, 100));
      dataOf(await bank.call("feeSchedules.update", { as: supervisor, id: String(id), body: { fixed: 1 } }));
      dataOf(await withdraw(account, 100));
      expect(await balance(account)).toBe(1_000 - 110 - 101);
    });
  });

  test("quoteFee answers from the same schedules", async () => {
    const quote = async (body: object) => {
      const { fee, total } = dataOf(await bank.call("quoteFee", { as: bank.auditor, body })).data;
      return [fee, total];
    };
    const internal = { amount: 1_000, currency: "EUR", kind: "internal" };
    expect(await quote(internal)).toEqual([0, 1_000]);
    await under({ kind: "payment", fixed: 7 }, async () => {
      expect(await quote(internal)).toEqual([7, 1_007]);
      const { account } = await bank.holder("EUR", house, 0);
      const { account: payer } = await bank.holder("EUR", house, 0, { overdraftLimit: 1_007 });
      dataOf(await bank.pay(payer, account, 1_000, "EUR"));
      expect(await balance(payer)).toBe(-1_007);
    });
    expect(await quote({ ...internal, kind: "domestic" })).toEqual([10, 1_010]);
    await under({ kind: "payment", reach: "domestic", basisPoints: 1_000, payer: "credit" }, async () => {
      expect(await quote({ ...internal, kind: "domestic" })).toEqual([100, 1_000]);
    });
  });

  describe("schedules", () => {
    const bad: [string, object, number, string][] = [
      ["the least fee above the greatest", { minFee: 10, maxFee: 9 }, 422, "invalid_tariff"],
      [
        "an end before the beginning",
        { validFrom: "2030-01-02T00:00:00Z", validTo: "2030-01-01T00:00:00Z" },
        422,
        "invalid_tariff",
      ],
      ["less than nothing", { fixed: -1 }, 422, "validation_failed"],
      ["more than all of it", { basisPoints: 10_001 }, 422, "validation_failed"],
      ["a fee on fees", { kind: "fee" }, 422, "validation_failed"],
      ["a fraction", { fixed: 0.5 }, 422, "validation_failed"],
    ];
    test.each(bad)("refused: %s", async (_, body, status, type) => {
      expect(refusalOf(await set(body))).toMatchObject({ status, type });
    });

    test("a change that does not fit the rest is refused", async () => {
      await under({ minFee: 10, maxFee: 20 }, async ({ id }) => {
        expect(
          refusalOf(await bank.call("feeSchedules.update", { as: supervisor, id: String(id), body: { maxFee: 9 } })),
        ).toMatchObject({ status: 422, type: "invalid_tariff", details: { field: "maxFee" } });
      });
    });

    test("supervisors alone set them; everyone sees them", async () => {
      const body = { name: "Fee", kind: "payment", currency: "EUR" };
      for (const as of [bank.teller, bank.auditor, bank.customer(await bank.person())]) {
        expect(refusalOf(await bank.call("feeSchedules.create", { as, body })).status).toBe(403);
        expect(rowsOf(await bank.call("feeSchedules.list", { as })).length).toBeGreaterThan(0);
      }
    });

    test("one that counts is not deleted", async () => {
      const { id } = dataOf(await set({ fixed: 1 })).data;
      expect(refusalOf(await bank.call("feeSchedules.delete", { as: supervisor, id: String(id) }))).toMatchObject({
        status: 409,
        type: "fee_schedule_enabled",
      });
      await disable(id);
      expect(dataOf(await bank.call("feeSchedules.delete", { as: supervisor, id: String(id) })).status).toBe(204);
    });
  });

  test("the books agree", async () => {
    expect((await audit(bank)).transfers).toBeGreaterThan(10);
    expect((await bank.verify()).ok).toBe(true);
  });
});
