/** A receiver that fails: what it did not take is tried again over three days, it is left alone meanwhile, and in the end its owner hears of it. */
import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { pausesMs } from "../../src/events/webhooks/index.ts";
import { type Data, dataOf, forEachEngine } from "../core/harness.ts";
import { type Office, openOffice } from "./office.ts";
import { answering } from "./receiver.ts";

const hourMs = 3_600_000;
const types = ["letters.swept"];

/** Sets the clock on until the webhook is as it should be, in steps; milliseconds that passed by it. */
const passUntil = async (office: Office, stepMs: number, holds: () => Promise<boolean>): Promise<number> => {
  for (let passed = 0; passed < 200 * hourMs; passed += stepMs) {
    if (await holds()) return passed;
    office.pass(stepMs);
    await Bun.sleep(60);
  }
  throw new Error("it did not come to be in 200 hours");
};

const notificationsOf = async (office: Office, kind: string): Promise<readonly Data[]> => {
  const all = dataOf(await office.call("notifications.list", { query: { perPage: 100 } })) as unknown as readonly Data[];
  return all.filter((one) => one["kind"] === kind);
};

forEachEngine((engine) => {
  let office: Office;
  beforeAll(async () => void (office = await openOffice(await engine.create())));
  afterEach(async () => {
    expect(office.errors.splice(0)).toEqual([]);
    const active = dataOf(await office.call("webhooks.list", { query: { perPage: 100 } })) as unknown as readonly Data[];
    for (const { id, status } of active) if (status === "active") dataOf(await office.call("webhooks.pause", { id: String(id) }));
  });
  afterAll(() => office[Symbol.asyncDispose]());

  test("ten attempts over three days, then it is disabled and its owner told; nothing is lost by that", async () => {
    const owner = await office.user("dev@acme.example");
    const app = await office.app({ owner });
    office.receiver.answers.set("/dead", answering(500, {}, "down"));
    const hook = await office.webhook("/dead", { app, types });
    const began = office.now();
    await office.sweep();
    for (let attempt = 1; attempt <= pausesMs.length; attempt++) {
      await office.receiver.wait("/dead", attempt);
      const [row] = await office.log(hook.id, (rows) => rows[0]?.["attempts"] === attempt);
      expect(row).toMatchObject({ status: "waiting", problem: "status", responseStatus: 500, response: "down" });
      // Random is one half: the pauses are as they stand.
      const pause = Date.parse(String(row?.["nextAt"])) - Date.parse(String(row?.["lastAt"]));
      expect(pause).toBe(pausesMs[attempt - 1] ?? 0);
      office.pass(pause + 1_000);
    }
    await office.receiver.wait("/dead", pausesMs.length + 1);
    await office.until(async () => (await office.row(hook.id))["status"] === "disabled", "disabled");
    expect(office.now() - began).toBeGreaterThan(72 * hourMs);
    expect((await office.row(hook.id))["reason"]).toBe("Nothing was delivered in 10 attempts over three days.");
    const [notice] = await notificationsOf(office, "webhookDisabled");
    expect(notice).toMatchObject({ user: owner, app });
    expect(String(notice?.["text"])).toContain("127.0.0.1");
    expect(String(notice?.["text"])).not.toContain("/dead");
    const mails = dataOf(await office.call("mails.list")) as unknown as readonly Data[];
    expect(mails.map(({ to, kind }) => [to, kind])).toEqual([["dev@acme.example", "notification"]]);
    const seen = new Set(office.receiver.at("/dead").map(({ headers }) => headers["webhook-id"]));
    expect(seen.size).toBe(1);
    // Each attempt is signed for its own moment.
    expect(new Set(office.receiver.at("/dead").map(({ headers }) => headers["webhook-timestamp"])).size).toBe(10);
    await office.sweep(2);
    office.pass(30 * 24 * hourMs);
    await Bun.sleep(300);
    expect(office.receiver.at("/dead")).toHaveLength(10);
    office.receiver.answers.delete("/dead");
    dataOf(await office.call("webhooks.enable", { id: hook.id }));
    const all = await office.receiver.wait("/dead", 13);
    expect(all.slice(10).map(({ event }) => event.data?.["floor"])).toEqual(["0", "0", "1"]);
    await office.log(hook.id, (rows) => rows.length === 3 && rows.every(({ status }) => status === "delivered"));
  }, 30_000);

  test("an event that alone is not taken is given up after three days, its owner told once a day, and the webhook goes on", async () => {
    const owner = await office.user("poisoned@acme.example");
    const app = await office.app({ owner });
    office.receiver.answers.set("/poison", ({ event }) =>
      event.data?.["floor"] === "1" ? new Response("no such floor", { status: 422 }) : new Response("ok"),
    );
    const hook = await office.webhook("/poison", { app, types });
    await office.sweep(3);
    await office.receiver.wait("/poison", 3);
    await passUntil(office, 5 * hourMs, async () => {
      await office.sweep(1);
      const rows = await office.log(hook.id, () => true);
      return rows.some(({ status }) => status === "failed");
    });
    const failed = (await office.log(hook.id, () => true)).find(({ status }) => status === "failed");
    expect(failed).toMatchObject({
      attempts: 10,
      problem: "status",
      responseStatus: 422,
      response: "no such floor",
      nextAt: null,
    });
    expect((await office.row(hook.id))["status"]).toBe("active");
    await office.until(async () => (await notificationsOf(office, "webhookGaveUp")).length === 1);
    office.receiver.answers.delete("/poison");
    dataOf(await office.call("webhookDeliveries.redeliver", { id: String(failed?.["id"]) }));
    const rows = await office.log(hook.id, (found) => found.every(({ status }) => status === "delivered"));
    expect(rows.find(({ id }) => id === failed?.["id"])?.["attempts"]).toBe(11);
  }, 30_000);

  test("410 disables at once, and what was not taken comes when it is enabled again", async () => {
    office.receiver.answers.set("/gone", answering(410));
    const hook = await office.webhook("/gone", { types });
    await office.sweep();
    await office.until(async () => (await office.row(hook.id))["status"] === "disabled", "disabled");
    expect((await office.row(hook.id))["reason"]).toBe("The receiver answered that it is gone (410).");
    await office.sweep();
    await Bun.sleep(300);
    expect(office.receiver.at("/gone")).toHaveLength(1);
    const journal = await office.running.journal({ realm: office.as("admin").realm });
    expect(JSON.stringify(journal.flatMap(({ events }) => events))).toContain("webhooks.disabled");
    office.receiver.answers.delete("/gone");
    dataOf(await office.call("webhooks.enable", { id: hook.id }));
    await office.receiver.wait("/gone", 3);
  });

  test("a receiver that asks to be left alone is, for an hour at most", async () => {
    const asked = new Map([
      ["/later", () => new Response("busy", { status: 429, headers: { "Retry-After": "120" } })],
      [
        "/date",
        () => new Response("busy", { status: 503, headers: { "Retry-After": new Date(office.now() + 120_000).toUTCString() } }),
      ],
      ["/long", () => new Response("busy", { status: 503, headers: { "Retry-After": "999999999" } })],
    ]);
    const hooks: string[] = [];
    for (const [path, answer] of asked) {
      office.receiver.answers.set(path, answer);
      hooks.push((await office.webhook(path, { types })).id);
    }
    await office.sweep(2);
    for (const hook of hooks) await office.log(hook, (rows) => rows[0]?.["attempts"] === 1);
    for (const path of asked.keys()) office.receiver.answers.delete(path);
    office.pass(110_000);
    await Bun.sleep(400);
    expect([...asked.keys()].map((path) => office.receiver.at(path).length)).toEqual([1, 1, 1]);
    office.pass(15_000);
    for (const path of ["/later", "/date"]) await office.receiver.wait(path, 3);
    expect(office.receiver.at("/long")).toHaveLength(1);
    office.pass(hourMs);
    await office.receiver.wait("/long", 3);
  });

  test("a receiver that is dead is soon left alone, holds nobody up, and gets everything in order once it lives", async () => {
    office.receiver.answers.set("/silent", answering(503));
    let isHanging = true;
    office.receiver.answers.set("/hangs", async () => {
      while (isHanging) await Bun.sleep(20);
      return new Response("late");
    });
    const dead = await office.webhook("/silent", { types, concurrency: 16 });
    const hanging = await Promise.all(Array.from({ length: 6 }, () => office.webhook("/hangs", { types, concurrency: 16 })));
    await office.webhook("/well", { types });
    for (let round = 0; round < 10; round++) await office.sweep(30);
    const began = performance.now();
    await office.receiver.wait("/well", 300);
    expect(performance.now() - began).toBeLessThan(6_000);
    // 96 attempts would hang, of 64 that one tenant may have: the fewer are free, the fewer one webhook gets.
    expect(office.receiver.mostUnderWay.get("/hangs") ?? 0).toBeLessThanOrEqual(60);
    await Bun.sleep(1_000);
    const attempts = office.receiver.at("/silent").length;
    expect(attempts).toBeLessThanOrEqual(40);
    expect((await office.state(dead.id))["failures"]).toBeGreaterThanOrEqual(5);
    // It is tried now and then with one.
    office.receiver.mostUnderWay.set("/silent", 0);
    for (let minutes = 0; minutes < 30; minutes += 5) {
      office.pass(5 * 60_000);
      await Bun.sleep(250);
    }
    const more = office.receiver.at("/silent").length - attempts;
    expect(more).toBeGreaterThanOrEqual(4);
    expect(more).toBeLessThanOrEqual(14);
    expect(office.receiver.mostUnderWay.get("/silent")).toBe(1);
    isHanging = false;
    office.receiver.answers.delete("/silent");
    const before = office.receiver.at("/silent").length;
    office.pass(10 * 60_000);
    await office.until(
      () =>
        new Set(
          office.receiver
            .at("/silent")
            .slice(before)
            .map(({ event }) => event.id),
        ).size === 300,
      "all of 300",
    );
    for (const { id } of hanging) dataOf(await office.call("webhooks.pause", { id }));
  }, 40_000);
});
