/** A small service whose calls are counted, in process, with the control plane beside it. */
import { command, query, resource, service, t } from "pons";
import platform from "../../services/platform/index.ts";
import { usageTable } from "../../src/batch/index.ts";
import type { AppOptions } from "../../src/host/app.ts";
import { createManaged, type Managed } from "../../src/host/managed.ts";
import { MemoryLimiter } from "../../src/limits/index.ts";
import { trafficTable } from "../../src/manage/usage/index.ts";
import type { OpenStore, Row, RowsShape, Table } from "../../src/store/index.ts";
import { type Running, serve, type ServeOptions } from "../core/harness.ts";
import type { TestDatabase } from "../postgres/index.ts";

const sales = resource(
  "sales",
  { doc: "Sales.", fields: { id: t.id("sal"), what: t.string() } },
  ({ self, all, command: on }) => ({
    rows: { clerk: all },
    create: on({
      on: "collection",
      doc: "Sells.",
      roles: ["clerk"],
      cost: 3,
      input: { what: t.string({ minLength: 1 }), dryRun: t.boolean({ default: false }) },
      output: "row",
      refusals: { sold_out: { status: 409, doc: "There is none left." } },
      run: (ctx, { input: { what } }) => (what === "last" ? ctx.refuse("sold_out") : ctx.table(self).insert({ what })),
    }),
  }),
);

export const shop = service("shop", {
  doc: "Sells things.",
  version: "v1",
  roles: { clerk: "Sells." },
  resources: [sales],
  operations: {
    look: query({
      doc: "Looks.",
      roles: ["clerk"],
      cost: 2,
      input: { no: t.integer({ default: 0, max: 9 }) },
      output: { ok: t.boolean() },
      run: () => ({ ok: true }),
    }),
    idle: command({ doc: "Does nothing.", roles: ["clerk"], output: "none", run: () => undefined }),
  },
});

export interface Shop extends AsyncDisposable {
  readonly running: Running;
  readonly managed: Managed;
  /** Rows of the usage, or of the traffic, of a realm (the clerk's unless said otherwise), by id. */
  rows(table?: Table, realm?: number): Promise<readonly Row[]>;
}

const shapeOf = (table: Table): RowsShape => ({
  kind: "rows",
  key: `test.${table.name}`,
  table,
  joins: [],
  links: [],
  params: [],
  select: table.columns.map(({ field }) => field),
  order: [{ path: ["id"], direction: "asc" }],
});

export const rowsOf = async (store: OpenStore, table: Table, realm: number): Promise<readonly Row[]> =>
  (await store.read(shapeOf(table), [{ realm, params: [], limit: 100_000 }]))[0] ?? [];

export const openShop = async (
  database: Pick<TestDatabase, "url" | "drop">,
  options: Partial<Omit<ServeOptions, "services">> & { readonly managed?: NonNullable<AppOptions["managed"]> } = {},
): Promise<Shop> => {
  const running = await serve(database, {
    services: [shop, platform],
    managed: (parts) =>
      createManaged(parts, { limiter: (load) => new MemoryLimiter({ usedBefore: { load, whenAway: "closed" } }) }),
    ...options,
  });
  const { managed } = running.app;
  if (managed === undefined) throw new Error("the shop is not managed");
  return {
    running,
    managed,
    rows: (table = usageTable, realm = running.realm) => rowsOf(running.store, table, realm),
    [Symbol.asyncDispose]: async () => {
      await running.app.writer.drained();
      await managed.stop();
      await running[Symbol.asyncDispose]();
    },
  };
};

/** Calls and units, by operation and class of status: `{ "look 2": [3, 6] }`. */
export const sumsOf = (rows: readonly Row[]): Readonly<Record<string, readonly [calls: number, units: number]>> => {
  const sums: Record<string, [number, number]> = {};
  for (const row of rows) {
    const name = `${row["operation"] as string} ${row["statusClass"] as number}`;
    const sum = (sums[name] ??= [0, 0]);
    sum[0] += row["calls"] as number;
    sum[1] += (row["units"] as number | undefined) ?? 0;
  }
  return sums;
};

export { trafficTable, usageTable };
