import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { accountRow, textOf } from "../../test/store/rows.ts";
import { accounts, allTables, customers, entries } from "../../test/store/tables.ts";
import { emptyWorld, engines, inserts } from "../../test/store/world.ts";
import type { World } from "../../test/store/world.ts";
import { applyMigration, checkSchema, openStore, planMigration, realmOf } from "./index.ts";
import { keyShape } from "./key-shape.ts";
import type { Plan } from "./index.ts";
import type { Row } from "./store.ts";
import type { Column, Table } from "./table.ts";

const minute = 60_000;

const column = (field: string, options: Partial<Column> = {}): Column => ({
  field,
  name: field,
  type: "text",
  nullable: false,
  ...options,
});

const things: Table = {
  name: "things",
  columns: [
    column("id"),
    column("title"),
    column("size", { type: "integer", nullable: true }),
    column("day", { type: "date", nullable: true }),
  ],
  key: ["id"],
  indexes: [{ name: "by_size", fields: ["size"], unique: false }],
  references: [],
  appendOnly: false,
};

const parts: Table = {
  ...things,
  name: "parts",
  columns: [...things.columns, column("thing", { nullable: true })],
  references: [{ field: "thing", table: "things" }],
};

const row: Row = { id: "t1", title: "one", size: 7, day: "2024-02-29" };

const summaries = (plan: Plan) =>
  plan.steps.map((step) => `${step.destructive ? "! " : ""}${step.required ? "" : "(optional) "}${step.summary}`);

interface Case {
  readonly name: string;
  readonly to: Partial<Table>;
  readonly steps: { readonly sqlite: readonly string[]; readonly postgres: readonly string[] } | readonly string[];
  readonly row: Row | undefined;
}

const withColumns = (...columns: Column[]): Partial<Table> => ({ columns });
const [id, title, size, day] = things.columns as [Column, Column, Column, Column];

const cases: readonly Case[] = [
  {
    name: "a nullable column",
    to: withColumns(id, title, size, day, column("extra", { nullable: true })),
    steps: ["add column things.extra"],
    row: { ...row, extra: null },
  },
  {
    name: "a required column with a default",
    to: withColumns(
      id,
      title,
      size,
      day,
      column("extra", { type: "decimal", default: "1.50" }),
      column("on", { type: "boolean", default: true }),
      column("at", { type: "timestamp", default: "2024-01-01T00:00:00.000Z" }),
    ),
    steps: ["add column things.extra", "add column things.on", "add column things.at"],
    row: { ...row, extra: "1.5", on: true, at: "2024-01-01T00:00:00.000Z" },
  },
  {
    name: "a column less: kept without the flag, no longer required",
    to: withColumns(id, size, day),
    steps: {
      sqlite: [
        "rebuild table things: no longer require things.title",
        "! (optional) drop column things.title with all its values",
      ],
      postgres: ["no longer require things.title", "! (optional) drop column things.title with all its values"],
    },
    row: { id: "t1", size: 7, day: "2024-02-29" },
  },
  {
    name: "wider types",
    to: withColumns(id, title, { ...size, type: "decimal" }, { ...day, type: "timestamp" }),
    steps: {
      sqlite: ["rebuild table things: change column things.size to decimal, change column things.day to timestamp"],
      postgres: ["change column things.size to decimal", "change column things.day to timestamp"],
    },
    row: { ...row, size: "7", day: "2024-02-29T00:00:00.000Z" },
  },
  {
    name: "to text",
    to: withColumns(id, title, { ...size, type: "text" }, { ...day, type: "text" }),
    steps: {
      sqlite: ["rebuild table things: change column things.size to text"],
      postgres: ["change column things.size to text", "change column things.day to text"],
    },
    row: { ...row, size: "7" },
  },
  {
    name: "integer to bigint",
    to: withColumns(id, title, { ...size, type: "bigint" }, day),
    steps: ["(optional) remember the definitions"],
    row: { ...row, size: 7n },
  },
  {
    name: "required and no longer required",
    to: withColumns(id, { ...title, nullable: true }, { ...size, nullable: false, default: 0 }, day),
    steps: {
      sqlite: ["rebuild table things: change column things.title to nullable, change column things.size to required"],
      postgres: [
        "change column things.title to nullable",
        "change column things.size to required",
        "drop index things_by_size",
        "create index things_by_size",
      ],
    },
    row,
  },
  {
    name: "indexes",
    to: {
      indexes: [
        { name: "by_size", fields: ["size", "day"], unique: false },
        { name: "by_title", fields: ["title"], unique: true },
      ],
    },
    steps: ["drop index things_by_size", "create index things_by_size", "create unique index things_by_title"],
    row,
  },
  {
    name: "append-only",
    to: { appendOnly: true },
    // On Postgres the role that calls run as loses its rights to change rows.
    steps: { sqlite: ["make things append-only"], postgres: ["make things append-only", "guard the rows of things"] },
    row,
  },
];

