/** What is kept: how far each webhook has come, by whoever delivers last, and the log of deliveries, of which what is old goes. */
import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { StoreError } from "../../src/store/index.ts";
import { webhookStateTable } from "../../src/host/webhooks/state-table.ts";
import { type Data, dataOf, forEachEngine } from "../core/harness.ts";
import { type Office, openOffice } from "./office.ts";
import { answering, type Received } from "./receiver.ts";

const types = ["letters.swept"];
const dayMs = 86_400_000;

const idsOf = (received: readonly Received[]): readonly string[] => received.map(({ event }) => event.id);
const eachOnce = (received: readonly Received[]): number => new Set(idsOf(received)).size;

forEachEngine((engine) => {
  let office: Office;
  beforeAll(async () => void (office = await openOffice(await engine.create())));
  afterEach(() => expect(office.errors.splice(0)).toEqual([]));
  afterAll(() => office[Symbol.asyncDispose]());
  const count = async (table: string): Promise<number> => {
    const [row] = await office.running.store.admin.query(`SELECT count(*) AS count FROM ${table}`);
    return Number(row?.["count"]);
  };
  const pauseAll = async (): Promise<void> => {
    const rows = dataOf(await office.call("webhooks.list", { query: { perPage: 100 } })) as unknown as readonly Data[];
    for (const { id, status } of rows) if (status === "active") dataOf(await office.call("webhooks.pause", { id: String(id) }));
  };

  test("a deliverer that is stopped finishes what is under way, and the next goes on behind it", async () => {
    office.receiver.answers.set("/next", async () => {
      await Bun.sleep(5);
      return new Response("ok");
    });
    await office.webhook("/next", { types, concurrency: 4 });
    for (let round = 0; round < 6; round++) {
      await office.sweep(25);
      await Bun.sleep(30);
      await office.restart();
    }
    await office.receiver.wait("/next", 150);
    await Bun.sleep(200);
    expect(office.receiver.at("/next")).toHaveLength(150);
    expect(eachOnce(office.receiver.at("/next"))).toBe(150);
    await pauseAll();
  });

  test("of two that both believe to deliver, the one that was replaced writes nothing: nothing is lost, what comes twice is the same", async () => {
    office.receiver.answers.set("/both", async () => {
      await Bun.sleep(3);
      return new Response("ok");
    });
    const hook = await office.webhook("/both", { types, concurrency: 4 });
    const other = office.another();
    const holders = new Set<unknown>();
    const positions: number[] = [];
    for (let round = 0; round < 20; round++) {
      await office.sweep(10);
      await Bun.sleep(60);
      const [row] = await office.running.store.admin.query(`SELECT holder, seq FROM ${webhookStateTable.name} WHERE id = $1`, [
        hook.id,
      ]);
      holders.add(row?.["holder"]);
      positions.push(Number(row?.["seq"]));
    }
    await office.until(() => eachOnce(office.receiver.at("/both")) === 200, "all of 200");
    await other.stop();
    expect(holders.size).toBe(2);
    // Nobody has put back how far another has come.
    expect(positions).toEqual(positions.toSorted((a, b) => a - b));
    const messages = new Set(office.receiver.at("/both").map(({ headers, body }) => `${headers["webhook-id"]} ${body}`));
    expect(messages.size).toBe(200);
    await pauseAll();
  });

  test("while the database is away what was delivered is remembered, up to a bound; then it is written down", async () => {
    const { app } = office.running;
    const { store } = app;
    let isAway = false;
    const flaky: typeof store = {
      engine: store.engine,
      admin: store.admin,
      realms: store.realms,
      read: (shape, calls) => store.read(shape, calls),
      scan: (shape, call, options) => store.scan(shape, call, options),
      write: (work) => {
        if (isAway) throw new StoreError("unavailable", "the database is away");
        return store.write(work);
      },
      ping: () => store.ping(),
      close: () => store.close(),
    };
    await office.restart({ app: { ...app, store: flaky } });
    const hook = await office.webhook("/away", { types, concurrency: 16 });
    await office.sweep();
    await office.log(hook.id, (rows) => rows.some(({ status }) => status === "delivered"));
    isAway = true;
    for (let round = 0; round < 6; round++) await office.sweep(500);
    await office.receiver.wait("/away", 2_001);
    await Bun.sleep(500);
    const taken = office.receiver.at("/away").length;
    expect(taken).toBeLessThanOrEqual(2_001 + 2 * 16);
    isAway = false;
    await office.receiver.wait("/away", 3_001);
    await office.until(
      async () => (await count(`platform_webhook_deliveries WHERE webhook = '${hook.id}'`)) === 3_001,
      "3,001 rows",
    );
    await Bun.sleep(100);
    expect(office.receiver.at("/away")).toHaveLength(3_001);
    await office.restart();
    await pauseAll();
  }, 20_000);

  test("what waits is there again after a restart, in its order", async () => {
    const letter = await office.postLetter("waits");
    office.receiver.answers.set("/waits", answering(500));
    const hook = await office.webhook("/waits", { types: ["letters.moved"] });
    await office.move(letter, 3);
    await office.log(hook.id, (rows) => rows.length === 3 && rows.some(({ attempts }) => attempts === 1));
    await office.restart();
    office.receiver.answers.delete("/waits");
    office.pass(10_000);
    const all = await office.receiver.wait("/waits", 4);
    expect(all.map(({ event }) => event.data?.["step"])).toEqual([1, 1, 2, 3]);
    await pauseAll();
  });

  test("what is old goes: what was taken after a week, what was not after a month, and of one webhook all but ten thousand", async () => {
    office.receiver.answers.set("/old", ({ event }) => new Response("", { status: event.data?.["floor"] === "0" ? 400 : 200 }));
    const hook = await office.webhook("/old", { types, concurrency: 16 });
    await office.sweep(3);
    await office.log(hook.id, (rows) => rows.length === 3 && rows.every(({ attempts }) => Number(attempts) > 0));
    dataOf(await office.call("webhooks.pause", { id: hook.id }));
    dataOf(await office.call("webhooks.enable", { id: hook.id, body: { skip: true } }));
    const [failed] = await office
      .log(hook.id, (rows) => rows.every(({ status }) => status !== "waiting"))
      .then((rows) => rows.filter(({ status }) => status === "failed"));
    expect(failed).toMatchObject({ problem: "skipped" });
    const own = `platform_webhook_deliveries WHERE webhook = '${hook.id}'`;
    office.pass(6 * dayMs);
    await office.deliverer.purge();
    expect(await count(own)).toBe(3);
    office.pass(2 * dayMs);
    await office.deliverer.purge();
    expect(await count(own)).toBe(1);
    office.pass(23 * dayMs);
    await office.deliverer.purge();
    expect(await count(own)).toBe(0);

    // Of more than ten thousand the newest stay.
    const resource = office.running.app.contracts.get("platform")?.resources.get("webhookDeliveries");
    if (resource === undefined) throw new Error("there is no log");
    const empty = Object.fromEntries(resource.table.columns.map(({ field }) => [field, null]));
    const createdAt = new Date(office.now()).toISOString();
    // Before all others of this webhook.
    const rows = Array.from({ length: 9_600 }, (_, at) => at - 9_600).map((seq) => ({
      ...empty,
      id: `whd_${seq}`,
      webhook: hook.id,
      app: hook.data["app"],
      event: `${seq}-0`,
      type: "letters.swept",
      status: "delivered",
      attempts: 1,
      before: 0,
      createdAt,
      seq,
      index: 0,
    }));
    const { realm } = office.as("admin");
    await office.running.store.write((tx) =>
      tx.apply([{ table: resource.table, inserts: rows.map((row) => ({ realm, row: row as never })), updates: [], deletes: [] }]),
    );
    office.receiver.answers.delete("/old");
    const before = office.receiver.at("/old").length;
    for (let round = 0; round < 3; round++) await office.sweep(350);
    await office.receiver.wait("/old", before + 1_050);
    await office.until(async () => (await count(own)) === 10_650, "10,650 rows");
    await office.deliverer.purge();
    expect(await count(own)).toBe(10_000);
    const [oldest] = await office.running.store.admin.query(`SELECT min(seq) AS seq FROM ${own}`);
    expect(Number(oldest?.["seq"])).toBe(650 - 9_600);
    // The state of a webhook that is gone goes too.
    expect(await count(`${webhookStateTable.name} WHERE id = '${hook.id}'`)).toBe(1);
    dataOf(await office.call("webhooks.pause", { id: hook.id }));
    expect((await office.call("webhooks.delete", { id: hook.id })).ok).toBe(true);
    await Bun.sleep(100);
    await office.deliverer.purge();
    expect(await count(`${webhookStateTable.name} WHERE id = '${hook.id}'`)).toBe(0);
  }, 30_000);
});
