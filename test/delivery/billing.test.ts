/**
 * What the delivery service bills is posted at the bank, each thing once: whatever is repeated, stopped in between, away or refused. Both services in one
 * process, on both engines.
 */
import { expect, test } from "bun:test";
import bank from "../../services/bank/index.ts";
import delivery from "../../services/delivery/index.ts";
import { sampleTariff, servicePoints } from "../../services/delivery/sample/index.ts";
import type { ServiceDefinition, ToolContext } from "../../src/define/service.ts";
import { scanRows } from "../../src/sources/index.ts";
import type { OpenStore } from "../../src/store/index.ts";
import { type Data, dataOf, forEachEngine, idOf, refusalOf, rowsOf, type Running, serve } from "../core/harness.ts";
import type { TestDatabase } from "../postgres/index.ts";
import { order } from "./house.ts";

const minute = 60_000;
const funds = 10_000_000;
const { id: _, number: __, ...content } = sampleTariff;
const { currency } = sampleTariff;
const [point] = servicePoints;
if (point === undefined) throw new Error("no sample point");
const address = { index: String(point.address.index), city: String(point.address.city) };
const customer = { ...(order("x")["customer"] as object), address };
const both = [bank, delivery];

interface Firm extends AsyncDisposable {
  readonly running: Running;
  /** Goes on by so many milliseconds, and lets jobs do what there is to do. */
  pass(ms: number): Promise<void>;
  as(role: string, operation: string, options?: Data): Promise<Data>;
  rows(operation: string): Promise<Data[]>;
  /** Accounts of the shop, with funds, and of the house. */
  openAccounts(shopFunds?: number): Promise<{ readonly shop: string; readonly house: string; readonly purse: string }>;
  name(debit: string, credit: string): Promise<string>;
  /** Places orders and hands them over; what a quote says of each. */
  handOver(...externalIds: readonly string[]): Promise<number>;
  balance(account: string): Promise<number>;
  /** What SOAP's `GetBillingData` is made of. */
  billingData(): Promise<Data[]>;
  booksAgree(): Promise<boolean>;
}

const roles = ["shop", "warehouse", "manager", "treasurer"];

const open = async (
  database: Pick<TestDatabase, "url" | "drop">,
  {
    services = both,
    around,
  }: { readonly services?: readonly ServiceDefinition[]; readonly around?: (store: OpenStore) => OpenStore } = {},
): Promise<Firm> => {
  let aheadMs = 0;
  const running = await serve(database, {
    services,
    clock: () => Date.now() + aheadMs,
    tolerant: true,
    ...(around === undefined ? {} : { around }),
  });
  const { app, store, realm } = running;
  await app.jobs.start();
  const settle = async (): Promise<void> => {
    // Jobs follow one another.
    for (let round = 0; round < 3; round++) {
      await app.jobs.look();
      await app.jobs.settled();
    }
  };
  const as: Firm["as"] = async (role, operation, options = {}) =>
    dataOf(await running.call(operation, { as: running.caller(role), ...options }));
  const rows: Firm["rows"] = async (operation) =>
    rowsOf(await running.call(operation, { as: running.caller(roles), query: { perPage: 100 } }));
  let people = 0;
  const account = async (name: string, more: Data = {}): Promise<string> => {
    const body = { name, email: `p${++people}.${crypto.randomUUID()}@example.com`, country: "MT" };
    const { id } = await as("teller", "customers.create", { body });
    return String((await as("teller", "accounts.create", { body: { customer: id, name, currency, ...more } }))["id"]);
  };
  return {
    running,
    pass: async (ms) => {
      aheadMs += ms;
      await settle();
    },
    as,
    rows,
    openAccounts: async (shopFunds = funds) => {
      const purse = await account("Purse", { overdraftLimit: "100000000000000" });
      const [shop, house] = [await account("Shop"), await account("House")];
      if (shopFunds > 0)
        await as("teller", "transfers.create", {
          body: { debit: purse, credit: shop, amount: shopFunds, currency, kind: "deposit" },
        });
      return { shop, house, purse };
    },
    name: async (debit, credit) =>
      idOf(await running.call("billingAccounts.create", { as: running.caller("treasurer"), body: { currency, debit, credit } })),
    handOver: async (...externalIds) => {
      if ((await rows("tariffs.list")).length === 0) await as("manager", "tariffs.create", { body: { content } });
      for (const externalId of externalIds) await as("shop", "orders.create", { body: order(externalId, { customer }) });
      const paper = { number: "1", madeAt: "2026-02-01T00:00:00Z", shipAt: "2026-02-02T00:00:00Z" };
      const made = await as("shop", "manifests.create", {
        body: { externalId: crypto.randomUUID(), ...paper, orderIds: externalIds },
      });
      await as("warehouse", "manifests.handOver", { id: made["id"] });
      await settle();
      const { goods, declaredCost, seal } = order("x");
      const quoted = await as("shop", "rates.create", { body: { goods, declaredCost, seal, address } });
      const offer = (quoted["offers"] as Data[]).find(({ deliveryType }) => deliveryType === 3);
      return Number(offer?.["total"]);
    },
    balance: async (id) => Number((await as("teller", "accounts.get", { id }))["balance"]),
    billingData: async () => {
      const body = { begin: "2020-01-01T00:00:00Z", end: "2199-01-01T00:00:00Z" };
      return (await as("shop", "billingEntries.between", { body }))["items"] as Data[];
    },
    booksAgree: async () => {
      const scan: ToolContext["scan"] = (resource, options) => scanRows(store, { realm, resource, ...options });
      const report = await bank.tools?.["ledger"]?.["verify"]?.run({ tenant: "demo", environment: "sandbox", scan });
      if (report?.ok !== true) throw new Error(JSON.stringify(report));
      return report.ok;
    },
    [Symbol.asyncDispose]: async () => {
      await app.jobs.stop();
      await running[Symbol.asyncDispose]();
    },
  };
};

