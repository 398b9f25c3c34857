/**
 * The second layer between tenants, on a real Postgres: statements that forget the realm, or name the wrong one, on the connections that calls
 * run on. And the rights of the role that they run as.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { SQL } from "bun";
import { compileServices, tablesOf } from "../../src/host/app.ts";
import { loadServices } from "../../src/host/load-services.ts";
import { keyShape } from "../../src/store/key-shape.ts";
import {
  applyMigration,
  checkSchema,
  isMigratedTo,
  openStore,
  planMigration,
  type Row,
  type Table,
} from "../../src/store/index.ts";
import { ReadingSession } from "../../src/store/postgres/reading-session.ts";
import { ownerSettings } from "../../src/store/postgres/row-security.ts";
import { prepareServer, type Server } from "../../src/store/postgres/runtime-role.ts";
import { openSession } from "../../src/store/postgres/session.ts";
import { Transaction } from "../../src/store/postgres/transaction.ts";
import { accountRow, accountRows, textOf } from "./rows.ts";
import { accounts, allTables, countries, entries, memberships } from "./tables.ts";
import { emptyWorld, engines, filledWorld, inserts, type World } from "./world.ts";

const minute = 60_000;
const timeoutMs = 10_000;
const postgres = engines.find(({ engine }) => engine === "postgres");
if (postgres === undefined) throw new Error("no Postgres to test on");

/** SQLSTATEs. */
const denied = "42501";
const unset = "42704";
const malformed = "22P02";

const stateOf = async (work: () => unknown): Promise<unknown> => {
  try {
    await work();
  } catch (error) {
    return (error as { readonly errno?: unknown }).errno ?? error;
  }
  return "nothing";
};

const serverOf = async (url: string): Promise<Server> => {
  const owner = openSession({ url, timeoutMs, settings: ownerSettings });
  try {
    return await prepareServer(owner);
  } finally {
    await owner.close();
  }
};

