/** Kept answers that are too old go, a few per transaction; younger ones, and those used anew meanwhile, stay. */
import { expect, test } from "bun:test";
import { Nonces } from "../../src/batch/nonces.ts";
import { idempotencyTable } from "../../src/batch/system-tables.ts";
import { installationTables } from "../../src/host/app.ts";
import { purgeIdempotency, startPurge } from "../../src/host/purge.ts";
import { createLogger } from "../../src/observe/logger.ts";
import { applyMigration, type OpenStore, openStore, planMigration, realmOf, type RowsShape } from "../../src/store/index.ts";
import { forEachEngine } from "../core/harness.ts";

const now = Date.parse("2026-05-02T12:00:00.000Z");
const hour = 3_600_000;
const ago = (hours: number): string => new Date(now - hours * hour).toISOString();
const logger = createLogger({ level: "silent" });

const keysShape: RowsShape = {
  kind: "rows",
  key: "test.idempotency",
  table: idempotencyTable,
  joins: [],
  links: [],
  params: [],
  select: ["caller", "key"],
  order: [
    { path: ["caller"], direction: "asc" },
    { path: ["key"], direction: "asc" },
  ],
};

const keysIn = async (store: OpenStore, realm: number): Promise<readonly unknown[]> =>
  ((await store.read(keysShape, [{ realm, params: [], limit: 1_000 }]))[0] ?? []).map((row) => row["key"]);

const keep = async (
  store: OpenStore,
  realm: number,
  rows: readonly { readonly key: string; readonly at: string }[],
): Promise<void> => {
  const inserts = rows.map(({ key, at }) => ({ realm, row: { caller: "app", key, at, fingerprint: "f", reply: { ok: true } } }));
  await store.write((tx) => tx.apply([{ table: idempotencyTable, inserts, updates: [], deletes: [] }]));
};

const range = (prefix: string, count: number, at: string): { key: string; at: string }[] =>
  Array.from({ length: count }, (_, index) => ({ key: `${prefix}${index}`, at }));

forEachEngine((engine) => {
  const opened = async (): Promise<AsyncDisposable & { readonly store: OpenStore; readonly realms: readonly number[] }> => {
    const database = await engine.create();
    const store = await openStore(database.url);
    await applyMigration(store, await planMigration(store, installationTables), { destructive: false });
    const realms = [await realmOf(store, "a", "live"), await realmOf(store, "b", "live")];
    return {
      store,
      realms,
      async [Symbol.asyncDispose]() {
        await store.close();
        await database[Symbol.asyncDispose]();
      },
    };
  };

  test("of every realm, in transactions of a few rows", async () => {
    await using world = await opened();
    const { store, realms } = world;
    const [a = 0, b = 0] = realms;
    await keep(store, a, [...range("old", 23, ago(30)), { key: "day", at: ago(24.5) }, { key: "new", at: ago(1) }]);
    await keep(store, b, [...range("old", 3, ago(26)), { key: "new", at: ago(24) }]);
    let writes = 0;
    const counted: OpenStore = Object.assign(Object.create(store) as OpenStore, {
      write: (work: Parameters<OpenStore["write"]>[0]) => {
        writes++;
        return store.write(work);
      },
    });
    const { signal } = new AbortController();
    expect(await purgeIdempotency(counted, { signal, rowsPerStep: 10, clock: () => now })).toBe(26);
    // 10 + 10 + 3 and a look that finds none, 3 and a look.
    expect(writes).toBe(6);
    expect(await keysIn(store, a)).toEqual(["day", "new"]);
    expect(await keysIn(store, b)).toEqual(["new"]);
  });

  test("by itself now and then, and no more after a stop, which waits for the step under way", async () => {
    await using world = await opened();
    const { store, realms } = world;
    const [a = 0] = realms;
    await keep(store, a, range("old", 5, ago(30)));
    const purge = startPurge(store, { logger, everyMs: 10, clock: () => now });
    const deadline = performance.now() + 5_000;
    while ((await keysIn(store, a)).length > 0 && performance.now() < deadline) await Bun.sleep(10);
    expect(await keysIn(store, a)).toEqual([]);
    await purge.stop();
    await keep(store, a, range("later", 2, ago(30)));
    await Bun.sleep(50);
    expect(await keysIn(store, a)).toEqual(["later0", "later1"]);
  });

  test("nonces go two hours after they were needed last", async () => {
    await using world = await opened();
    const { store } = world;
    const nonces = new Nonces(store, { clock: () => now });
    await nonces.use("app_1", "old", now - 2 * hour - 1);
    await nonces.use("app_1", "new", now - 2 * hour + 1);
    const purge = startPurge(store, { logger, everyMs: 10, clock: () => now });
    const deadline = performance.now() + 5_000;
    const count = async () => (await store.admin.query("SELECT id FROM pons_nonces")).length;
    expect(await count()).toBe(2);
    while ((await count()) === 2 && performance.now() < deadline) await Bun.sleep(10);
    await purge.stop();
    expect(await count()).toBe(1);
    expect(await nonces.use("app_1", "new", now)).toBe(false);
    expect(await nonces.use("app_1", "old", now)).toBe(true);
  });
});
