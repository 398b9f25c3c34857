/** Standing orders: each run once, whatever the clock does; what becomes of a refused one; pause, resume, cancel. On both engines. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { houseAccountId } from "../../services/bank/house.ts";
import { transferIdOf } from "../../services/bank/schedules/run.ts";
import { testDatabases } from "../postgres/index.ts";
import { audit } from "./audit.ts";
import { type Bank, type CallOptions, type Data, dataOf, openBank, refusalOf, rowsOf } from "./bank.ts";

const day = 86_400_000;
const hour = 3_600_000;

describe.each(testDatabases())("$engine", ({ create }) => {
  let bank: Bank;
  let house: string;
  let landlord: string;
  let supervisor: NonNullable<CallOptions["as"]>;
  let someone: string;

  beforeAll(async () => {
    bank = await openBank(await create());
    supervisor = { ...bank.teller, user: "supervisor", roles: ["supervisor"] };
    house = await bank.house("EUR");
    landlord = (await bank.holder("EUR", house, 0)).account;
    someone = await bank.person();
  });
  afterEach(() => bank.shiftClock(0));
  afterAll(() => bank[Symbol.asyncDispose]());

  const order = async (debit: string, more: object = {}, as = bank.teller): Promise<Data> => {
    const body = { debit, credit: landlord, amount: 100, currency: "EUR", reference: "Rent", ...more };
    return dataOf(await bank.call("schedules.create", { as, body })).data;
  };
  const ask = (debit: string, more: object = {}, as = bank.teller) =>
    bank.call("schedules.create", { as, body: { debit, credit: landlord, amount: 100, currency: "EUR", ...more } });
  const get = async ({ id }: Data): Promise<Data> => dataOf(await bank.call("schedules.get", { id: String(id) })).data;
  const act = (name: "pause" | "resume" | "cancel", { id }: Data, as = bank.teller) =>
    bank.call(`schedules.${name}`, { as, id: String(id) });
  const balance = async (id: string) => Number((await bank.account(id))["balance"]);
  /** A command of no interest: due runs are made at the head of its batch. One run of an order for each. */
  const tick = async (times = 1): Promise<void> => {
    for (let time = 0; time < times; time++)
      dataOf(await bank.call("customers.update", { id: someone, body: { name: `Someone ${time}` } }));
  };
  /** The server's clock now shows a moment. */
  const clock = (moment: string | number) => bank.shiftClock(new Date(moment).getTime() - Date.now());
  const paidBy = async (account: string): Promise<Data[]> =>
    rowsOf(
      await bank.call("transfers.list", {
        query: { filters: [{ path: "debit", op: "eq", values: [account], as: "debit" }], sortBy: ["seq.asc"], perPage: 100 },
      }),
    );
  const at = (ms: number) => new Date(Date.now() + ms).toISOString();

  test("a single payment at its moment, not before, not twice", async () => {
    const { account } = await bank.holder("EUR", house, 1_000);
    const placed = await order(account, { startsAt: at(hour) });
    expect(placed).toMatchObject({ status: "active", run: 1, runsPosted: 0, nextRunAt: placed["startsAt"] });
    await tick();
    expect(await balance(account)).toBe(1_000);
    bank.shiftClock(hour + 1_000);
    await tick(3);
    expect(await balance(account)).toBe(900);
    const done = await get(placed);
    expect(done).toMatchObject({ status: "ended", nextRunAt: null, runsPosted: 1, lastOutcome: "posted" });
    const [paid] = await paidBy(account);
    expect(paid).toMatchObject({ id: done["lastTransfer"], kind: "payment", reference: "Rent", amount: 100, credit: landlord });
  });

  test("without a first moment it is made at once", async () => {
    const { account } = await bank.holder("EUR", house, 1_000);
    await order(account);
    await tick();
    expect(await balance(account)).toBe(900);
  });

  test("every month on the 31st, on the last day where there is none", async () => {
    const { account } = await bank.holder("EUR", house, 1_000);
    const placed = await order(account, { startsAt: "2031-01-31T09:00:00Z", every: "month", times: 4 });
    const moments: unknown[] = [];
    for (const moment of ["2031-01-31T09:00:01Z", "2031-02-28T09:00:01Z", "2031-03-31T09:00:01Z", "2031-04-30T09:00:01Z"]) {
      clock(moment);
      await tick();
      moments.push((await get(placed))["nextRunAt"]);
    }
    expect(moments).toEqual(["2031-02-28T09:00:00.000Z", "2031-03-31T09:00:00.000Z", "2031-04-30T09:00:00.000Z", null]);
    expect(await get(placed)).toMatchObject({ status: "ended", runsPosted: 4, failures: 0 });
    expect(await balance(account)).toBe(600);
  });

  test("missed runs are made once each, in their turn, when the bank is back", async () => {
    const { account } = await bank.holder("EUR", house, 1_000);
    const placed = await order(account, { startsAt: at(hour), every: "day" });
    bank.shiftClock(hour + 4 * day + 1_000);
    await tick(10);
    expect(await get(placed)).toMatchObject({ runsPosted: 5, run: 6, status: "active" });
    expect(await balance(account)).toBe(500);
    expect(new Set((await paidBy(account)).map(({ id }) => id)).size).toBe(5);
    dataOf(await act("cancel", placed));
  });

  test("a clock that steps back repeats no run", async () => {
    const { account } = await bank.holder("EUR", house, 1_000);
    const placed = await order(account, { startsAt: at(hour), every: "day" });
    bank.shiftClock(hour + day + 1_000);
    await tick(4);
    expect(await get(placed)).toMatchObject({ runsPosted: 2, run: 3 });
    const { nextRunAt } = await get(placed);
    for (const shift of [0, hour, hour + 1_000, hour + day, hour + day + 1_000]) {
      bank.shiftClock(shift);
      await tick(2);
    }
    expect(await get(placed)).toMatchObject({ runsPosted: 2, run: 3, nextRunAt });
    expect(await balance(account)).toBe(800);
    dataOf(await act("cancel", placed));
  });

  test("no more than ordered: until a moment", async () => {
    const { account } = await bank.holder("EUR", house, 1_000);
    const startsAt = at(hour);
    const endsAt = new Date(Date.parse(startsAt) + 14 * day).toISOString();
    const placed = await order(account, { startsAt, endsAt, every: "week" });
    bank.shiftClock(60 * day);
    await tick(6);
    expect(await get(placed)).toMatchObject({ status: "ended", runsPosted: 3 });
    expect(await balance(account)).toBe(700);
  });

  describe("a refused run", () => {
    test("is tried again a day later, and made when the money is there", async () => {
      const { account } = await bank.holder("EUR", house, 0);
      const placed = await order(account, { startsAt: at(hour), every: "month" });
      bank.shiftClock(hour + 1_000);
      await tick(3);
      const refused = await get(placed);
      expect(refused).toMatchObject({
        status: "active",
        run: 1,
        attempts: 1,
        runsPosted: 0,
        failures: 0,
        lastOutcome: "insufficient_funds",
      });
      expect(Date.parse(String(refused["nextRunAt"])) - Date.parse(String(refused["lastRunAt"]))).toBe(day);
      dataOf(await bank.pay(house, account, 100, "EUR"));
      bank.shiftClock(day + 2 * hour);
      await tick();
      expect(await get(placed)).toMatchObject({ run: 2, attempts: 0, runsPosted: 1, lastOutcome: "posted" });
      expect(await balance(account)).toBe(0);
      dataOf(await act("cancel", placed));
    });

    test("is given up after three more tries, and the order goes on", async () => {
      const { account } = await bank.holder("EUR", house, 0);
      const placed = await order(account, { startsAt: "2032-01-15T09:00:00Z", every: "month" });
      for (let tried = 0; tried < 4; tried++) {
        clock(Date.parse("2032-01-15T09:00:01Z") + tried * (day + 60_000));
        await tick(2);
      }
      expect(await get(placed)).toMatchObject({
        status: "active",
        run: 2,
        attempts: 0,
        failures: 1,
        runsPosted: 0,
        nextRunAt: "2032-02-15T09:00:00.000Z",
      });
      dataOf(await bank.pay(house, account, 100, "EUR"));
      clock("2032-02-15T09:00:01Z");
      await tick();
      expect(await get(placed)).toMatchObject({ run: 3, runsPosted: 1 });
      dataOf(await act("cancel", placed));
    });

    test("of every day: the next day's run is the next try", async () => {
      const { account } = await bank.holder("EUR", house, 0);
      const placed = await order(account, { startsAt: at(hour), every: "day", times: 3 });
      bank.shiftClock(hour + 2 * day + 1_000);
      await tick(6);
      // The last one has no run after it: it is tried again.
      expect(await get(placed)).toMatchObject({ run: 3, failures: 2, attempts: 1, status: "active" });
      expect(await paidBy(account)).toEqual([]);
      dataOf(await act("cancel", placed));
    });

    test("of a single payment: the order has failed", async () => {
      const { account } = await bank.holder("EUR", house, 0);
      const placed = await order(account, { startsAt: at(hour) });
      for (let tried = 0; tried < 4; tried++) {
        bank.shiftClock(2 * hour + tried * (day + 60_000));
        await tick(2);
      }
      expect(await get(placed)).toMatchObject({
        status: "failed",
        failures: 1,
        nextRunAt: null,
        lastOutcome: "insufficient_funds",
      });
    });

    test("for a frozen account is tried again; for a closed one the order ends", async () => {
      const { account } = await bank.holder("EUR", house, 0, { overdraftLimit: 1_000 });
      const placed = await order(account, { startsAt: at(hour), every: "month" });
      dataOf(await bank.call("accounts.freeze", { id: account, body: { reason: "lost card" } }));
      bank.shiftClock(hour + 1_000);
      await tick();
      expect(await get(placed)).toMatchObject({ status: "active", attempts: 1, lastOutcome: "account_frozen" });
      dataOf(await bank.call("accounts.unfreeze", { id: account }));
      dataOf(await bank.call("accounts.close", { id: account }));
      bank.shiftClock(day + 2 * hour);
      await tick();
      expect(await get(placed)).toMatchObject({ status: "failed", nextRunAt: null, failures: 1, lastOutcome: "account_closed" });
    });

    test("whose id somebody took for a transfer of theirs is not taken for made", async () => {
      const { account, customer } = await bank.holder("EUR", house, 1_000);
      const placed = await order(account, { startsAt: at(hour), every: "day" });
      const id = transferIdOf(String(placed["id"]), 1);
      const body = { id, debit: account, credit: landlord, amount: 100, currency: "EUR", reference: "Rent" };
      dataOf(await bank.call("transfers.create", { as: bank.customer(customer), body }));
      bank.shiftClock(hour + day + 1_000);
      await tick(2);
      // A day later the next run is due: this one is given up, and the next one made.
      expect(await get(placed)).toMatchObject({ run: 3, runsPosted: 1, failures: 1, lastOutcome: "posted" });
      expect(await balance(account)).toBe(800);
      dataOf(await act("cancel", placed));
    });
  });

  describe("limits and fraud rules", () => {
    test("a run counts towards limits, and waits for the next day", async () => {
      await bank.allow("limitRule.set");
      const { account } = await bank.holder("EUR", house, 1_000);
      const rule = { name: "Day", scope: "account", subject: account, currency: "EUR", window: "day", maxAmount: 150 };
      dataOf(await bank.call("limitRules.set", { as: supervisor, body: rule }));
      const placed = await order(account, { startsAt: "2033-05-10T09:00:00Z", every: "week" });
      clock("2033-05-10T08:00:00Z");
      dataOf(await bank.pay(account, landlord, 51, "EUR"));
      clock("2033-05-10T09:00:01Z");
      await tick();
      expect(await get(placed)).toMatchObject({ lastOutcome: "limit_exceeded", attempts: 1 });
      expect(await balance(account)).toBe(949);
      clock("2033-05-11T09:00:02Z");
      await tick();
      expect(await get(placed)).toMatchObject({ lastOutcome: "posted", runsPosted: 1 });
      expect(refusalOf(await bank.pay(account, landlord, 51, "EUR"))).toMatchObject({ type: "limit_exceeded" });
      dataOf(await act("cancel", placed));
    });

    test("a run that has to be reviewed is put to approval, and made once it is given", async () => {
      const { account } = await bank.holder("EUR", house, 10_000);
      const terms = {
        name: "Review",
        order: 1,
        mode: "live",
        action: "review",
        minAmount: 7_000,
        currency: "EUR",
        kinds: ["payment"],
      };
      const rule = dataOf(await bank.call("fraudRules.create", { as: supervisor, body: terms })).data;
      const placed = await order(account, { amount: 7_000 });
      await tick();
      expect(await get(placed)).toMatchObject({ status: "ended", lastOutcome: "review_required", runsPosted: 0 });
      expect(await balance(account)).toBe(10_000);
      const pending = rowsOf(
        await bank.call("approvals.list", {
          as: supervisor,
          query: { filters: [{ path: "about", op: "eq", values: [String(placed["id"])], as: "about" }] },
        }),
      );
      expect(pending.map(({ action, status, amount }) => [action, status, amount])).toEqual([
        ["transfer.review", "pending", 7_000],
      ]);
      dataOf(await bank.call("approvals.approve", { as: supervisor, id: String(pending[0]?.["id"]), body: {} }));
      expect((await paidBy(account)).map(({ id, amount }) => [id, amount])).toEqual([
        [transferIdOf(String(placed["id"]), 1), 7_000],
      ]);
      dataOf(await bank.call("fraudRules.update", { as: supervisor, id: String(rule["id"]), body: { mode: "off" } }));
    });
  });

  test("a fee is charged with each run, or neither", async () => {
    const set = await bank.call("feeSchedules.create", {
      as: supervisor,
      body: { name: "Fee", kind: "payment", currency: "EUR", fixed: 5 },
    });
    const fee = String(dataOf(set).data["id"]);
    try {
      const { account } = await bank.holder("EUR", house, 0, { overdraftLimit: 104 });
      const placed = await order(account, { every: "month" });
      await tick();
      expect(await get(placed)).toMatchObject({ lastOutcome: "insufficient_funds" });
      expect(await balance(account)).toBe(0);
      const { account: other } = await bank.holder("EUR", house, 0, { overdraftLimit: 105 });
      await order(other);
      await tick();
      expect((await paidBy(other)).map(({ amount, kind, credit }) => [amount, kind, credit])).toEqual([
        [100, "payment", landlord],
        [5, "fee", houseAccountId("fees", "EUR")],
      ]);
      dataOf(await act("cancel", placed));
    } finally {
      dataOf(await bank.call("feeSchedules.update", { as: supervisor, id: fee, body: { enabled: false } }));
    }
  });

  describe("pause, resume, cancel", () => {
    test("paused: nothing is paid, and what fell due is not made up", async () => {
      const { account, customer } = await bank.holder("EUR", house, 1_000);
      const as = bank.customer(customer);
      const placed = await order(account, { startsAt: at(hour), every: "day" }, as);
      bank.shiftClock(hour + 1_000);
      await tick();
      expect(dataOf(await act("pause", placed, as)).data).toMatchObject({ status: "paused", nextRunAt: null });
      expect(refusalOf(await act("pause", placed, as))).toMatchObject({ status: 409, type: "schedule_not_active" });
      bank.shiftClock(hour + 3 * day + 60_000);
      await tick(3);
      expect(await balance(account)).toBe(900);
      const resumed = dataOf(await act("resume", placed, as)).data;
      expect(resumed).toMatchObject({ status: "active", run: 5 });
      expect(Date.parse(String(resumed["nextRunAt"])) - Date.parse(String(placed["startsAt"]))).toBe(4 * day);
      await tick(3);
      expect(await balance(account)).toBe(900);
      bank.shiftClock(hour + 4 * day + 60_000);
      await tick(3);
      expect(await balance(account)).toBe(800);
      expect(refusalOf(await act("resume", placed, as))).toMatchObject({ status: 409, type: "schedule_not_paused" });
      dataOf(await act("cancel", placed, as));
    });

    test("resumed after its end it has ended; a single payment is made then", async () => {
      const { account } = await bank.holder("EUR", house, 1_000);
      const many = await order(account, { startsAt: at(hour), every: "day", times: 2 });
      const one = await order(account, { startsAt: at(hour) });
      dataOf(await act("pause", many));
      dataOf(await act("pause", one));
      bank.shiftClock(10 * day);
      expect(dataOf(await act("resume", many)).data).toMatchObject({ status: "ended", nextRunAt: null });
      dataOf(await act("resume", one));
      await tick();
      expect(await get(one)).toMatchObject({ status: "ended", runsPosted: 1 });
      expect(await balance(account)).toBe(900);
    });

    test("cancelled: nothing more, for good", async () => {
      const { account } = await bank.holder("EUR", house, 1_000);
      const placed = await order(account, { startsAt: at(hour) });
      expect(dataOf(await act("cancel", placed)).data).toMatchObject({ status: "ended", nextRunAt: null });
      expect(refusalOf(await act("cancel", placed))).toMatchObject({ status: 409, type: "schedule_over" });
      expect(refusalOf(await act("resume", placed)).type).toBe("schedule_not_paused");
      bank.shiftClock(2 * hour);
      await tick();
      expect(await balance(account)).toBe(1_000);
    });
  });

  describe("what is ordered", () => {
    const bad: [string, object, number, string][] = [
      ["nothing", { amount: 0 }, 400, "invalid_amount"],
      ["another currency", { currency: "USD" }, 422, "asset_mismatch"],
      ["in the past", { startsAt: "2020-01-01T00:00:00Z" }, 400, "invalid_starts_at"],
      ["an end before the beginning", { startsAt: "2040-01-02T00:00:00Z", endsAt: "2040-01-01T00:00:00Z" }, 400, "no_run"],
      ["to nobody", { credit: "acc_01JD3Q8Z5T7N9V1X3B5D7F9H1K" }, 404, "credit_account_not_found"],
      ["every leap second", { every: "second" }, 422, "validation_failed"],
      ["no run at all", { times: 0 }, 422, "validation_failed"],
      ["a fraction", { amount: 0.5 }, 422, "validation_failed"],
    ];
    test.each(bad)("refused: %s", async (_, more, status, type) => {
      const { account } = await bank.holder("EUR", house, 0);
      expect(refusalOf(await ask(account, { startsAt: at(hour), ...more }))).toMatchObject({ status, type });
    });

    test("refused: to itself, of a closed account, of somebody else's", async () => {
      const { account } = await bank.holder("EUR", house, 0);
      const stranger = await bank.holder("EUR", house, 0);
      expect(refusalOf(await ask(account, { credit: account })).type).toBe("same_account");
      expect(refusalOf(await ask(account, {}, bank.customer(stranger.customer)))).toMatchObject({
        status: 404,
        type: "debit_account_not_found",
      });
      expect(refusalOf(await ask(account, {}, bank.auditor)).status).toBe(403);
      dataOf(await bank.call("accounts.close", { id: account }));
      expect(refusalOf(await ask(account))).toMatchObject({ status: 422, type: "account_closed" });
    });

    test("with an id of the client's it is ordered once, also by fifty at once", async () => {
      const { account, customer } = await bank.holder("EUR", house, 1_000);
      const as = bank.customer(customer);
      const more = { id: crypto.randomUUID(), startsAt: at(hour) };
      const results = await Promise.all(Array.from({ length: 50 }, () => ask(account, more, as)));
      const answers = results.map((result) => dataOf(result));
      expect(new Set(answers.map(({ data }) => data["id"])).size).toBe(1);
      expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
      expect(refusalOf(await ask(account, { ...more, amount: 101 }, as))).toMatchObject({ status: 409, type: "schedule_exists" });
      const stranger = await bank.holder("EUR", house, 0);
      expect(refusalOf(await ask(stranger.account, more, bank.customer(stranger.customer))).type).toBe("schedule_exists");
      bank.shiftClock(2 * hour);
      await tick(2);
      expect(await balance(account)).toBe(900);
    });

    test("customers see their own orders", async () => {
      const { account, customer } = await bank.holder("EUR", house, 0);
      const stranger = bank.customer((await bank.holder("EUR", house, 0)).customer);
      const placed = await order(account, { startsAt: at(hour) }, bank.customer(customer));
      expect(rowsOf(await bank.call("schedules.list", { as: bank.customer(customer) }))).toHaveLength(1);
      expect(rowsOf(await bank.call("schedules.list", { as: stranger }))).toEqual([]);
      expect(refusalOf(await act("cancel", placed, stranger))).toMatchObject({ status: 404, type: "not_found" });
      dataOf(await act("cancel", placed));
    });
  });

  test("two hundred orders due at one moment are all made", async () => {
    const { account } = await bank.holder("EUR", house, 20_000);
    const startsAt = at(hour);
    const bodies = Array.from({ length: 200 }, () => ({
      body: { debit: account, credit: landlord, amount: 100, currency: "EUR", startsAt },
    }));
    for (const result of await bank.batch("schedules.create", bodies)) dataOf(result);
    bank.shiftClock(2 * hour);
    await tick(2);
    expect(await balance(account)).toBe(0);
  });

  test("the books agree", async () => {
    expect((await audit(bank)).transfers).toBeGreaterThan(200);
    expect((await bank.verify()).ok).toBe(true);
  });
});
