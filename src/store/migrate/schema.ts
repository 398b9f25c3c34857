/**
 * Schemas as migration sees them: what the definitions want, and what a database has, in terms that can be compared.
 */
import type { MaybePromise } from "../store.ts";
import { columnOf } from "../table.ts";
import type { Column, Table } from "../table.ts";

export interface ActualColumn {
  readonly name: string;
  /** The type as the database names it: `TEXT`, `bigint`, `timestamp(3) with time zone`. */
  readonly sqlType: string;
  readonly nullable: boolean;
}

export interface ActualIndex {
  readonly name: string;
  /** Its columns in order, as `indexColumns` of the dialect writes them. */
  readonly columns: readonly string[];
  readonly unique: boolean;
}

/** What a role may do with a table. */
export type Right = "SELECT" | "INSERT" | "UPDATE" | "DELETE" | "TRUNCATE" | "REFERENCES" | "TRIGGER";

/** Row-level security as the database has it. */
export interface ActualGuard {
  /** It is on, for the owner too. */
  readonly isForced: boolean;
  readonly policies: readonly {
    readonly name: string;
    /** `public` or names. */
    readonly roles: readonly string[];
    /** Permissive, for all commands. */
    readonly isForAll: boolean;
  }[];
  /** Of the role that calls run as. */
  readonly rights: readonly Right[];
}

export interface ActualTable {
  readonly name: string;
  readonly columns: readonly ActualColumn[];
  /** Column names. */
  readonly key: readonly string[];
  readonly indexes: readonly ActualIndex[];
  readonly references: readonly { readonly column: string; readonly table: string }[];
  readonly appendOnly: boolean;
  /** Where the engine has such a thing. */
  readonly guard?: ActualGuard;
}

/** The words in which the engines' schemas differ. Each function that changes something gives complete statements without the final `;`. */
export interface SchemaDialect {
  readonly engine: "sqlite" | "postgres";
  sqlType(column: Column): string;
  /** How an index column is written, and read back from the database. */
  indexColumn(column: Column | "realm"): string;
  /** The table itself: columns, primary key; its references too where they cannot be added later. */
  createTable(table: Table): readonly string[];
  /** References, added when all tables exist. */
  addReference(table: Table, field: string): readonly string[];
  dropReference(table: string, column: string): readonly string[];
  createIndex(table: string, index: PhysicalIndex): string;
  dropIndex(name: string): string;
  appendOnly(table: string): readonly string[];
  notAppendOnly(table: string): readonly string[];
  /** What the guards of tables depend on, as text; empty where the engine has none. */
  readonly guardKey: string;
  /** What a table lacks of its guard: row-level security and the rights of those who call. `actual` is undefined for a table that was just made. */
  guard(table: string, rights: readonly Right[], actual: ActualGuard | undefined): readonly string[];
  /** What calls need of the schema itself. */
  openSchema(): readonly string[];
  /** A column that is nullable or has a default for the existing rows; `undefined` where only a rebuilt table can have it. */
  addColumn(table: Table, column: Column): readonly string[] | undefined;
  dropColumn(table: string, column: string): readonly string[];
  /** Alters a column in place; `undefined` where the table has to be rebuilt. `from` is the type its values have now. */
  alterColumn(table: string, column: Column, from: Alteration): readonly string[] | undefined;
  /** Lets a column that is no longer wanted be null; `undefined` where the table has to be rebuilt. */
  relaxColumn(table: string, column: string): readonly string[] | undefined;
  /** The whole table made anew from its rows, where the engine cannot alter it. */
  rebuild(table: Table, options: Rebuild): readonly string[];
}

export interface Alteration {
  /** The type the values have now; undefined when it stays. */
  readonly type: Column["type"] | undefined;
  readonly nullable: boolean;
}

export interface Rebuild {
  readonly actual: ActualTable;
  /** The types the existing columns' values have, by column name, where they change. */
  readonly from: ReadonlyMap<string, Column["type"]>;
  /** Columns that are no longer wanted but keep their values, as nullable columns. */
  readonly leftover: readonly ActualColumn[];
}

export interface PhysicalIndex {
  readonly name: string;
  readonly columns: readonly string[];
  readonly unique: boolean;
  /** The column that must have a value for a row to be in it. Its name tells: it ends with `_sparse`. */
  readonly present?: string;
}

/** What a store gives to migration and to the store's own tables; no part of `Store`. Sees the rows of all realms. */
export interface Admin {
  readonly dialect: SchemaDialect;
  /** What the store has to go without on this server, a sentence for each. */
  readonly doubts: readonly string[];
  query(sql: string, values?: readonly (string | number | bigint | null)[]): MaybePromise<readonly Record<string, unknown>[]>;
  /** All tables of the database (of the schema in use), read through `query`: inside a migration as its transaction sees them. */
  schema(query: Admin["query"]): Promise<readonly ActualTable[]>;
  /** Runs `work` in one transaction that no other process migrates beside; references are checked when it ends. */
  migrate<T>(work: (query: Admin["query"]) => Promise<T>): Promise<T>;
}

const nameBytesMax = 63;

/** A name that fits into Postgres's 63 bytes: a long one keeps its start and gets a hash. */
export const physicalName = (name: string): string => {
  if (Buffer.byteLength(name) <= nameBytesMax) return name;
  const hash = new Bun.CryptoHasher("sha256").update(name).digest("hex").slice(0, 10);
  return `${Buffer.from(name)
    .subarray(0, nameBytesMax - hash.length - 1)
    .toString()
    .replace(/\uFFFD+$/, "")}_${hash}`;
};

/** The condition of a sparse index, to be put behind its columns. */
export const presence = ({ present }: PhysicalIndex): string => (present === undefined ? "" : ` WHERE "${present}" IS NOT NULL`);

export const indexName = (table: Table, name: string): string => physicalName(`${table.name}_${name}`);

/** References that no index begins with get one: without it, deleting a row scans every table that may refer to it. */
const bareReferences = (table: Table): readonly string[] =>
  table.references
    .map((reference) => reference.field)
    .filter((field, i, all) => all.indexOf(field) === i)
    .filter((field) => table.key[0] !== field && !table.indexes.some((index) => index.fields[0] === field));

/**
 * The indexes of a table as the database gets them: `realm` first; the key last, unless the index is unique, so that every index is in an
 * order without ties and serves keyset pages.
 */
export const physicalIndexes = (dialect: SchemaDialect, table: Table): readonly PhysicalIndex[] => {
  const column = (field: string) => dialect.indexColumn(columnOf(table, field));
  const withKey = (fields: readonly string[]) => [...fields, ...table.key.filter((field) => !fields.includes(field))];
  const declared = table.indexes.map((index) => ({
    name: indexName(table, index.name),
    columns: [dialect.indexColumn("realm"), ...(index.unique ? index.fields : withKey(index.fields)).map(column)],
    unique: index.unique,
    ...(index.sparse === true ? { present: columnOf(table, index.fields[0] as string).name } : {}),
  }));
  const references = bareReferences(table).map((field) => ({
    name: indexName(table, `${columnOf(table, field).name}_ref`),
    columns: [dialect.indexColumn("realm"), ...withKey([field]).map(column)],
    unique: false,
  }));
  return [...declared, ...references];
};

/** A string literal for DDL, which cannot bind values. */
export const literal = (value: string): string => `'${value.replaceAll("'", "''")}'`;
