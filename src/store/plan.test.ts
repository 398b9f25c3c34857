import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { and, eq, startsWith } from "../define/expression.ts";
import type { Condition, Value } from "../define/expression.ts";
import { compileStatement } from "./compile/statement.ts";
import { nullPatternOf } from "./compile/keyset.ts";
import { asc, desc } from "../../test/store/shapes.ts";
import { accounts } from "../../test/store/tables.ts";
import { emptyWorld, engines } from "../../test/store/world.ts";
import type { World } from "../../test/store/world.ts";
import { compileBatch } from "./postgres/batch.ts";
import { readerOf as postgresReader } from "./postgres/codec.ts";
import { postgresDialect } from "./postgres/dialect.ts";
import { ReadingSession } from "./postgres/reading-session.ts";
import { ownerSettings } from "./postgres/row-security.ts";
import { prepareServer } from "./postgres/runtime-role.ts";
import { openSession } from "./postgres/session.ts";
import { readerOf as sqliteReader } from "./sqlite/codec.ts";
import { sqliteDialect } from "./sqlite/dialect.ts";
import type { Order, ReadCall, RowsShape } from "./store.ts";

const minute = 60_000;
const rowsCount = 100_000;

/** Made inside the database: a hundred thousand accounts, ten to a rank, every tenth without one. */
const fill = {
  sqlite: `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ${rowsCount - 1})
    INSERT INTO accounts (realm, id, name, rank, balance, is_active, changed_at)
    SELECT 1, printf('acc_%08d', i), printf('name %08d', i), CASE WHEN i % 10 = 0 THEN NULL ELSE i / 10 END, i, 1,
      strftime('%Y-%m-%dT%H:%M:%fZ', 1700000000 + i, 'unixepoch') FROM n`,
  postgres: `INSERT INTO accounts (realm, id, name, rank, balance, is_active, changed_at)
    SELECT 1, 'acc_' || lpad(i::text, 8, '0'), 'name ' || lpad(i::text, 8, '0'), CASE WHEN i % 10 = 0 THEN NULL ELSE i / 10 END, i, true,
      to_timestamp(1700000000 + i) FROM generate_series(0, ${rowsCount - 1}) AS i`,
};

const shape = (options: {
  readonly where?: Condition;
  readonly order?: readonly Order[];
  readonly after?: true;
  readonly param?: true | "list";
}): RowsShape => ({
  kind: "rows",
  key: "plan",
  table: accounts,
  joins: [],
  links: [],
  params:
    options.param === undefined
      ? []
      : [{ name: "p", type: "text", ...(options.param === "list" ? { list: true as const } : {}) }],
  select: ["id", "name", "balance"],
  order: options.order ?? [],
  ...(options.where === undefined ? {} : { where: options.where }),
  ...(options.after === undefined ? {} : { after: options.after }),
});

const middle = `acc_${String(rowsCount / 2).padStart(8, "0")}`;
const instant = new Date((1_700_000_000 + rowsCount / 2) * 1000).toISOString();

interface Case {
  readonly name: string;
  readonly shape: RowsShape;
  readonly params?: readonly Value[];
  readonly after?: readonly Value[];
  /** Ties are sorted in memory, a few rows at a time: the index does not have the order of all fields. */
  readonly sorts?: true;
}

const cases: readonly Case[] = [
  { name: "by key", shape: shape({ where: eq({ field: ["id"] }, { param: "p" }), param: true }), params: [middle] },
  {
    name: "by keys",
    shape: shape({ where: and({ op: "in", left: { field: ["id"] }, right: { param: "p" } }), param: "list" }),
    params: [[middle]],
  },
  {
    name: "by a unique index",
    shape: shape({ where: eq({ field: ["name"] }, { param: "p" }), param: true }),
    params: ["name 00000007"],
  },
  {
    name: "first page by an index",
    shape: shape({ order: [asc("changedAt"), asc("id")] }),
  },
  { name: "after an instant", shape: shape({ order: [asc("changedAt"), asc("id")], after: true }), after: [instant, middle] },
  {
    name: "after an instant, descending",
    shape: shape({ order: [desc("changedAt"), desc("id")], after: true }),
    after: [instant, middle],
  },
  {
    name: "after an instant, mixed",
    shape: shape({ order: [desc("changedAt"), asc("id")], after: true }),
    after: [instant, middle],
    sorts: true,
  },
  { name: "after a key", shape: shape({ order: [asc("id")], after: true }), after: [middle] },
  {
    name: "after a value, nulls first",
    shape: shape({ order: [asc("rank"), asc("id")], after: true }),
    after: [rowsCount / 20, middle],
  },
  { name: "after a null, nulls first", shape: shape({ order: [asc("rank"), asc("id")], after: true }), after: [null, middle] },
  {
    name: "after a value, nulls last",
    shape: shape({ order: [desc("rank"), desc("id")], after: true }),
    after: [rowsCount / 20, middle],
  },
  { name: "after a null, nulls last", shape: shape({ order: [desc("rank"), desc("id")], after: true }), after: [null, middle] },
  {
    name: "a prefix",
    shape: shape({ where: and(startsWith({ field: ["name"] }, { param: "p" })), order: [asc("name"), asc("id")], param: true }),
    params: ["name 00042"],
  },
];

