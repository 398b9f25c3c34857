import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { SQL } from "bun";
import { startPostgres } from "../../../test/postgres/index.ts";
import { accountRow, accountRows, textOf } from "../../../test/store/rows.ts";
import { byKey, rowsShape } from "../../../test/store/shapes.ts";
import { accounts, countries, entries } from "../../../test/store/tables.ts";
import { engines, filledWorld, inserts } from "../../../test/store/world.ts";
import type { World } from "../../../test/store/world.ts";
import { openStore } from "../index.ts";
import type { OpenStore } from "../index.ts";
import { keyShape } from "../key-shape.ts";
import type { CountShape, Row, WriteTransaction } from "../store.ts";
import { severingProxy } from "./severing-proxy.ts";

const minute = 60_000;
const postgres = engines.find(({ engine }) => engine === "postgres");
if (postgres === undefined) throw new Error("no Postgres to test on");

const kindOf = async (work: () => unknown): Promise<unknown> => {
  try {
    await work();
  } catch (error) {
    return (error as { readonly kind?: unknown }).kind ?? error;
  }
  return "nothing";
};

describe("Postgres under concurrency and faults", () => {
  let world: World;
  let other: OpenStore;
  let outside: SQL;
  beforeAll(async () => {
    world = await filledWorld(postgres);
    other = await openStore(world.database.url);
    outside = new SQL(world.database.url, { max: 2 });
  }, minute);
  afterAll(async () => {
    await outside.close();
    await other.close();
    await world[Symbol.asyncDispose]();
  });

  const ids = accountRows.map((row) => textOf(row["id"]));
  const get = async (store: OpenStore, id: string): Promise<Row | undefined> =>
    (await store.read(byKey, [{ realm: world.realm, params: [id] }]))[0]?.[0];
  const country = (id: string): Row => ({ id, title: id, area: null });
  const hasCountry = async (store: OpenStore, id: string) =>
    (await store.read(keyShape(countries, ["id"]), [{ realm: world.realm, params: [id] }]))[0]?.length === 1;

  test("callers who count the same at once are answered by one count, each with a row of their own", async () => {
    const ofId: CountShape = {
      kind: "count",
      key: "faults.countOfId",
      table: accounts,
      joins: [],
      links: [],
      params: [{ name: "id", type: "text" }],
      where: { op: "eq", left: { field: ["id"] }, right: { param: "id" } },
    };
    const [first = "", second = ""] = ids;
    const asked = [first, "nobody", first, second, "nobody", first];
    const counted = await Promise.all(
      asked.map(async (id) => (await other.read(ofId, [{ realm: world.realm, params: [id] }]))[0]?.[0]),
    );
    expect(counted.map((row) => row?.["count"])).toEqual([1, 0, 1, 1, 0, 1]);
    expect(new Set(counted).size).toBe(asked.length);
  });

  test("reads of concurrent callers are merged, and each gets its own", async () => {
    await using proxy = severingProxy(world.database.url);
    const store = await openStore(proxy.url);
    const wanted = Array.from({ length: 640 }, (_, i) => ids[(i * 7) % ids.length] ?? "");
    await Promise.all(wanted.slice(0, 64).map((id) => get(store, id)));
    const before = proxy.bindCount;
    let next = 0;
    const found: (string | undefined)[] = [];
    const callers = Array.from({ length: 64 }, async () => {
      while (next < wanted.length) {
        const at = next++;
        found[at] = textOf((await get(store, wanted[at] ?? ""))?.["id"]);
      }
    });
    await Promise.all(callers);
    expect(found).toEqual(wanted);
    expect(proxy.bindCount - before).toBeLessThan(wanted.length / 8);

    const single = await openStore(proxy.url, { merge: false });
    const start = proxy.bindCount;
    await Promise.all(wanted.slice(0, 64).map((id) => get(single, id)));
    // Each of the four connections is told once which realm's rows it may see.
    expect(proxy.bindCount - start).toBe(64 + 4);
    await store.close();
    await single.close();
  });

  test("two stores change the same rows in opposite orders: nothing is lost, nobody deadlocks", async () => {
    const keys = ids.slice(10, 20).map((id) => ({ realm: world.realm, key: [id] }));
    await world.store.write((tx) =>
      tx.apply([{ table: accounts, inserts: [], updates: keys.map((k) => ({ ...k, changes: { balance: 0n } })), deletes: [] }]),
    );
    const add = async (tx: WriteTransaction, order: typeof keys) => {
      const rows = await tx.load(accounts, order);
      const updates = order.map((key, i) => ({ ...key, changes: { balance: (rows[i]?.["balance"] as bigint) + 1n } }));
      await tx.apply([{ table: accounts, inserts: [], updates, deletes: [] }]);
    };
    const rounds = 25;
    await Promise.all([
      ...Array.from({ length: rounds }, () => world.store.write((tx) => add(tx, keys))),
      ...Array.from({ length: rounds }, () => other.write((tx) => add(tx, keys.toReversed()))),
    ]);
    for (const { key } of keys) expect((await get(world.store, key[0] ?? ""))?.["balance"]).toBe(BigInt(2 * rounds));
  });

  test("a shape that waits for a lock does not hold up other shapes", async () => {
    const locking = await outside.reserve();
    await locking.unsafe("BEGIN");
    await locking.unsafe("LOCK TABLE entries IN ACCESS EXCLUSIVE MODE");
    const shape = { ...rowsShape("locked entries"), table: entries, joins: [], links: [], select: ["id"] };
    let done = false;
    const waiting = Promise.resolve(world.store.read(shape, [{ realm: world.realm, params: [], limit: 1 }])).then((rows) => {
      done = true;
      return rows;
    });
    await Bun.sleep(10);
    for (let i = 0; i < 20; i += 1) expect((await get(world.store, ids[i] ?? ""))?.["id"]).toBe(ids[i] as string);
    expect(done).toBe(false);
    await locking.unsafe("COMMIT");
    await locking.release();
    expect(await waiting).toEqual([[]]);
  });

  test("a statement that takes too long is a timeout, and the store goes on", async () => {
    const impatient = await openStore(world.database.url, { timeoutMs: 200 });
    const locking = await outside.reserve();
    await locking.unsafe("BEGIN");
    await locking.unsafe("LOCK TABLE accounts IN ACCESS EXCLUSIVE MODE");
    const reads = [get(impatient, ids[0] ?? ""), get(impatient, ids[1] ?? ""), get(impatient, ids[2] ?? "")];
    expect(await Promise.all(reads.map((read) => kindOf(() => read)))).toEqual(["timeout", "timeout", "timeout"]);
    await locking.unsafe("COMMIT");
    await locking.release();
    expect((await get(impatient, ids[0] ?? ""))?.["id"]).toBe(ids[0] as string);
    await impatient.close();
  });

  test("the connection dies in the middle of a transaction: nothing of it stays, the next one works", async () => {
    const kind = await kindOf(() =>
      world.store.write(async (tx) => {
        await tx.apply([inserts(countries, world.realm, [country("X1")])]);
        await outside`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pons' AND state = 'idle in transaction' AND datname = current_database()`;
        await Bun.sleep(20);
        await tx.apply([inserts(countries, world.realm, [country("X2")])]);
      }),
    );
    expect(kind).toBe("unavailable");
    await world.store.write((tx) => tx.apply([inserts(countries, world.realm, [country("X3")])]));
    expect([
      await hasCountry(world.store, "X1"),
      await hasCountry(world.store, "X2"),
      await hasCountry(world.store, "X3"),
    ]).toEqual([false, false, true]);
  });

  test("all connections die while idle: the next read and the next write work", async () => {
    await get(world.store, ids[0] ?? "");
    await outside`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pons' AND datname = current_database()`;
    await Bun.sleep(50);
    await world.store.write((tx) => tx.apply([inserts(countries, world.realm, [country("Y1")])]));
    expect(await hasCountry(world.store, "Y1")).toBe(true);
    expect((await get(other, ids[0] ?? ""))?.["id"]).toBe(ids[0] as string);
  });

  test("a commit without an answer is of unknown fate; here it happened", async () => {
    await using proxy = severingProxy(world.database.url);
    const store = await openStore(proxy.url);
    proxy.severAt("COMMIT");
    expect(await kindOf(() => store.write((tx) => tx.apply([inserts(countries, world.realm, [country("Z1")])])))).toBe(
      "unknown_fate",
    );
    await Bun.sleep(50);
    expect(await hasCountry(world.store, "Z1")).toBe(true);
    await store.write((tx) => tx.apply([inserts(countries, world.realm, [country("Z2")])]));
    expect(await hasCountry(store, "Z2")).toBe(true);
    await store.close();
  });

  test("a statement without an answer is unavailable; nothing happened", async () => {
    await using proxy = severingProxy(world.database.url);
    const store = await openStore(proxy.url);
    await store.write((tx) => tx.apply([inserts(countries, world.realm, [country("W0")])]));
    proxy.severAt("W1");
    expect(await kindOf(() => store.write((tx) => tx.apply([inserts(countries, world.realm, [country("W1")])])))).toBe(
      "unavailable",
    );
    expect(await hasCountry(world.store, "W1")).toBe(false);
    await store.write((tx) => tx.apply([inserts(countries, world.realm, [country("W2")])]));
    expect(await hasCountry(store, "W2")).toBe(true);
    await store.close();
  });

  test("a work that swallows an error of the database does not commit in silence", async () => {
    const row = accountRow(0);
    const kind = await kindOf(() =>
      world.store.write(async (tx) => {
        await kindOf(() => tx.apply([inserts(accounts, world.realm, [row])]));
      }),
    );
    expect(kind).toBe("broken");
  });

  test("nobody listens, or the name is wrong: unavailable", async () => {
    expect(await kindOf(() => openStore("postgres://pons@127.0.0.1:1/none"))).toBe("unavailable");
    const url = new URL(world.database.url);
    url.pathname = "/no_such_database";
    expect(await kindOf(() => openStore(url.href))).toBe("unavailable");
    expect(await kindOf(() => openStore("mysql://x"))).toBeInstanceOf(TypeError);
  });

  test(
    "the server goes away and comes back",
    async () => {
      await using server = await startPostgres();
      const url = await server.createDatabase();
      const store = await openStore(url);
      await store.ping();
      await server.kill9();
      expect(await kindOf(() => store.ping())).toBe("unavailable");
      // A write that asks for something before it commits: one that only commits may be told that the commit got no answer.
      const write = () => kindOf(() => store.write((tx) => tx.load(countries, [{ realm: 1, key: ["XX"] }])));
      let kind = await write();
      // The process behind a connection may outlive the server's by a moment; it says that there is no such table.
      for (let left = 100; kind === "broken" && left > 0; left -= 1) {
        await Bun.sleep(20);
        kind = await write();
      }
      expect(kind).toBe("unavailable");
      await server.start();
      let attempts = 0;
      while ((await kindOf(() => store.ping())) !== "nothing" && attempts < 100) {
        attempts += 1;
        await Bun.sleep(50);
      }
      await store.ping();
      expect(await store.write(() => 1)).toBe(1);
      await store.close();
    },
    minute,
  );
});
