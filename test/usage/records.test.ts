/** Records of the installation as resources: read by functions, changed by nobody; rows of an environment for those whose rows are the tenant's. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Behaviour, command, eq, query, resource, service, t } from "pons";
import { compile } from "../../src/contract/index.ts";
import { usageTable } from "../../src/batch/index.ts";
import { installationTables } from "../../src/host/app.ts";
import { checkRecords } from "../../src/host/records.ts";
import { realmOf } from "../../src/store/index.ts";
import { dataOf, forEachEngine, type Running, serve } from "../core/harness.ts";

const fields = { id: t.id("rec"), at: t.dateTime(), app: t.string({ optional: true }), calls: t.integer() };
const of = (behaviour: Partial<Behaviour>, more: object = {}) =>
  service("books", {
    doc: "Records.",
    version: "v1",
    rowsOf: "tenant",
    roles: { clerk: "Reads." },
    resources: [
      resource("records", { doc: "Records.", fields: { ...fields, ...more } }, () => ({
        rows: {},
        records: "pons_usage",
        ...behaviour,
      })),
    ],
  });

test("a definition says nothing of records but their table", () => {
  expect(() => compile(of({}))).not.toThrow();
  expect(compile(of({})).tables).toEqual([]);
  for (const behaviour of [
    { rows: { clerk: "all" } },
    { access: { create: ["clerk"] } },
    { appendOnly: true },
    { records: "bank_accounts" },
    { records: 'x" --' },
  ] as const)
    expect(() => compile(of(behaviour))).toThrow(/records/);
});

test("fields are columns of the table", () => {
  const check = (behaviour: Partial<Behaviour>, more: object = {}) =>
    checkRecords([compile(of(behaviour, more))], installationTables);
  expect(() => check({})).not.toThrow();
  expect(() => check({ records: "pons_nothing" })).toThrow("there is no table pons_nothing");
  expect(() => check({}, { colour: t.string() })).toThrow("pons_usage has no column colour");
  expect(() => check({}, { calls: t.string() })).toThrow("holds integer, not text");
  expect(() => check({}, { plan: t.string() })).toThrow("may be null");
});

const records = resource("records", { doc: "Records.", fields }, () => ({ rows: {}, records: "pons_usage" }));
const environment = t.string({ optional: true });
const definition = (rowsOf: "tenant" | "environment") =>
  service("books", {
    doc: "Records.",
    version: "v1",
    rowsOf,
    roles: { clerk: "Reads." },
    resources: [records],
    operations: {
      sums: query({
        doc: "Sums.",
        roles: ["clerk"],
        input: { environment },
        output: { sums: t.json() },
        run: async (ctx, { input }) => {
          const table = ctx.table(records, input.environment === null ? {} : { environment: input.environment });
          const rows = await table.totals({
            part: { of: "at", by: "day" },
            group: ["app"],
            sum: ["calls"],
            where: ({ app }) => eq(app, "shop"),
          });
          const first = await table.find(({ app }) => eq(app, "shop"), { limit: 1 });
          return {
            sums: [
              rows.map(({ part, app, calls }) => [part, app, Number(calls)]),
              await table.count(({ app }) => eq(app, "shop")),
              first[0]?.id ?? null,
              (await table.get("u1"))?.calls ?? null,
            ],
          };
        },
      }),
      forge: command({
        doc: "Changes records.",
        roles: ["clerk"],
        output: "none",
        run: (ctx) => void ctx.table(records).insert({ at: ctx.now, app: "x", calls: 1 }),
      }),
      tear: command({
        doc: "Removes records.",
        roles: ["clerk"],
        output: "none",
        run: async (ctx) => {
          const [found] = await ctx.table(records).find(({ calls }) => eq(calls, 2));
          if (found !== undefined) ctx.table(records).delete(found.id);
        },
      }),
    },
  });

forEachEngine((engine) => {
  describe("records", () => {
    let books: Running;
    const rows = [
      ["u1", "2026-11-14T23:59:00.000Z", 2],
      ["u2", "2026-11-15T00:00:00.000Z", 3],
      ["u3", "2026-11-15T10:00:00.000Z", 4],
    ] as const;
    beforeAll(async () => {
      books = await serve(await engine.create(), { services: [definition("tenant")], tolerant: true });
      const realm = await realmOf(books.store, "demo", "live");
      const shared = {
        grain: "raw",
        environment: "live",
        user: null,
        key: null,
        plan: null,
        service: "s",
        operation: "o",
        version: "v1",
        statusClass: 2,
      };
      const inserts = rows.map(([id, at, calls]) => ({ realm, row: { ...shared, id, at, app: "shop", calls, units: 0 } }));
      await books.store.write((tx) => tx.apply([{ table: usageTable, inserts, updates: [], deletes: [] }]));
    });
    afterAll(() => books[Symbol.asyncDispose]());

    test("are read from the environment that is named, of one's own tenant", async () => {
      const tenantRealm = await realmOf(books.store, "demo", "tenant");
      const as = books.caller("clerk", { realm: tenantRealm });
      const sums = async (body: object, more = as) => dataOf(await books.call("sums", { as: more, body }))["sums"];
      expect(await sums({ environment: "live" })).toEqual([
        [
          ["2026-11-14", "shop", 2],
          ["2026-11-15", "shop", 7],
        ],
        3,
        "u1",
        2,
      ]);
      expect(await sums({ environment: "sandbox" })).toEqual([[], 0, null, null]);
      expect(await sums({})).toEqual([[], 0, null, null]);
      expect(await sums({ environment: "live" }, books.caller("clerk", { tenant: "other", realm: tenantRealm + 1_000 }))).toEqual(
        [[], 0, null, null],
      );
    });

    test("are changed by no command", async () => {
      const as = books.caller("clerk", { realm: await realmOf(books.store, "demo", "live") });
      for (const operation of ["forge", "tear"]) {
        const result = await books.call(operation, { as });
        expect(result.ok).toBe(false);
        expect(String(books.errors.at(-1))).toContain("records of the installation are only read");
      }
    });

    test("are not read across environments by a service whose rows are an environment's", async () => {
      await using other = await serve(await engine.create(), { services: [definition("environment")], tolerant: true });
      expect((await other.call("sums", { body: { environment: "live" } })).ok).toBe(false);
      expect(String(other.errors.at(-1))).toContain("whose rows are the tenant's");
      expect((await other.call("sums", { body: {} })).ok).toBe(true);
    });
  });
});
