/** Nonces are used once: by all nodes together, in the same moment, and after a restart. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { nonceKeptMs, Nonces, noncesTable } from "../../src/batch/nonces.ts";
import { installationRealm } from "../../src/pipeline/identity/realm.ts";
import { applyMigration, type OpenStore, openStore, planMigration, type RowsShape, StoreError } from "../../src/store/index.ts";
import { forEachEngine } from "../core/harness.ts";
import type { TestDatabase } from "../postgres/index.ts";

const allShape: RowsShape = {
  kind: "rows",
  key: "test.nonces",
  table: noncesTable,
  joins: [],
  links: [],
  params: [],
  select: ["id", "until"],
  order: [{ path: ["id"], direction: "asc" }],
};

const rowsOf = async (store: OpenStore) => {
  const [rows = []] = await store.read(allShape, [{ realm: installationRealm, params: [], limit: 50_000 }]);
  return rows;
};

const untilMs = Date.now() + 300_000;
const trues = (answers: readonly boolean[]): number => answers.filter((isFirst) => isFirst).length;

forEachEngine((engine) => {
  describe("nonces", () => {
    let database: TestDatabase;
    let store: OpenStore;
    beforeAll(async () => {
      database = await engine.create();
      store = await openStore(database.url);
      await applyMigration(store, await planMigration(store, [noncesTable]), { destructive: false });
    });
    afterAll(async () => {
      await store.close();
      await database.drop();
    });

    test("SECURITY 18: a nonce is good once, in its scope", async () => {
      const nonces = new Nonces(store);
      expect(await nonces.use("app_1", "once", untilMs)).toBe(true);
      expect(await nonces.use("app_1", "once", untilMs)).toBe(false);
      expect(await nonces.use("app_2", "once", untilMs)).toBe(true);
      expect(await nonces.use("app_1", "twice", untilMs)).toBe(true);
      // Scope and nonce are not just put together.
      expect(await nonces.use("app_1t", "wice", untilMs)).toBe(true);
    });

    test("SECURITY 18: of a hundred that are the same and come at once, one is the first", async () => {
      const nonces = new Nonces(store);
      const answers = await Promise.all(Array.from({ length: 100 }, () => nonces.use("app_1", "hundred", untilMs)));
      expect(trues(answers)).toBe(1);
      expect(answers[0]).toBe(true);
    });

    test("nonces that come at once share a transaction", async () => {
      const nonces = new Nonces(store);
      const answers = await Promise.all(Array.from({ length: 500 }, (_, index) => nonces.use("batch", String(index), untilMs)));
      expect(trues(answers)).toBe(500);
      expect(nonces.counts).toEqual({ asked: 500, writes: 1 });
    });

    test("more than fit into a transaction take several", async () => {
      const nonces = new Nonces(store, { batchMax: 100 });
      const answers = await Promise.all(
        Array.from({ length: 250 }, (_, index) => nonces.use("many", String(index % 125), untilMs)),
      );
      expect(trues(answers)).toBe(125);
      expect(nonces.counts.writes).toBe(3);
    });

    test("more than may wait are refused, and those that wait are answered", async () => {
      const nonces = new Nonces(store, { waitingMax: 10 });
      const asked = Array.from({ length: 12 }, (_, index) => nonces.use("wait", String(index), untilMs));
      const answers = await Promise.allSettled(asked);
      expect(answers.filter(({ status }) => status === "fulfilled").length).toBe(10);
      for (const answer of answers.slice(10)) {
        expect(answer.status === "rejected" && answer.reason instanceof StoreError && answer.reason.kind).toBe("unavailable");
      }
      expect(await nonces.use("wait", "10", untilMs)).toBe(true);
    });

    test("SECURITY 18: a nonce stays used after a restart", async () => {
      expect(await new Nonces(store).use("app_1", "restart", untilMs)).toBe(true);
      const again = await openStore(database.url);
      try {
        expect(await new Nonces(again).use("app_1", "restart", untilMs)).toBe(false);
      } finally {
        await again.close();
      }
    });

    test("SECURITY 17: a clock that was an hour ahead and is set back makes no nonce good again", async () => {
      let offsetMs = 0;
      const nonces = new Nonces(store, { clock: () => Date.now() + offsetMs });
      expect(await nonces.use("app_1", "step", Date.now() + 300_000)).toBe(true);
      offsetMs = 3_600_000;
      await nonces.purge();
      offsetMs = 0;
      expect(await nonces.use("app_1", "step", Date.now() + 300_000)).toBe(false);
    });

    test("old nonces are removed, some at a time, and no others", async () => {
      const oldMs = Date.now() + 1_000_000;
      const nonces = new Nonces(store, { clock: () => oldMs + nonceKeptMs + 1 });
      await Promise.all(Array.from({ length: 30 }, (_, index) => nonces.use("old", String(index), oldMs)));
      await nonces.use("new", "1", oldMs + 1);
      const before = (await rowsOf(store)).length;
      let removed = 0;
      for (let count = 1; count > 0; removed += count) {
        count = await nonces.purge(7);
        expect(count).toBeLessThanOrEqual(7);
      }
      expect(removed).toBe(before - 1);
      expect((await rowsOf(store)).map((row) => row["until"])).toEqual([new Date(oldMs + 1).toISOString()]);
    });

    test("nothing of a nonce, however long it is, is kept", async () => {
      const nonces = new Nonces(store);
      const long = "secret".repeat(10_000);
      expect(await nonces.use("app_1", long, untilMs)).toBe(true);
      expect(await nonces.use("app_1", long, untilMs)).toBe(false);
      const rows = await rowsOf(store);
      expect(JSON.stringify(rows)).not.toContain("secret");
      expect(Math.max(...rows.map((row) => (row["id"] as string).length))).toBe(43);
    });

    test("a time beyond all calendars is bounded", async () => {
      const nonces = new Nonces(store);
      expect(await nonces.use("far", "1", Number.MAX_SAFE_INTEGER)).toBe(true);
      expect(await nonces.use("far", "2", -1)).toBe(true);
    });
  });

  // SQLite has one process.
  if (engine.engine === "postgres") {
    describe("two nodes", () => {
      test("SECURITY 18: of the same nonces at the same moment each is the first on one of them", async () => {
        await using database = await engine.create();
        const stores = await Promise.all([openStore(database.url), openStore(database.url)]);
        try {
          const [first, second] = stores;
          await applyMigration(first, await planMigration(first, [noncesTable]), { destructive: false });
          const nodes = [new Nonces(first, { batchMax: 50 }), new Nonces(second, { batchMax: 70 })];
          for (let round = 0; round < 5; round++) {
            const names = Array.from({ length: 400 }, (_, index) => `${round} ${index}`);
            const [here = [], there = []] = await Promise.all(
              nodes.map((node, at) =>
                Promise.all((at === 0 ? names : names.toReversed()).map((name) => node.use("app_1", name, untilMs))),
              ),
            );
            const both = here.map((isFirst, index) => [isFirst, there[names.length - 1 - index]]);
            expect(both.filter(([a, b]) => a === b)).toEqual([]);
          }
        } finally {
          for (const store of stores) await store.close();
        }
      });
    });
  }
});
