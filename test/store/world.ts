/** A store filled with the suite's rows in two realms, and the model of the same. */
import { applyMigration, openStore, planMigration, realmOf } from "../../src/store/index.ts";
import type { OpenStore, StoreOptions } from "../../src/store/index.ts";
import { testDatabases } from "../postgres/index.ts";
import type { TestDatabase, TestEngine } from "../postgres/index.ts";
import type { Row, TableChanges } from "../../src/store/store.ts";
import type { Table } from "../../src/store/table.ts";
import type { ModelTable } from "./model.ts";
import { accountRows, countryRows, customerRows, membershipRows, textOf } from "./rows.ts";
import { accounts, allTables, countries, customers, memberships } from "./tables.ts";

export interface World extends AsyncDisposable {
  readonly store: OpenStore;
  readonly database: TestDatabase;
  /** The realm the tests work in. */
  readonly realm: number;
  /** A realm with the same rows but other names: whatever comes from it is a leak. */
  readonly otherRealm: number;
}

export const engines: readonly TestEngine[] = testDatabases();

export const inserts = (table: Table, realm: number, rows: readonly Row[]): TableChanges => ({
  table,
  inserts: rows.map((row) => ({ realm, row })),
  updates: [],
  deletes: [],
});

/** An empty store with the suite's tables. */
export const emptyWorld = async (engine: TestEngine, options: StoreOptions = {}): Promise<World> => {
  const database = await engine.create();
  const store = await openStore(database.url, options);
  await applyMigration(store, await planMigration(store, allTables), { destructive: false });
  const realm = await realmOf(store, "demo", "live");
  const otherRealm = await realmOf(store, "demo", "sandbox");
  const dispose = async () => {
    await store.close();
    await database.drop();
  };
  return { store, database, realm, otherRealm, [Symbol.asyncDispose]: dispose };
};

export const filledWorld = async (engine: TestEngine, options: StoreOptions = {}): Promise<World> => {
  const world = await emptyWorld(engine, options);
  const leaked = (rows: readonly Row[]) =>
    rows.map((row) => ("name" in row ? { ...row, name: `leaked ${textOf(row["name"])}` } : row));
  await world.store.write((tx) =>
    tx.apply([
      ...[countryRows, leaked(countryRows)].map((rows, i) => inserts(countries, i === 0 ? world.realm : world.otherRealm, rows)),
      ...[customerRows, leaked(customerRows)].map((rows, i) =>
        inserts(customers, i === 0 ? world.realm : world.otherRealm, rows),
      ),
      ...[accountRows, leaked(accountRows)].map((rows, i) => inserts(accounts, i === 0 ? world.realm : world.otherRealm, rows)),
      inserts(memberships, world.realm, membershipRows),
    ]),
  );
  return world;
};

const countriesModel: ModelTable = { table: countries, rows: countryRows, references: {} };
const customersModel: ModelTable = { table: customers, rows: customerRows, references: { country: countriesModel } };
export const accountsModel: ModelTable = { table: accounts, rows: accountRows, references: { customer: customersModel } };
export const membershipsModel: ModelTable = { table: memberships, rows: membershipRows, references: {} };
