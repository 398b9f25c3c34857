/** The role that calls run as, for owners of all kinds: it is made, found, missing, or not bound. */
import { afterEach, describe, expect, test } from "bun:test";
import { SQL } from "bun";
import { applyMigration, openStore, planMigration, realmOf } from "../../src/store/index.ts";
import { keyShape } from "../../src/store/key-shape.ts";
import { createDatabaseOn, dropDatabaseOn } from "../postgres/database.ts";
import { sharedPostgres } from "../postgres/index.ts";
import { allTables, countries } from "./tables.ts";
import { inserts } from "./world.ts";

const minute = 60_000;

describe("the role of the calls", () => {
  const databases: string[] = [];
  const roles: string[] = [];

  const admin = async (...statements: readonly string[]): Promise<void> => {
    const sql = new SQL(await sharedPostgres(), { max: 1 });
    try {
      for (const statement of statements) await sql.unsafe(statement);
    } finally {
      await sql.close();
    }
  };

  afterEach(async () => {
    const url = await sharedPostgres();
    for (const name of databases.splice(0)) await dropDatabaseOn(url, name);
    for (const role of roles.splice(0).toReversed()) await admin(`DROP ROLE IF EXISTS ${role}`);
  });

  /** A login with these attributes. */
  const login = async (attributes: string): Promise<string> => {
    const name = `own_${crypto.randomUUID().replaceAll("-", "").slice(0, 12)}`;
    await admin(`CREATE ROLE ${name} LOGIN ${attributes} PASSWORD 'secret'`);
    roles.push(name, `${name}_runtime`);
    return name;
  };

  /** A fresh database of the login; its address. */
  const databaseOf = async (owner: string): Promise<string> => {
    const url = new URL(await createDatabaseOn(await sharedPostgres()));
    const name = url.pathname.slice(1);
    databases.push(name);
    await admin(`ALTER DATABASE ${name} OWNER TO ${owner}`);
    url.username = owner;
    url.password = "secret";
    return url.href;
  };

  /** Migrates, and writes and reads a row; what calls run as, and what the store has to go without. */
  const use = async (url: string): Promise<{ readonly role: string; readonly doubts: readonly string[] }> => {
    await using store = await opened(url);
    await applyMigration(store, await planMigration(store, allTables), { destructive: false });
    const realm = await realmOf(store, "acme", "live");
    await store.write((tx) => tx.apply([inserts(countries, realm, [{ id: "A", title: "a", area: null }])]));
    const read = (of: number) => store.read(keyShape(countries, ["id"]), [{ realm: of, params: ["A"] }]);
    expect((await read(realm))[0]).toEqual([{ id: "A", title: "a", area: null }]);
    expect((await read(realm + 1))[0]).toEqual([]);
    const [row] = await store.admin.query(
      "SELECT (SELECT string_agg(pg_get_userbyid(r), ',') FROM unnest(polroles) r) AS role FROM pg_policy WHERE polname = 'pons_realms' AND polrelid = 'countries'::regclass",
    );
    return { role: String(row?.["role"]), doubts: store.admin.doubts };
  };

  const opened = async (url: string) => {
    const store = await openStore(url);
    return Object.assign(store, { [Symbol.asyncDispose]: async () => store.close() });
  };

  test("is made by an owner who may make roles", async () => {
    const owner = await login("CREATEROLE");
    expect(await use(await databaseOf(owner))).toEqual({ role: `${owner}_runtime`, doubts: [] });
    // A second database of the same owner finds it.
    expect(await use(await databaseOf(owner))).toEqual({ role: `${owner}_runtime`, doubts: [] });
  });

  test(
    "is made once by many processes that start at the same time",
    async () => {
      const owner = await login("CREATEROLE");
      const urls = await Promise.all(Array.from({ length: 6 }, () => databaseOf(owner)));
      const used = await Promise.all(urls.map(use));
      expect(used).toEqual(urls.map(() => ({ role: `${owner}_runtime`, doubts: [] })));
    },
    minute,
  );

  test("is used where somebody else has made it", async () => {
    const owner = await login("");
    await admin(`CREATE ROLE ${owner}_runtime NOLOGIN ROLE ${owner}`);
    expect(await use(await databaseOf(owner))).toEqual({ role: `${owner}_runtime`, doubts: [] });
  });

  test("is used by a superuser too, whom row-level security would not bind", async () => {
    const owner = await login("SUPERUSER");
    expect(await use(await databaseOf(owner))).toEqual({ role: `${owner}_runtime`, doubts: [] });
  });

  test("SECURITY 29: without it calls run as the owner, who is bound as well, and the store says so", async () => {
    const owner = await login("");
    const url = await databaseOf(owner);
    expect(await use(url)).toEqual({
      role: owner,
      doubts: [expect.stringContaining(`CREATE ROLE "${owner}_runtime" NOLOGIN ROLE`)],
    });
    const direct = new SQL(url, { max: 1, connection: { "pons.realms": "{999}" } });
    expect(await direct.unsafe("SELECT * FROM countries")).toHaveLength(0);
    await direct.close();
    // When it is there, a migration hands the calls over to it.
    await admin(`CREATE ROLE ${owner}_runtime NOLOGIN ROLE ${owner}`);
    await using store = await opened(url);
    const plan = await planMigration(store, allTables);
    expect(plan.steps.map(({ summary }) => summary)).toEqual(
      ["pons_realms", ...allTables.map(({ name }) => name)].map((name) => `guard the rows of ${name}`),
    );
    await applyMigration(store, plan, { destructive: false });
    const realm = await realmOf(store, "acme", "live");
    expect((await store.read(keyShape(countries, ["id"]), [{ realm, params: ["A"] }]))[0]).toHaveLength(1);
  });

  test("SECURITY 29: an owner whom nothing binds is refused", async () => {
    const url = await databaseOf(await login("BYPASSRLS"));
    expect((async () => openStore(url))()).rejects.toMatchObject({
      kind: "broken",
      message: expect.stringContaining("does not bind"),
    });
  });

  test("SECURITY 29: a role of the calls that nothing binds is refused", async () => {
    const owner = await login("");
    await admin(`CREATE ROLE ${owner}_runtime NOLOGIN BYPASSRLS ROLE ${owner}`);
    const url = await databaseOf(owner);
    expect((async () => openStore(url))()).rejects.toMatchObject({
      kind: "broken",
      message: expect.stringContaining("NOBYPASSRLS"),
    });
  });

  test("tables in a schema that has the owner's name are found by the calls", async () => {
    const owner = await login("CREATEROLE");
    const url = await databaseOf(owner);
    const direct = new SQL(url, { max: 1 });
    await direct.unsafe(`CREATE SCHEMA ${owner}`);
    await direct.close();
    expect(await use(url)).toEqual({ role: `${owner}_runtime`, doubts: [] });
  });
});
