/** What separates a database from the wanted tables. Reads only. */
import type { Table } from "../table.ts";
import { creation, difference, guardStep, referenceSteps, removal } from "./difference.ts";
import type { Rows } from "./difference.ts";
import { createOwnTables, hashOf, ownTables, realmsTable, remembered, sameDefinition } from "./memory.ts";
import type { Admin } from "./schema.ts";
import { quote } from "../compile/dialect.ts";
import type { Plan, Step } from "./step.ts";

/** A store that can be migrated: what `openStore` gives. */
export interface Migratable {
  readonly admin: Admin;
}

const assertTables = (tables: readonly Table[]): void => {
  const names = new Set<string>();
  for (const table of tables) {
    if (names.has(table.name)) throw new Error(`two tables are called ${table.name}`);
    if (ownTables.includes(table.name)) throw new Error(`${table.name} is the store's own table`);
    if (table.columns.some((c) => c.name === "realm"))
      throw new Error(`${table.name} has a column "realm", which the store adds itself`);
    names.add(table.name);
  }
  for (const table of tables) {
    const missing = table.references.find((r) => !names.has(r.table));
    if (missing !== undefined)
      throw new Error(`${table.name}.${missing.field} refers to a table ${missing.table} that is not there`);
  }
};

const rowsOf = (query: Admin["query"]): Rows => ({
  exist: async (table, nullIn) => {
    const where = nullIn === undefined ? "" : ` WHERE ${quote(nullIn)} IS NULL`;
    return (await query(`SELECT 1 AS found FROM ${quote(table)}${where} LIMIT 1`)).length > 0;
  },
});

/** The plan, read through `query`: inside the migration's transaction it sees what no other process can change any more. */
export const planWith = async (admin: Admin, query: Admin["query"], tables: readonly Table[]): Promise<Plan> => {
  assertTables(tables);
  const { dialect } = admin;
  const actual = new Map((await admin.schema(query)).map((table) => [table.name, table]));
  const own = ownTables.every((name) => actual.has(name));
  const known = await remembered(query, actual.has("pons_schema"));
  const steps: Step[] = [];
  const problems: string[] = [];
  if (!own) {
    steps.push({
      sql: [...createOwnTables(dialect.engine), ...dialect.openSchema(), ...dialect.guard(realmsTable, [], undefined)],
      summary: "create the store's own tables",
      destructive: false,
      required: true,
    });
  } else {
    steps.push(...guardStep(dialect, realmsTable, [], actual.get(realmsTable)?.guard, dialect.openSchema()));
  }
  const created: Table[] = [];
  for (const table of tables) {
    const existing = actual.get(table.name);
    if (existing === undefined) {
      steps.push(creation(dialect, table));
      created.push(table);
      continue;
    }
    const changes = await difference(dialect, { table, actual: existing, known: known.get(table.name) }, rowsOf(query));
    steps.push(...changes.steps);
    problems.push(...changes.problems);
  }
  for (const table of created) {
    steps.push(
      ...referenceSteps(
        dialect,
        table,
        table.references.map((r) => r.field),
      ),
    );
  }
  const wanted = new Set(tables.map((t) => t.name));
  const others = [...actual.keys()].filter((name) => !wanted.has(name) && !ownTables.includes(name));
  steps.push(...others.filter((name) => known.has(name)).map(removal));
  // A definition that changed without a change of the schema (a date that SQLite keeps as text either way) is only remembered anew.
  const touched = tables.some((table) => !sameDefinition(known.get(table.name), table, dialect));
  if (touched && steps.length === 0 && problems.length === 0) {
    steps.push({ sql: [], summary: "remember the definitions", destructive: false, required: false });
  }
  return {
    tables,
    steps,
    problems,
    unknown: others.filter((name) => !known.has(name)),
    hash: hashOf(JSON.stringify([steps, problems])),
  };
};

/** The steps from the database as it is to `tables`: all tables of all services of this database. */
export const planMigration = (store: Migratable, tables: readonly Table[]): Promise<Plan> =>
  planWith(store.admin, (sql, values) => store.admin.query(sql, values), tables);