describe("row-level security", () => {
  let world: World;
  let server: Server;
  let open: SQL[] = [];
  beforeAll(async () => {
    world = await filledWorld(postgres);
    await world.store.write((tx) =>
      tx.apply([world.realm, world.otherRealm].map((realm) => inserts(entries, realm, [{ id: 1, amount: 1n }]))),
    );
    server = await serverOf(world.database.url);
  }, minute);
  afterAll(async () => {
    for (const session of open) await session.close();
    open = [];
    await world[Symbol.asyncDispose]();
  });

  /** A connection as calls have it, with these settings more. */
  const asCalls = (settings: Readonly<Record<string, string>> = {}): SQL => {
    const session = openSession({ url: world.database.url, timeoutMs, settings: { ...server.settings, ...settings } });
    open.push(session);
    return session;
  };
  const asOwner = (settings: Readonly<Record<string, string>> = {}): SQL => {
    const session = openSession({ url: world.database.url, timeoutMs, settings });
    open.push(session);
    return session;
  };
  const countOf = async (session: SQL, table: string): Promise<number> =>
    Number((await session.unsafe(`SELECT count(*) AS count FROM ${table}`))[0].count);
  /** How many rows each realm has, by whoever sees all. */
  const countsOf = async (table: string): Promise<Record<string, number>> => {
    const rows = await world.store.admin.query(`SELECT realm, count(*)::int4 AS count FROM ${table} GROUP BY realm`);
    return Object.fromEntries(rows.map((row) => [String(row["realm"]), Number(row["count"])]));
  };

  test("calls run as a role that owns nothing, cannot log in and is bound", async () => {
    const session = asCalls({ "pons.realms": "{}" });
    const [row] = await session.unsafe(
      "SELECT current_user::text AS role, rolsuper, rolbypassrls, rolcanlogin FROM pg_roles WHERE rolname = current_user",
    );
    expect(row).toEqual({ role: `${server.owner}_runtime`, rolsuper: false, rolbypassrls: false, rolcanlogin: false });
    const [owned] = await session.unsafe(
      "SELECT count(*)::int4 AS count FROM pg_class WHERE pg_get_userbyid(relowner) = current_user",
    );
    expect(owned.count).toBe(0);
    expect(await stateOf(() => session.unsafe("CREATE TABLE mine (x integer)"))).toBe(denied);
    expect(await stateOf(() => session.unsafe("SELECT * FROM pons_realms"))).toBe(denied);
    expect(await stateOf(() => session.unsafe("SELECT * FROM pons_schema"))).toBe(denied);
  });

  const attempts: readonly (readonly [name: string, sql: string])[] = [
    ["read", "SELECT * FROM accounts"],
    ["read by key", "SELECT * FROM accounts WHERE realm = $1 AND id = $2"],
    ["count", "SELECT count(*) FROM accounts"],
    ["change", "UPDATE accounts SET note = 'stolen'"],
    ["remove", "DELETE FROM memberships"],
    ["lock", "SELECT * FROM accounts FOR UPDATE"],
    ["write", "INSERT INTO countries (realm, id, title) VALUES ($1, 'XX', $2)"],
  ];

  test.each(attempts)("SECURITY 29: a connection that was told no realms can %s nothing", async (_, sql) => {
    const id = textOf(accountRow(1)["id"]);
    const values = sql.includes("$1") ? [world.realm, id] : [];
    const before = await countsOf("accounts");
    expect(await stateOf(() => asCalls().unsafe(sql, values))).toBe(unset);
    // What a transaction was told ends with it, and leaves an empty text.
    const session = asCalls();
    await session.unsafe(`BEGIN; SET LOCAL pons.realms = '{${world.realm}}'`);
    await session.unsafe("COMMIT");
    expect(await stateOf(() => session.unsafe(sql, values))).toBe(malformed);
    expect(await countsOf("accounts")).toEqual(before);
    expect((await countsOf("countries"))[world.realm]).toBe(3);
  });

  test("SECURITY 29: with an empty set of realms nothing is seen and nothing written", async () => {
    const session = asCalls({ "pons.realms": "{}" });
    for (const { name } of allTables) expect(await countOf(session, name)).toBe(0);
    expect((await session.unsafe("UPDATE accounts SET note = 'stolen'")).count).toBe(0);
    expect((await session.unsafe("DELETE FROM memberships")).count).toBe(0);
    expect(
      await stateOf(() => session.unsafe("INSERT INTO countries (realm, id, title) VALUES ($1, 'XX', 'x')", [world.realm])),
    ).toBe(denied);
  });

  test("SECURITY 29: the owner is bound too, until he says that he looks at all realms; a call cannot say so", async () => {
    expect(await stateOf(() => asOwner().unsafe("SELECT * FROM accounts"))).toBe(unset);
    expect(await countOf(asOwner({ "pons.all_realms": "off" }), "accounts")).toBe(0);
    expect(await countOf(asOwner({ "pons.all_realms": "on" }), "accounts")).toBe(2 * accountRows.length);
    expect(await countOf(asCalls({ "pons.all_realms": "on" }), "accounts")).toBe(0);
  });

  test("SECURITY 29: with one realm's setting no statement reads, changes, removes or writes rows of another", async () => {
    const { realm, otherRealm } = world;
    const session = asCalls({ "pons.realms": `{${realm}}` });
    const before = await countsOf("accounts");
    expect(before[otherRealm]).toBe(accountRows.length);
    expect(await session.unsafe("SELECT DISTINCT realm FROM accounts")).toHaveLength(1);
    expect(await session.unsafe("SELECT * FROM accounts WHERE realm = $1", [otherRealm])).toHaveLength(0);
    expect(await session.unsafe("SELECT * FROM accounts WHERE name LIKE 'leaked%'")).toHaveLength(0);
    await session.unsafe("BEGIN");
    expect((await session.unsafe("UPDATE accounts SET note = 'stolen'")).count).toBe(accountRows.length);
    expect((await session.unsafe("UPDATE accounts SET note = 'stolen' WHERE realm = $1", [otherRealm])).count).toBe(0);
    expect((await session.unsafe("DELETE FROM memberships WHERE realm <> $1", [realm])).count).toBe(0);
    await session.unsafe("ROLLBACK");
    const insert = "INSERT INTO countries (realm, id, title) VALUES ($1, 'XX', 'x')";
    expect(await stateOf(() => session.unsafe(insert, [otherRealm]))).toBe(denied);
    // A row cannot be moved into another realm either.
    expect(await stateOf(() => session.unsafe("UPDATE entries SET realm = $1", [otherRealm]))).toBe(denied);
    expect(await stateOf(() => session.unsafe("UPDATE memberships SET realm = $1", [otherRealm]))).toBe(denied);
    expect(await countsOf("accounts")).toEqual(before);
  });

  test("SECURITY 29: the installation's realm is a realm like any other", async () => {
    await world.store.write((tx) => tx.apply([inserts(countries, 0, [{ id: "ZZ", title: "of the installation", area: null }])]));
    expect(await countOf(asCalls({ "pons.realms": `{${world.realm}}` }), "countries")).toBe(3);
    expect(await countOf(asCalls({ "pons.realms": "{0}" }), "countries")).toBe(1);
    expect(await countOf(asCalls({ "pons.realms": `{0,${world.realm}}` }), "countries")).toBe(4);
    await world.store.write((tx) =>
      tx.apply([{ table: countries, inserts: [], updates: [], deletes: [{ realm: 0, key: ["ZZ"] }] }]),
    );
  });

  describe("the store's own connections", () => {
    let reading: ReadingSession;
    beforeAll(() => {
      reading = new ReadingSession({ url: world.database.url, timeoutMs, settings: server.settings });
    });
    afterAll(() => reading.close());

    test("SECURITY 29: a wrong condition on the connection that reads leaks nothing", async () => {
      const { realm, otherRealm } = world;
      const ids = async (realms: readonly number[], sql: string) => (await reading.values(realms, sql, [])).map(([id]) => id);
      const own = new Set<unknown>(accountRows.map((row) => row["id"]));
      expect(new Set(await ids([realm], "SELECT id FROM accounts"))).toEqual(own);
      expect(await ids([realm], `SELECT id FROM accounts WHERE realm = ${otherRealm}`)).toEqual([]);
      expect(
        await ids([realm], "SELECT a.id FROM accounts AS a JOIN accounts AS b ON a.id = b.id AND a.realm <> b.realm"),
      ).toEqual([]);
      expect(await ids([realm], "SELECT id FROM accounts WHERE realm = realm OR true")).toHaveLength(own.size);
      expect(await ids([realm, otherRealm], "SELECT id FROM accounts")).toHaveLength(2 * own.size);
      // After another realm's statement on the same connection.
      expect(await ids([otherRealm], "SELECT id FROM accounts WHERE name NOT LIKE 'leaked%'")).toEqual([]);
      expect(await ids([realm], "SELECT id FROM accounts WHERE name LIKE 'leaked%'")).toEqual([]);
    });

    test("SECURITY 29: statements of many realms, sent without waiting, see the rows of their own each", async () => {
      const { realm, otherRealm } = world;
      const sets = [[realm], [otherRealm], [realm, otherRealm], [otherRealm], [realm, realm, realm]];
      const asked = Array.from({ length: 600 }, (_, i) => sets[(i * 7) % sets.length] ?? []);
      const seen = await Promise.all(
        asked.map((realms, i) =>
          // Every eleventh is new to the connection, and is prepared first.
          reading.values(
            realms,
            `SELECT DISTINCT realm FROM accounts WHERE realm >= $1::integer${i % 11 === 0 ? ` AND ${i} = ${i}` : ""} ORDER BY realm`,
            [0],
          ),
        ),
      );
      expect(seen.map((rows) => rows.map(([of]) => Number(of)))).toEqual(
        asked.map((realms) => [...new Set(realms)].toSorted((a, b) => a - b)),
      );
    });

    test("SECURITY 29: a wrong condition in the transaction that writes touches nothing of realms that it has not named", async () => {
      const { realm, otherRealm } = world;
      const session = openSession({ url: world.database.url, timeoutMs, settings: server.settings });
      const connection = await session.reserve();
      const transaction = new Transaction(connection);
      const touched = async (realms: readonly number[], sql: string) => (await transaction.values(realms, sql, [])).length;
      expect(await touched([realm], "UPDATE accounts SET note = 'x' RETURNING id")).toBe(accountRows.length);
      expect(await touched([realm], `DELETE FROM accounts WHERE realm = ${otherRealm} RETURNING id`)).toBe(0);
      expect(await touched([otherRealm], "UPDATE accounts SET note = 'x' RETURNING id")).toBe(2 * accountRows.length);
      await transaction.settled();
      await connection.unsafe("ROLLBACK");
      const second = new Transaction(connection);
      // Nothing of it stays for the next transaction.
      expect(await second.values([otherRealm], "SELECT DISTINCT realm FROM accounts", [])).toHaveLength(1);
      await connection.unsafe("ROLLBACK");
      await connection.release();
      await session.close();
    });

    test("a savepoint that is rolled back takes realms that were named behind it along; they are named again", async () => {
      const { realm, otherRealm, store } = world;
      const id = textOf(accountRow(1)["id"]);
      const names = await store.write(async (tx) => {
        const name = async (of: number) => textOf((await tx.load(accounts, [{ realm: of, key: [id] }]))[0]?.["name"]);
        const seen = [await name(realm)];
        const savepoint = await tx.savepoint();
        seen.push(await name(otherRealm));
        await savepoint.rollback();
        return [...seen, await name(otherRealm), await name(realm)];
      });
      const own = textOf(accountRow(1)["name"]);
      expect(names).toEqual([own, `leaked ${own}`, `leaked ${own}`, own]);
    });

    test("a connection that is lost is never taken for a database without rows", async () => {
      const { realm, otherRealm, store } = world;
      const shape = keyShape(accounts, ["id"]);
      const id = textOf(accountRow(2)["id"]);
      let answered = 0;
      for (let round = 0; round < 25; round++) {
        const reads = Array.from({ length: 6 }, async (_, i) => {
          const of = (round + i) % 2 === 0 ? realm : otherRealm;
          const [rows = []] = await store.read(shape, [{ realm: of, params: [id] }]);
          const own = textOf(accountRow(2)["name"]);
          expect(rows.map((row: Row) => row["name"])).toEqual([of === realm ? own : `leaked ${own}`]);
          answered += 1;
        });
        const killed = store.admin.query(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND usename = session_user",
        );
        for (const outcome of await Promise.allSettled(reads)) {
          if (outcome.status === "rejected") expect(outcome.reason).toMatchObject({ kind: "unavailable" });
        }
        await killed;
        if (round % 5 === 0) await Bun.sleep(20);
      }
      expect(answered).toBeGreaterThan(0);
    });
  });

  test("SECURITY 64: the role of the calls has no right to change or remove rows of an append-only table", async () => {
    const session = asCalls({ "pons.realms": `{${world.realm}}` });
    await world.store.admin.query("ALTER TABLE entries DISABLE TRIGGER ALL");
    try {
      expect(await countOf(session, "entries")).toBe(1);
      for (const sql of [
        "UPDATE entries SET amount = 2",
        "DELETE FROM entries",
        "TRUNCATE entries",
        "SELECT * FROM entries FOR UPDATE",
      ])
        expect(await stateOf(() => session.unsafe(sql))).toBe(denied);
      expect(await stateOf(() => session.unsafe("ALTER TABLE entries ENABLE TRIGGER ALL"))).toBe(denied);
      expect(await stateOf(() => session.unsafe("DROP POLICY pons_realms ON entries"))).toBe(denied);
    } finally {
      await world.store.admin.query("ALTER TABLE entries ENABLE TRIGGER ALL");
    }
    const change = {
      table: entries,
      inserts: [],
      updates: [{ realm: world.realm, key: [1], changes: { amount: 2n } }],
      deletes: [],
    };
    expect((async () => world.store.write((tx) => tx.apply([change])))()).rejects.toMatchObject({
      kind: "check",
      table: "entries",
    });
    // Reading its rows in a transaction needs no lock.
    const [row] = await world.store.write((tx) => tx.load(entries, [{ realm: world.realm, key: [1] }]));
    expect(row?.["amount"]).toBe(1n);
  });
});

