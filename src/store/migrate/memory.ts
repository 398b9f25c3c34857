/**
 * What the store remembers about the tables it made, in its own table `pons_schema`: the definition of each table as it was applied. The
 * database alone does not tell a date from a text (SQLite), nor a table of a service from somebody else's.
 */
import { StoreError } from "../store-error.ts";
import type { Table } from "../table.ts";
import { literal } from "./schema.ts";
import type { Admin, SchemaDialect } from "./schema.ts";

/** The store's own table of realms, which has a realm in each row as well. */
export const realmsTable = "pons_realms";

export const ownTables: readonly string[] = ["pons_schema", realmsTable];

const sqlOwn = {
  sqlite: [
    "CREATE TABLE IF NOT EXISTS pons_schema (name TEXT PRIMARY KEY, definition TEXT NOT NULL, hash TEXT NOT NULL, applied_at TEXT NOT NULL) STRICT",
    "CREATE TABLE IF NOT EXISTS pons_realms (realm INTEGER PRIMARY KEY AUTOINCREMENT, tenant TEXT NOT NULL, environment TEXT NOT NULL, UNIQUE (tenant, environment)) STRICT",
  ],
  postgres: [
    "CREATE TABLE IF NOT EXISTS pons_schema (name text PRIMARY KEY, definition text NOT NULL, hash text NOT NULL, applied_at text NOT NULL)",
    "CREATE TABLE IF NOT EXISTS pons_realms (realm integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, tenant text NOT NULL, environment text NOT NULL, UNIQUE (tenant, environment))",
  ],
} as const;

/** The statements that make the store's own tables. */
export const createOwnTables = (engine: "sqlite" | "postgres"): readonly string[] => sqlOwn[engine];

/** A table as it was applied, with what its guard depended on. */
export type Remembered = Table & { readonly guard?: string };

/** The parts of a table that make its schema, in a fixed order: equal schemas give equal text. */
const written = (table: Table, guard: string): string =>
  JSON.stringify({
    name: table.name,
    key: table.key,
    columns: table.columns.map(({ field, name, type, nullable }) => ({ field, name, type, nullable })),
    indexes: table.indexes,
    references: table.references,
    appendOnly: table.appendOnly,
    ...(guard === "" ? {} : { guard }),
  });

export const hashOf = (text: string): string => new Bun.CryptoHasher("sha256").update(text).digest("hex");

/** The tables as they were applied, by name. Empty for a database that Pons has not migrated. */
export const remembered = async (query: Admin["query"], exists: boolean): Promise<ReadonlyMap<string, Remembered>> => {
  if (!exists) return new Map();
  const rows = await query("SELECT name, definition FROM pons_schema ORDER BY name");
  return new Map(rows.map((row) => [String(row["name"]), JSON.parse(String(row["definition"])) as Remembered]));
};

/** Whether the table was applied just so, with the guard that it gets now. */
export const sameDefinition = (before: Remembered | undefined, table: Table, { guardKey }: SchemaDialect): boolean =>
  before !== undefined && written(before, before.guard ?? "") === written(table, guardKey);

/** Whether just these definitions were applied last. False too where nothing was. Does not look at the tables themselves. */
export const isRemembered = async (admin: Admin, tables: readonly Table[]): Promise<boolean> => {
  let rows: Awaited<ReturnType<Admin["query"]>>;
  try {
    rows = await admin.query("SELECT name, hash FROM pons_schema");
  } catch (error) {
    // There is no such table, or nobody answers: whoever looks closer will find out.
    if (error instanceof StoreError) return false;
    throw error;
  }
  const hashes = new Map(rows.map((row) => [row["name"], row["hash"]]));
  return tables.every((table) => hashes.get(table.name) === hashOf(written(table, admin.dialect.guardKey)));
};

/** The statement that remembers a table as it is now. */
export const remember = (table: Table, { guardKey }: SchemaDialect, now: string): string => {
  const definition = written(table, guardKey);
  const values = [table.name, definition, hashOf(definition), now].map(literal).join(", ");
  return (
    `INSERT INTO pons_schema (name, definition, hash, applied_at) VALUES (${values}) ` +
    "ON CONFLICT (name) DO UPDATE SET definition = excluded.definition, hash = excluded.hash, applied_at = excluded.applied_at"
  );
};

export const forget = (table: string): string => `DELETE FROM pons_schema WHERE name = ${literal(table)}`;
