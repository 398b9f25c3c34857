/** Usage and traffic grow coarser as they grow old: nothing is lost or counted twice, whoever does it and however often. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { latencyBuckets } from "../../src/define/latency.ts";
import { retentionDefault, RollUp } from "../../src/manage/usage/roll-up.ts";
import { openStore, type OpenStore, type Row, StoreError, type Table } from "../../src/store/index.ts";
import { forEachEngine, migrate } from "../core/harness.ts";
import type { TestDatabase } from "../postgres/index.ts";
import { rowsOf, shop, trafficTable, usageTable } from "./shop.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const start = Date.UTC(2026, 0, 5, 0, 0);
const instant = (ms: number): string => new Date(ms).toISOString();

const usageRow = (at: number, id: number, more: Row = {}): Row => ({
  id: `raw.${id}`,
  grain: "raw",
  at: instant(at),
  environment: "live",
  app: `app_${id % 2}`,
  user: `user ${id % 3}`,
  key: "key_1",
  plan: null,
  service: "shop",
  operation: "look",
  version: "v1",
  statusClass: 2,
  calls: 1,
  units: 2,
  ...more,
});

const trafficRow = (at: number, id: number): Row => ({
  id: `raw.${id}`,
  grain: "raw",
  at: instant(at),
  environment: "live",
  app: `app_${id % 2}`,
  service: "shop",
  operation: "look",
  version: "v1",
  statusClass: 2,
  channel: "rest",
  country: id % 2 === 0 ? "BG" : null,
  calls: 1,
  errors: id % 2,
  ...Object.fromEntries(latencyBuckets.map((name, bucket) => [name, bucket === id % 40 ? 1 : 0])),
});

const insert = (store: OpenStore, table: Table, rows: readonly Row[], realm = 1) =>
  store.write((tx) => tx.apply([{ table, inserts: rows.map((row) => ({ realm, row })), updates: [], deletes: [] }]));

const sum = (rows: readonly Row[], field: string): number => rows.reduce((all, row) => all + (row[field] as number), 0);
const grainsOf = (rows: readonly Row[]): Readonly<Record<string, number>> =>
  Object.fromEntries(
    Object.entries(Object.groupBy(rows, ({ grain }) => grain as string)).map(([grain, some]) => [grain, some?.length ?? 0]),
  );

forEachEngine((engine) => {
  describe("what grows old", () => {
    let database: TestDatabase;
    let store: OpenStore;
    let now = start;
    const rollUp = (of: OpenStore = store, rowsPerStep = 40) =>
      new RollUp(of, { retention: retentionDefault, clock: () => now, rowsPerStep });
    const clear = async (table: Table) => {
      const rows = await rowsOf(store, table, 1);
      await store.write((tx) =>
        tx.apply([{ table, inserts: [], updates: [], deletes: rows.map(({ id }) => ({ realm: 1, key: [id as string] })) }]),
      );
    };

    beforeAll(async () => {
      database = await engine.create();
      store = await openStore(database.url);
      await migrate(store, [shop]);
    });
    afterAll(async () => {
      await store.close();
      await database.drop();
    });

    test("usage: raw rows become hours once the hour is over, then days, then nothing", async () => {
      const rows = Array.from({ length: 300 }, (_, id) => usageRow(start + id * 60_000, id));
      await insert(store, usageTable, rows);
      now = start + 59 * 60_000;
      expect(await rollUp().run()).toBe(0);
      now = start + 2.5 * hourMs;
      expect(await rollUp().run()).toBe(60);
      let found = await rowsOf(store, usageTable, 1);
      expect(grainsOf(found)).toEqual({ hour: 6, raw: 240 });
      expect([sum(found, "calls"), sum(found, "units")]).toEqual([300, 600]);
      // Rows that come late are added to the hour that is there.
      await insert(store, usageTable, [usageRow(start, 1_000), usageRow(start, 1_001)]);
      now = start + 8 * hourMs;
      await rollUp().run();
      found = await rowsOf(store, usageTable, 1);
      expect(grainsOf(found)).toEqual({ hour: 30 });
      expect([sum(found, "calls"), sum(found, "units")]).toEqual([302, 604]);
      expect(new Set(found.map(({ at }) => at))).toEqual(new Set([0, 1, 2, 3, 4].map((hour) => instant(start + hour * hourMs))));
      now = start + 92 * dayMs;
      await rollUp().run();
      found = await rowsOf(store, usageTable, 1);
      expect(
        found
          .map(({ grain, at, app, user, key, calls }) => ({ grain, at, app, user, key, calls }))
          .toSorted((a, b) => ((a.app as string) < (b.app as string) ? -1 : 1)),
      ).toEqual(["app_0", "app_1"].map((app) => ({ grain: "day", at: instant(start), app, user: null, key: null, calls: 151 })));
      now = start + 3_655 * dayMs;
      expect(await rollUp().run()).toBe(2);
      expect(await rowsOf(store, usageTable, 1)).toEqual([]);
    });

    test("traffic: minutes, hours, days, with histograms that add up", async () => {
      await insert(
        store,
        trafficTable,
        Array.from({ length: 400 }, (_, id) => trafficRow(start + Math.floor(id / 4) * 60_000, id)),
      );
      const histogram = (rows: readonly Row[]) => latencyBuckets.map((name) => sum(rows, name));
      for (const [at, grains] of [
        [start + 0.5 * hourMs, ["minute", "raw"]],
        [start + 3 * hourMs, ["minute"]],
        [start + 3 * dayMs, ["hour"]],
        [start + 92 * dayMs, ["day"]],
      ] as const) {
        now = at;
        await rollUp().run();
        const rows = await rowsOf(store, trafficTable, 1);
        expect(Object.keys(grainsOf(rows)).toSorted()).toEqual([...grains]);
        expect([sum(rows, "calls"), sum(rows, "errors")]).toEqual([400, 200]);
        expect(histogram(rows)).toEqual(latencyBuckets.map(() => 10));
      }
      expect(await rowsOf(store, trafficTable, 1)).toHaveLength(2);
      now = start + 1_098 * dayMs;
      await rollUp().run();
      expect(await rowsOf(store, trafficTable, 1)).toEqual([]);
    });

    test("several at once, each with commits whose answers are lost: every row is counted once", async () => {
      await clear(usageTable);
      await insert(
        store,
        usageTable,
        Array.from({ length: 1_000 }, (_, id) => usageRow(start + (id % 120) * 60_000, id)),
      );
      now = start + 5 * hourMs;
      const others =
        engine.engine === "postgres" ? await Promise.all([openStore(database.url), openStore(database.url)]) : [store, store];
      let losses = 0;
      const losing = (of: OpenStore): OpenStore =>
        Object.assign(Object.create(of) as OpenStore, {
          admin: of.admin,
          write: async <T>(work: Parameters<typeof of.write<T>>[0]): Promise<T> => {
            const done = await of.write(work);
            if (Math.random() > 0.2) return done;
            losses++;
            throw new StoreError("unknown_fate", "on purpose");
          },
        });
      for (let left = 1; left > 0;) {
        await Promise.allSettled(others.map((other) => rollUp(losing(other), 30).run()));
        left = (await rowsOf(store, usageTable, 1)).filter(({ grain }) => grain === "raw").length;
      }
      expect(losses).toBeGreaterThan(0);
      const found = await rowsOf(store, usageTable, 1);
      expect(grainsOf(found)).toEqual({ hour: 12 });
      expect([sum(found, "calls"), sum(found, "units")]).toEqual([1_000, 2_000]);
      if (engine.engine === "postgres") await Promise.all(others.map(async (other) => other.close()));
    });
  });
});