interface Guarded {
  readonly name: string;
  readonly hasRealm: boolean;
  readonly forced: boolean;
  readonly policies: readonly string[] | null;
  readonly rights: readonly string[] | null;
}

const guardedSql = `SELECT c.relname AS name, c.relrowsecurity AND c.relforcerowsecurity AS forced,
    EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'realm' AND NOT a.attisdropped) AS "hasRealm",
    (SELECT json_agg(p.polname || ' ' || (SELECT string_agg(pg_get_userbyid(r), ',') FROM unnest(p.polroles) r) ORDER BY p.polname)
      FROM pg_policy p WHERE p.polrelid = c.oid) AS policies,
    (SELECT json_agg(r) FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) r
      WHERE has_table_privilege($1, c.oid, r)) AS rights
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p') ORDER BY c.relname`;

test(
  "SECURITY 29, 64: every table of an installation with all shipped services is guarded",
  async () => {
    await using database = await postgres.create();
    const store = await openStore(database.url);
    const services = await loadServices([]);
    const tables = tablesOf(compileServices(services.map(({ definition }) => definition)).values());
    await applyMigration(store, await planMigration(store, tables), { destructive: false });
    const { owner, runtime = "" } = await serverOf(database.url);
    const found = (await store.admin.query(guardedSql, [runtime])) as unknown as Guarded[];
    await store.close();
    const byName = new Map(tables.map((table) => [table.name, table]));
    expect(found.filter(({ hasRealm }) => !hasRealm).map(({ name }) => name)).toEqual(["pons_schema"]);
    expect(found.length).toBe(tables.length + 2);
    expect(tables.some(({ appendOnly }) => appendOnly)).toBe(true);
    for (const { name, hasRealm, forced, policies, rights } of found) {
      const table = byName.get(name);
      const wanted = table === undefined ? null : ["SELECT", "INSERT", ...(table.appendOnly ? [] : ["UPDATE", "DELETE"])];
      expect({ name, rights }).toEqual({ name, rights: wanted });
      if (hasRealm)
        expect({ name, forced, policies }).toEqual({
          name,
          forced: true,
          policies: [`pons_owner ${owner}`, `pons_realms ${runtime}`],
        });
    }
  },
  minute,
);