const sumOf = (rows: readonly Data[]): number => rows.reduce((sum, { amount }) => sum + Number(amount), 0);
const statesOf = (rows: readonly Data[]): string[] => [...new Set(rows.map(({ state }) => String(state)))].toSorted();

/** Transfers that the delivery service has had made, by the bank's log. */
const billedAtBank = async ({ as }: Firm, credit: string): Promise<Data[]> => {
  const filters = [{ path: "credit", op: "eq", values: [credit], as: "credit" }];
  return (await as("teller", "transfers.list", { query: { filters, perPage: 100 } })) as unknown as Data[];
};

/**
 * A store whose writes fail as long as `isDown` says so, where they would note what the bank has answered: as if the process had ended between the two.
 * The work that came before has been done and committed.
 */
const failing =
  (isDown: () => boolean, told: { times: number }) =>
  (store: OpenStore): OpenStore =>
    new Proxy(store, {
      get(target, property) {
        const value: unknown = Reflect.get(target, property, target);
        if (property !== "write") return typeof value === "function" ? value.bind(target) : value;
        const write: OpenStore["write"] = (work) =>
          target.write((tx) =>
            work(
              new Proxy(tx, {
                get(inner, name) {
                  const part: unknown = Reflect.get(inner, name, inner);
                  if (name !== "apply") return typeof part === "function" ? part.bind(inner) : part;
                  const apply: typeof tx.apply = (changes, ...rest) => {
                    const isNote = changes.some(({ table, updates }) => table.name === "delivery_postings" && updates.length > 0);
                    if (!isNote || !isDown()) return inner.apply(changes, ...rest);
                    told.times++;
                    throw new Error("the process ends here");
                  };
                  return apply;
                },
              }),
            ),
          );
        return write;
      },
    });

