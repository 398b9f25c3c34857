/** Refusals are recorded: who, what, when, from where, both identities; a flood is counted, not written down; nothing is lost or doubled while the database is away. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Refused, RefusalLog, RawRows, verifyAudit } from "../../src/audit/index.ts";
import { installationTables } from "../../src/host/app.ts";
import { newApiKey } from "../../src/pipeline/identity/api-key.ts";
import { applyMigration, type OpenStore, openStore, planMigration, StoreError } from "../../src/store/index.ts";
import { forEachEngine } from "../core/harness.ts";
import { audited, type Audited } from "./audited.ts";

const rowsOf = async (store: OpenStore, realm: number) => {
  const found: Omit<Awaited<ReturnType<ReturnType<RawRows["refusals"]>["next"]>>["value"], "stream" | "hash">[] = [];
  for await (const { stream: _, hash: __, ...row } of new RawRows(store).refusals(realm)) found.push(row);
  return found;
};

const forbidden: Refused = { realm: 7, type: "forbidden", status: 403, channel: "rest", operation: "bank.accounts.freeze" };

forEachEngine((engine) => {
  describe("SECURITY 64: calls that are refused", () => {
    let world: Audited;
    beforeAll(async () => {
      world = await audited(await engine.create());
    });
    afterAll(() => world[Symbol.asyncDispose]());

    const anonymous = (credentials: object, more: object = {}) =>
      world.depot.app.pipeline.run({
        ...world.depot.callOf("owners.create", { body: { name: "x" }, requestId: "req-anonymous" }),
        principal: undefined,
        credentials,
        ...more,
      } as never);

    test("credentials that are not valid, with what is known of the caller", async () => {
      const secret = newApiKey("live");
      await anonymous({ kind: "none" }, { address: "192.0.2.7" });
      await anonymous({ kind: "key", secret }, { address: "192.0.2.8" });
      await world.audit.flush();
      const rows = await rowsOf(world.store, 0);
      expect(rows).toMatchObject([
        { realm: 0, seq: 1, count: 1, type: "unauthenticated", status: 401, operation: "depot.owners.create", channel: "test" },
        { realm: 0, seq: 2, count: 1, type: "invalid_credentials", status: 401, address: "192.0.2.8", user: null, app: null },
      ]);
      expect(rows[0]).toMatchObject({ address: "192.0.2.7", requestId: "req-anonymous", tenant: null });
      expect(Math.abs(Date.parse(rows[0]?.at ?? "") - Date.now())).toBeLessThan(60_000);
      expect(JSON.stringify(rows)).not.toContain(secret);
    });

    test("operations that the caller may not call, as both identities", async () => {
      const actor = { tenant: "demo", app: "office", user: "teller@example.com", reason: "on the phone" };
      const as = world.depot.caller("nobody", { app: "office", user: "eve@example.com", subject: "own_1", key: "key_1", actor });
      await world.depot.call("owners.create", { as, body: {}, requestId: "req-403" });
      await world.audit.flush();
      expect(await rowsOf(world.store, world.depot.realm)).toMatchObject([
        {
          type: "forbidden",
          status: 403,
          tenant: "demo",
          operation: "depot.owners.create",
          requestId: "req-403",
          app: "office",
          key: "key_1",
          user: "eve@example.com",
          subject: "own_1",
          actor: JSON.stringify(actor),
        },
      ]);
    });

    test("changes that were not made, but neither mistakes of form nor reads that found nothing", async () => {
      const before = await rowsOf(world.store, world.depot.realm);
      const [owner = ""] = await world.create(1);
      await world.depot.call("boxes.create", { body: { owner, code: "T1" } });
      await world.depot.call("boxes.create", { body: { owner, code: "T1" } });
      await world.depot.call("boxes.create", { body: { owner } });
      await world.depot.call("boxes.get", { id: "box_00000000000000000000000000" });
      await world.audit.flush();
      const rows = (await rowsOf(world.store, world.depot.realm)).slice(before.length);
      expect(rows).toMatchObject([{ type: "already_exists", status: 409, operation: "depot.boxes.create" }]);
    });

    test("within a second, by themselves", async () => {
      const before = await rowsOf(world.store, 0);
      await anonymous({ kind: "none" }, { address: "192.0.2.99" });
      const deadline = performance.now() + 10_000;
      while ((await rowsOf(world.store, 0)).length === before.length && performance.now() < deadline) await Bun.sleep(50);
      expect((await rowsOf(world.store, 0)).slice(before.length)).toMatchObject([{ address: "192.0.2.99" }]);
    });
  });

  describe("refusal log", () => {
    const opened = async () => {
      const database = await engine.create();
      const store = await openStore(database.url);
      await applyMigration(store, await planMigration(store, installationTables), { destructive: false });
      return {
        store,
        async [Symbol.asyncDispose]() {
          await store.close();
          await database[Symbol.asyncDispose]();
        },
      };
    };
    const verified = async (store: OpenStore) => (await verifyAudit(store, { keys: [] })).problems;

    test("equal ones are one row with a count, until they are written", async () => {
      await using world = await opened();
      const log = new RefusalLog(world.store, { flushMs: 3_600_000 });
      for (let at = 0; at < 500; at++) log.refused({ ...forbidden, requestId: `r${at}` });
      log.refused({ ...forbidden, user: "somebody" });
      await log.flush();
      log.refused({ ...forbidden, requestId: "later" });
      await log.close();
      expect(await rowsOf(world.store, 7)).toMatchObject([
        { seq: 1, count: 500, requestId: "r0", user: null },
        { seq: 2, count: 1, user: "somebody" },
        { seq: 3, count: 1, requestId: "later" },
      ]);
      expect(await verified(world.store)).toEqual([]);
    });

    test("SECURITY 7: a flood from many addresses fills neither the database nor hides what others are refused; what is left out is counted", async () => {
      await using world = await opened();
      let now = Date.parse("2026-03-01T12:00:00.000Z");
      const log = new RefusalLog(world.store, { flushMs: 3_600_000, burstMax: 50, rowsPerSecond: 10, clock: () => now });
      const flood = (round: number): void => {
        for (let at = 0; at < 10_000; at++)
          log.refused({
            realm: null,
            type: "invalid_credentials",
            status: 401,
            channel: "rest",
            address: `2001:db8::${round}:${at}`,
          });
      };
      flood(1);
      log.refused(forbidden);
      await log.flush();
      now += 2_000;
      flood(2);
      await log.flush();
      // A clock that is set back gives no budget.
      now -= 3_600_000;
      flood(3);
      await log.close();
      const rows = await rowsOf(world.store, 0);
      const overflow = rows.filter(({ type }) => type === "audit_overflow");
      expect(rows).toHaveLength(50 + 20 + 3);
      expect(overflow.map(({ count }) => count)).toEqual([9_950, 9_980, 10_000]);
      expect(await rowsOf(world.store, 7)).toMatchObject([{ type: "forbidden", count: 1 }]);
      expect(await verified(world.store)).toEqual([]);
    });

    test("texts that no database holds are made to fit", async () => {
      await using world = await opened();
      const log = new RefusalLog(world.store, { flushMs: 3_600_000 });
      log.refused({ ...forbidden, user: "a\0b\uD800c", tenant: "t".repeat(100_000), requestId: "one\r\ntwo" });
      await log.close();
      expect(await rowsOf(world.store, 7)).toMatchObject([
        { user: "a\uFFFDb\uFFFDc", tenant: "t".repeat(256), requestId: "one\r\ntwo" },
      ]);
      expect(await verified(world.store)).toEqual([]);
    });

    test("while the database is away nothing is lost, and a commit without an answer is not made twice", async () => {
      await using world = await opened();
      const fates: ("away" | "lost" | "kept")[] = ["away", "lost", "away", "kept"];
      const store: OpenStore = Object.assign(Object.create(world.store) as OpenStore, {
        read: (...args: Parameters<OpenStore["read"]>) => world.store.read(...args),
        write: async (work: Parameters<OpenStore["write"]>[0]) => {
          const fate = fates.shift();
          if (fate === "away") throw new StoreError("unavailable", "away on purpose");
          await world.store.write(work);
          if (fate === "lost") throw new StoreError("unknown_fate", "the answer was lost on purpose");
        },
      });
      const told: unknown[] = [];
      const log = new RefusalLog(store, { flushMs: 5, onError: (error) => void told.push(error) });
      log.refused({ ...forbidden, user: "first" });
      const deadline = performance.now() + 10_000;
      while (fates.length > 1 && performance.now() < deadline) {
        log.refused({ ...forbidden, user: `later ${fates.length}` });
        await Bun.sleep(2);
      }
      await log.close();
      const rows = await rowsOf(world.store, 7);
      expect(rows[0]).toMatchObject({ seq: 1, user: "first", count: 1 });
      expect(rows.map(({ seq }) => seq)).toEqual(rows.map((_, at) => at + 1));
      expect(await verified(world.store)).toEqual([]);
      expect(told).toEqual([]);
    });

    test("a row that somebody put in its place is told of, and a new stream begins", async () => {
      await using world = await opened();
      const told: unknown[] = [];
      const log = new RefusalLog(world.store, { flushMs: 20, onError: (error) => void told.push(error) });
      log.refused(forbidden);
      await log.flush();
      const columns =
        'at, count, type, status, tenant, operation, channel, request_id, address, app, key_id, "user", subject, actor, hash';
      await world.store.admin.query(
        `INSERT INTO pons_refusals (realm, stream, seq, ${columns}) SELECT realm, stream, 2, ${columns} FROM pons_refusals WHERE seq = 1`,
      );
      log.refused({ ...forbidden, user: "second" });
      const deadline = performance.now() + 10_000;
      while (told.length === 0 && performance.now() < deadline) await Bun.sleep(5);
      expect(told).toMatchObject([{ name: "StoreError", kind: "unique" }]);
      log.refused({ ...forbidden, user: "third" });
      await log.close();
      const users = (await rowsOf(world.store, 7)).map(({ user }) => user);
      expect(users.map(String).toSorted((a, b) => a.localeCompare(b, "en"))).toEqual(["null", "null", "second", "third"]);
      expect(await verified(world.store)).toMatchObject([{ table: "pons_refusals", realm: 7, seq: 2 }]);
    });
  });
});