describe("migration to row-level security", () => {
  const summaries = async (world: World, tables: readonly Table[] = allTables) =>
    (await planMigration(world.store, tables)).steps.map(({ summary }) => summary);

  test(
    "tables without it get it, and a server does not take them as they are",
    async () => {
      await using world = await emptyWorld(postgres);
      const { admin } = world.store;
      expect(await isMigratedTo(world.store, allTables)).toBe(true);
      const { runtime = "" } = await serverOf(world.database.url);
      for (const name of [...allTables.map((table) => table.name), "pons_realms"]) {
        await admin.query(`DROP POLICY pons_realms ON ${name}`);
        await admin.query(`DROP POLICY pons_owner ON ${name}`);
        await admin.query(`ALTER TABLE ${name} DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY`);
        await admin.query(`REVOKE ALL ON ${name} FROM "${runtime}"`);
      }
      // What was remembered before there were guards.
      for (const row of await admin.query("SELECT name, definition FROM pons_schema")) {
        const definition = String(row["definition"]).replace(/,"guard":.*$/, "}");
        const hash = new Bun.CryptoHasher("sha256").update(definition).digest("hex");
        await admin.query("UPDATE pons_schema SET definition = $1, hash = $2 WHERE name = $3", [
          definition,
          hash,
          String(row["name"]),
        ]);
      }
      expect(await isMigratedTo(world.store, allTables)).toBe(false);
      expect(await summaries(world)).toEqual(
        ["pons_realms", ...allTables.map(({ name }) => name)].map((name) => `guard the rows of ${name}`),
      );
      await applyMigration(world.store, await planMigration(world.store, allTables), { destructive: false });
      expect(await checkSchema(world.store, allTables)).toEqual({ fits: true });
      expect(await isMigratedTo(world.store, allTables)).toBe(true);
      await world.store.write((tx) => tx.apply([inserts(countries, world.realm, [{ id: "A", title: "a", area: null }])]));
      expect((await world.store.read(keyShape(countries, ["id"]), [{ realm: world.otherRealm, params: ["A"] }]))[0]).toEqual([]);
    },
    minute,
  );

  const tampering: readonly (readonly [name: string, sql: string])[] = [
    ["row-level security is off", "ALTER TABLE accounts DISABLE ROW LEVEL SECURITY"],
    ["the owner is not bound", "ALTER TABLE accounts NO FORCE ROW LEVEL SECURITY"],
    ["a policy is missing", "DROP POLICY pons_realms ON accounts"],
    ["a policy lets everybody through", "CREATE POLICY everything ON accounts USING (true)"],
    ["a policy is for everybody", "ALTER POLICY pons_owner ON accounts TO PUBLIC"],
    ["a right is missing", "REVOKE DELETE ON accounts FROM :runtime"],
    ["there is a right too many", "GRANT TRUNCATE ON accounts TO :runtime"],
  ];

  test(
    "what somebody changed is found and put back",
    async () => {
      await using world = await emptyWorld(postgres);
      const { runtime = "" } = await serverOf(world.database.url);
      for (const [name, sql] of tampering) {
        await world.store.admin.query(sql.replace(":runtime", `"${runtime}"`));
        expect([name, await summaries(world)]).toEqual([name, ["guard the rows of accounts"]]);
        await applyMigration(world.store, await planMigration(world.store, allTables), { destructive: false });
        expect([name, await summaries(world)]).toEqual([name, []]);
      }
      // Somebody else's role may be let through by a policy of its own.
      await world.store.admin.query("CREATE POLICY reports ON accounts TO pg_monitor USING (true)");
      expect(await summaries(world)).toEqual([]);
    },
    minute,
  );

  test("rights follow when a table becomes append-only", async () => {
    await using world = await emptyWorld(postgres);
    const changed = allTables.map((table) => (table === memberships ? { ...table, appendOnly: true } : table));
    expect(await summaries(world, changed)).toEqual(["make memberships append-only", "guard the rows of memberships"]);
    await applyMigration(world.store, await planMigration(world.store, changed), { destructive: false });
    const { runtime = "" } = await serverOf(world.database.url);
    const [row] = await world.store.admin.query("SELECT has_table_privilege($1, 'memberships', 'UPDATE') AS updates", [runtime]);
    expect(row).toEqual({ updates: false });
  });
});