forEachEngine(({ create }) => {
  test("lines add up to the quote, are posted from the shop to the house, and told from the ledger", async () => {
    await using firm = await open(await create());
    const { shop, house } = await firm.openAccounts();
    await firm.name(shop, house);
    const quote = await firm.handOver("A-1", "A-2");
    const lines = (await firm.rows("billingEntries.list")).filter(({ externalId }) => externalId === "A-1");
    expect([lines.length > 2, sumOf(lines)]).toEqual([true, quote]);
    const posted = await firm.rows("postings.list");
    expect([statesOf(posted), sumOf(posted)]).toEqual([["posted"], 2 * quote]);
    expect([await firm.balance(shop), await firm.balance(house)]).toEqual([funds - 2 * quote, 2 * quote]);
    const transfers = await billedAtBank(firm, house);
    const items = await firm.billingData();
    const ofBank = transfers.map(({ id, amount }) => `${String(id)} ${String(amount)}`).toSorted();
    expect(items.map(({ transfer, amount }) => `${String(transfer)} ${String(amount)}`).toSorted()).toEqual(ofBank);
    expect(items.length).toBe(2 * lines.length);
    expect(await firm.booksAgree()).toBe(true);
    // Who it was: the service, because of an event.
    const calls = (await firm.running.journal()).filter(
      ({ operation, channel }) => operation === "bank.transfers.create" && channel === "system",
    );
    expect(calls).toHaveLength(items.length);
    for (const call of calls)
      expect([call["app"], call["user"], call["requestId"]]).toEqual([
        "service:delivery",
        null,
        expect.stringMatching(/^job postEntered \d+-\d+$/) as unknown as string,
      ]);
    // Again, later: there is nothing left to do.
    await firm.pass(10 * minute);
    expect(await billedAtBank(firm, house)).toHaveLength(items.length);
  });

  test("SECURITY 32: stopped between the bank's answer and its note, again and again: money moves once", async () => {
    let isDown = true;
    const told = { times: 0 };
    await using firm = await open(await create(), { around: failing(() => isDown, told) });
    const { shop, house, purse } = await firm.openAccounts();
    const accounts = await firm.name(shop, house);
    const quote = await firm.handOver("B-1");
    expect(told.times).toBeGreaterThan(0);
    // The bank has done it, the delivery service does not know.
    expect(statesOf(await firm.rows("postings.list"))).toEqual(["unposted"]);
    expect(await firm.balance(house)).toBe(quote);
    const before = (await billedAtBank(firm, house)).map(({ id }) => String(id)).toSorted();
    const failures = told.times;
    for (let round = 0; round < 3; round++) await firm.pass(2 * minute);
    expect(told.times).toBeGreaterThan(failures);
    // Meanwhile another account is named for what is to come: what was paid stays paid.
    await firm.as("treasurer", "billingAccounts.update", { id: accounts, body: { debit: purse } });
    isDown = false;
    await firm.pass(10 * minute);
    await firm.pass(10 * minute);
    const posted = await firm.rows("postings.list");
    expect([statesOf(posted), sumOf(posted)]).toEqual([["posted"], quote]);
    expect(posted.map(({ transfer }) => String(transfer)).toSorted()).toEqual(before);
    expect([await firm.balance(shop), await firm.balance(house)]).toEqual([funds - quote, quote]);
    expect(await firm.booksAgree()).toBe(true);
  });

  test("without a bank, and without accounts, it bills all the same, and posts once there are", async () => {
    const database = await create();
    const alone = await open({ url: database.url, drop: async () => undefined }, { services: [delivery] });
    const quote = await alone.handOver("C-1");
    const waiting = await alone.rows("postings.list");
    expect([statesOf(waiting), sumOf(waiting)]).toEqual([["unposted"], quote]);
    expect([sumOf(await alone.billingData()), new Set((await alone.billingData()).map(({ transfer }) => transfer))]).toEqual([
      quote,
      new Set([null]),
    ]);
    await alone[Symbol.asyncDispose]();
    await using firm = await open(database);
    await firm.pass(10 * minute);
    expect(statesOf(await firm.rows("postings.list"))).toEqual(["unposted"]);
    const { shop, house } = await firm.openAccounts();
    await firm.name(shop, house);
    expect(await firm.billingData()).toEqual([]);
    await firm.pass(10 * minute);
    expect([await firm.balance(shop), await firm.balance(house)]).toEqual([funds - quote, quote]);
    expect(sumOf(await firm.billingData())).toBe(quote);
    expect(await firm.booksAgree()).toBe(true);
  });

  test("what the bank refuses is kept with its type, asked again later and later, and posted when it may be", async () => {
    await using firm = await open(await create());
    const { shop, house, purse } = await firm.openAccounts(0);
    await firm.name(shop, house);
    const quote = await firm.handOver("D-1");
    const refused = await firm.rows("postings.list");
    expect(refused.map(({ state, refusal, attempts }) => [state, refusal, attempts])).toEqual(
      refused.map(() => ["refused", "insufficient_funds", 1]),
    );
    expect(await firm.billingData()).toEqual([]);
    // The ids are spent: the bank says so, and why it was.
    await firm.pass(2 * minute);
    const again = await firm.rows("postings.list");
    expect(new Set(again.map(({ refusal, attempts, spent }) => [refusal, attempts, spent].join(" ")))).toEqual(
      new Set(["insufficient_funds 2 1"]),
    );
    await firm.as("teller", "accounts.freeze", { id: house, body: { reason: "a test" } });
    await firm.pass(5 * minute);
    expect([...new Set((await firm.rows("postings.list")).map(({ refusal }) => refusal))]).toEqual(["account_frozen"]);
    await firm.as("teller", "accounts.unfreeze", { id: house, body: {} });
    await firm.as("teller", "transfers.create", {
      body: { debit: purse, credit: shop, amount: quote, currency, kind: "deposit" },
    });
    await firm.pass(60 * minute);
    const posted = await firm.rows("postings.list");
    expect([statesOf(posted), sumOf(posted), posted.map(({ refusal }) => refusal)]).toEqual([
      ["posted"],
      quote,
      posted.map(() => null),
    ]);
    expect([await firm.balance(shop), await firm.balance(house)]).toEqual([0, quote]);
    expect(await billedAtBank(firm, house)).toHaveLength(posted.length);
    expect(await firm.booksAgree()).toBe(true);
  });

  test("SECURITY 24: nobody has rights at the bank by the delivery service; only a treasurer says whose account pays", async () => {
    await using firm = await open(await create());
    const { shop, house } = await firm.openAccounts();
    const { running } = firm;
    const everyRole = running.caller(roles);
    for (const operation of ["accounts.list", "transfers.list"])
      expect(refusalOf(await running.call(operation, { as: everyRole })).type).toBe("forbidden");
    const transfer = { debit: shop, credit: house, amount: 1, currency };
    expect(refusalOf(await running.call("transfers.create", { as: everyRole, body: transfer })).type).toBe("forbidden");
    for (const role of ["shop", "warehouse", "manager"]) {
      const refused = await running.call("billingAccounts.create", {
        as: running.caller(role),
        body: { currency, debit: shop, credit: house },
      });
      expect([role, refusalOf(refused).type]).toEqual([role, "forbidden"]);
    }
    const twice = { currency, debit: shop, credit: house };
    await firm.as("treasurer", "billingAccounts.create", { body: twice });
    expect(refusalOf(await running.call("billingAccounts.create", { as: everyRole, body: twice })).status).toBe(409);
    for (const operation of ["postings.update", "postings.create", "postings.delete"])
      expect(running.app.contracts.get("delivery")?.operations.has(operation)).toBe(false);
    expect(await firm.balance(shop)).toBe(funds);
  });

  test("each shipper may have accounts of its own", async () => {
    await using firm = await open(await create());
    const { shop, house, purse } = await firm.openAccounts();
    await firm.name(shop, house);
    await firm.as("treasurer", "billingAccounts.create", { body: { currency, shipperId: "S-2", debit: purse, credit: house } });
    const before = await firm.balance(purse);
    await firm.as("manager", "tariffs.create", { body: { content } });
    await firm.as("shop", "orders.create", { body: order("E-1", { customer, shipperId: "S-2" }) });
    const paper = {
      externalId: "E",
      number: "1",
      madeAt: "2026-02-01T00:00:00Z",
      shipAt: "2026-02-02T00:00:00Z",
      shipperId: "S-2",
    };
    const made = await firm.as("shop", "manifests.create", { body: { ...paper, orderIds: ["E-1"] } });
    await firm.as("warehouse", "manifests.handOver", { id: made["id"] });
    await firm.pass(minute);
    const total = sumOf(await firm.rows("postings.list"));
    expect([total > 0, await firm.balance(shop), await firm.balance(purse)]).toEqual([true, funds, before - total]);
  });
});