const quoted = (value: unknown): string => {
  if (value === null) return "NULL";
  if (Array.isArray(value)) return `'{${value.map((item) => (item === null ? "NULL" : `"${String(item)}"`)).join(",")}}'`;
  return typeof value === "string" ? `'${value}'` : JSON.stringify(value);
};

for (const engine of engines) {
  describe(`plans on ${engine.engine}, ${rowsCount} rows`, () => {
    let world: World;
    /** On Postgres: what calls run on, bound by row-level security. */
    let calls: ReadingSession | undefined;
    beforeAll(async () => {
      world = await emptyWorld(engine);
      await world.store.admin.query(fill[engine.engine]);
      await world.store.admin.query("ANALYZE");
      if (engine.engine === "sqlite") return;
      const { url } = world.database;
      const owner = openSession({ url, timeoutMs: minute, settings: ownerSettings });
      const { settings } = await prepareServer(owner);
      await owner.close();
      calls = new ReadingSession({ url, timeoutMs: minute, settings });
    }, minute);
    afterAll(async () => {
      await calls?.close();
      await world[Symbol.asyncDispose]();
    });

    const explainSqlite = async (call: ReadCall, { shape: s }: Case): Promise<string> => {
      const { sql, bindings } = compileStatement(sqliteDialect, s, variant(call));
      const values = bindings.map((binding) => sqliteReader(binding)(call) as string);
      const rows = await world.store.admin.query(`EXPLAIN QUERY PLAN ${sql}`, values);
      return rows.map((row) => String(row["detail"])).join("\n");
    };

    /** Runs the statement as the store does, planned once for any parameters. */
    const explainPostgres = async (sql: string, values: readonly unknown[]): Promise<string> => {
      const run = (text: string) => calls?.values([1], text, []) ?? Promise.reject(new Error("no session"));
      await run(`PREPARE explained AS ${sql}`);
      const plan = await run(
        `EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF) EXECUTE explained (${values.map(quoted).join(", ")})`,
      );
      await run("DEALLOCATE explained");
      const lines = plan.map(([line]) => String(line)).join("\n");
      expect(lines).toContain("InitPlan");
      return lines;
    };

    const variant = (call: ReadCall) => ({
      offset: false,
      rowsMax: 32,
      ...(call.after === undefined ? {} : { after: nullPatternOf(call.after) }),
    });

    const assertIndexed = (plan: string, sorts: boolean): void => {
      if (engine.engine === "sqlite") {
        expect(plan).not.toMatch(/SCAN t\b(?! USING INDEX)/);
        if (!sorts)
          expect(plan.replaceAll(/USE TEMP B-TREE FOR ORDER BY$/gm, (x) => (plan.includes("UNION ALL") ? "" : x))).not.toContain(
            "TEMP B-TREE",
          );
        return;
      }
      expect(plan).not.toContain("Seq Scan");
      // Pages of the table and the index that were looked at, of some three thousand.
      // What planning looks at is the catalog, more of it the first time.
      const [executed = ""] = plan.split(/^Planning:?$/m);
      const buffers = [...executed.matchAll(/shared hit=(\d+)(?: read=(\d+))?|shared read=(\d+)/g)].map(
        (m) => Number(m[1] ?? 0) + Number(m[2] ?? 0) + Number(m[3] ?? 0),
      );
      expect(buffers.length).toBeGreaterThan(0);
      expect(Math.max(...buffers)).toBeLessThan(150);
    };

    for (const c of cases) {
      test(c.name, async () => {
        const call: ReadCall = {
          realm: 1,
          params: c.params ?? [],
          limit: 20,
          ...(c.after === undefined ? {} : { after: c.after }),
        };
        const [rows = []] = await world.store.read(c.shape.key === "plan" ? { ...c.shape, key: `plan ${c.name}` } : c.shape, [
          call,
        ]);
        expect(rows.length).toBe(c.shape.order.length === 0 ? 1 : 20);
        if (engine.engine === "sqlite") return assertIndexed(await explainSqlite(call, c), c.sorts ?? false);
        const { sql, bindings } = compileStatement(postgresDialect, c.shape, variant(call));
        const values = bindings.map((binding) => postgresReader(binding, { batch: false })(call));
        assertIndexed(await explainPostgres(sql, values), c.sorts ?? false);
      });
    }

    if (engine.engine === "postgres") {
      for (const c of cases.filter(({ name }) => !name.startsWith("first page"))) {
        test(`merged: ${c.name}`, async () => {
          const call: ReadCall = {
            realm: 1,
            params: c.params ?? [],
            limit: 20,
            ...(c.after === undefined ? {} : { after: c.after }),
          };
          const { sql, bindings } = compileBatch(c.shape, variant(call));
          const values = bindings.map((binding) => [postgresReader(binding, { batch: true })(call)]);
          assertIndexed(await explainPostgres(sql, values), c.sorts ?? false);
        });
      }
    }
  });
}