for (const engine of engines) {
  describe(`migration on ${engine.engine}`, () => {
    let world: World;
    beforeAll(async () => (world = await emptyWorld(engine)), minute);
    afterAll(() => world[Symbol.asyncDispose]());

    /** Migrates to these tables beside the suite's, and expects that nothing is left to do then. */
    const migrate = async (tables: readonly Table[], options = { destructive: false }): Promise<Plan> => {
      const plan = await planMigration(world.store, [...allTables, ...tables]);
      expect(plan.problems).toEqual([]);
      await applyMigration(world.store, plan, options);
      expect(await checkSchema(world.store, [...allTables, ...tables])).toEqual({ fits: true });
      return plan;
    };
    const read = async (table: Table) =>
      (await world.store.read(keyShape(table, ["id"]), [{ realm: world.realm, params: ["t1"] }]))[0]?.[0];

    for (const { name, to, steps, row: expected } of cases) {
      test(name, async () => {
        await migrate([], { destructive: true });
        await migrate([things, parts]);
        await world.store.write((tx) =>
          tx.apply([inserts(things, world.realm, [row]), inserts(parts, world.realm, [{ ...row, thing: "t1" }])]),
        );
        const wanted = { ...things, ...to };
        const plan = await migrate([wanted, parts]);
        expect(summaries(plan)).toEqual([...("sqlite" in steps ? steps[engine.engine] : steps)]);
        expect(await read(wanted)).toEqual(expected as Row);
        // References to a table that was made anew still hold.
        const orphan = world.store.write.bind(world.store, (tx) =>
          tx.apply([inserts(parts, world.realm, [{ ...row, id: "p2", thing: "nobody" }])]),
        );
        expect((async () => orphan())()).rejects.toMatchObject({ kind: "reference" });
        const destructive = plan.steps.some((step) => step.destructive);
        const left = await planMigration(world.store, [...allTables, wanted, parts]);
        expect(left.steps.filter((step) => step.destructive).length > 0).toBe(destructive);
        await migrate([wanted, parts], { destructive: true });
        expect((await planMigration(world.store, [...allTables, wanted, parts])).steps).toEqual([]);
        expect(await read(wanted)).toEqual(expected as Row);
      });
    }

    test("what cannot be done is said, and nothing is changed", async () => {
      await migrate([], { destructive: true });
      await migrate([things, parts]);
      await world.store.write((tx) => tx.apply([inserts(things, world.realm, [{ ...row, size: null }])]));
      const wanted: Table = {
        ...things,
        columns: [id, { ...title, type: "date" }, { ...size, nullable: false }, day, column("extra")],
      };
      const plan = await planMigration(world.store, [...allTables, wanted, parts]);
      expect(plan.problems).toEqual([
        "things.title is text and cannot become date: give the new field another name",
        "things.size is to be required, but some rows have no value: give it a default",
        "things.extra is new and required, but the table has rows: give it a default",
      ]);
      expect(applyMigration(world.store, plan, { destructive: true })).rejects.toMatchObject({
        name: "MigrationError",
        code: "problems",
      });
      expect(await checkSchema(world.store, [...allTables, wanted, parts])).toMatchObject({ fits: false });
      expect((await planMigration(world.store, [...allTables, { ...things, key: ["title"] }, parts])).problems).toEqual([
        "the key of things is (id) and cannot become (title)",
      ]);
      expect(await read(things)).toEqual({ ...row, size: null });
    });

    test("a failing step undoes the whole migration", async () => {
      await migrate([], { destructive: true });
      await migrate([things]);
      await world.store.write((tx) => tx.apply([inserts(things, world.realm, [row, { ...row, id: "t2" }])]));
      const wanted: Table = {
        ...things,
        columns: [...things.columns, column("extra", { nullable: true })],
        indexes: [{ name: "by_title", fields: ["title"], unique: true }],
      };
      const plan = await planMigration(world.store, [...allTables, wanted]);
      expect(applyMigration(world.store, plan, { destructive: false })).rejects.toMatchObject({
        name: "StoreError",
        kind: "unique",
      });
      expect(await checkSchema(world.store, [...allTables, things])).toEqual({ fits: true });
    });

    test("tables of others are reported and left alone", async () => {
      await migrate([], { destructive: true });
      await world.store.admin.query("CREATE TABLE theirs (x integer)");
      await world.store.admin.query("CREATE INDEX their_own ON accounts (note)");
      const plan = await planMigration(world.store, allTables);
      expect(plan.unknown).toEqual(["theirs"]);
      expect(plan.steps).toEqual([]);
      await world.store.admin.query("DROP TABLE theirs");
      await world.store.admin.query("DROP INDEX their_own");
    });

    test("a table is dropped with the flag only", async () => {
      await migrate([things]);
      const without = await migrate([]);
      expect(summaries(without)).toEqual(["! (optional) drop table things with all its rows"]);
      expect((await planMigration(world.store, allTables)).steps.length).toBe(1);
      await migrate([], { destructive: true });
      expect((await planMigration(world.store, allTables)).steps).toEqual([]);
    });

    test("what somebody took away is put back", async () => {
      await migrate([things]);
      await world.store.admin.query("DROP INDEX things_by_size");
      expect(await checkSchema(world.store, [...allTables, things])).toEqual({
        fits: false,
        missing: ["create index things_by_size"],
      });
      await migrate([things]);
    });

    test("two processes that migrate at once: one does it, the other finds it done", async () => {
      const database = await engine.create();
      const stores = await Promise.all([openStore(database.url), openStore(database.url)]);
      const plans = await Promise.all(stores.map((store) => planMigration(store, allTables)));
      const applied = await Promise.all(
        stores.map((store, i) => applyMigration(store, plans[i] as Plan, { destructive: false })),
      );
      expect(applied.map((a) => a.applied.length > 0).filter(Boolean).length).toBe(1);
      for (const store of stores) expect(await checkSchema(store, allTables)).toEqual({ fits: true });
      const stale = await planMigration(stores[0], [...allTables, things]);
      await applyMigration(stores[1], await planMigration(stores[1], [...allTables, parts, things]), { destructive: false });
      expect(applyMigration(stores[0] as World["store"], stale, { destructive: false })).rejects.toMatchObject({
        code: "changed",
      });
      for (const store of stores) await store.close();
      await database.drop();
    });

    test("definitions that contradict themselves throw", async () => {
      const plan = async (...tables: Table[]) => planMigration(world.store, tables);
      expect(plan(things, things)).rejects.toThrow("two tables");
      expect(plan(parts)).rejects.toThrow("is not there");
      expect(plan({ ...things, name: "pons_schema" })).rejects.toThrow("own table");
      expect(plan({ ...things, columns: [...things.columns, column("realm")] })).rejects.toThrow("realm");
    });

    test("names beyond Postgres's 63 bytes, and names with quotes", async () => {
      const long: Table = {
        ...things,
        name: `t"able_${"x".repeat(50)}`,
        columns: [...things.columns, column("quoted", { name: 'a "quoted" name', nullable: true })],
        indexes: [
          { name: `one_${"y".repeat(50)}`, fields: ["size"], unique: false },
          { name: `two_${"y".repeat(50)}`, fields: ["quoted"], unique: true },
        ],
        appendOnly: true,
      };
      await migrate([], { destructive: true });
      await migrate([long]);
      await world.store.write((tx) => tx.apply([inserts(long, world.realm, [{ ...row, quoted: "q" }])]));
      expect(await read(long)).toEqual({ ...row, quoted: "q" });
      const twice = async () =>
        world.store.write((tx) => tx.apply([inserts(long, world.realm, [{ ...row, id: "t2", quoted: "q" }])]));
      expect(twice()).rejects.toMatchObject({ kind: "unique", index: long.indexes[1]?.name });
      expect((await planMigration(world.store, [...allTables, long])).steps).toEqual([]);
    });

    test("realms are made once, also when two processes ask", async () => {
      const other = await openStore(world.database.url);
      const [a, b] = await Promise.all([realmOf(world.store, "new", "live"), realmOf(other, "new", "live")]);
      expect(a).toBe(b);
      expect(await realmOf(world.store, "new", "sandbox")).not.toBe(a);
      expect(await realmOf(world.store, "new", "live")).toBe(a);
      await other.close();
    });

    test("the suite's tables keep their rows through all of this", async () => {
      await world.store.write((tx) =>
        tx.apply([
          inserts(customers, world.realm, [{ id: "c", name: "n", country: null }]),
          inserts(accounts, world.realm, [{ ...accountRow(1), customer: "c" }]),
          inserts(entries, world.realm, [{ id: 1, amount: 1n }]),
        ]),
      );
      await migrate([things]);
      expect(
        (await world.store.read(keyShape(accounts, ["id"]), [{ realm: world.realm, params: [textOf(accountRow(1)["id"])] }]))[0]
          ?.length,
      ).toBe(1);
    });
  });
}
