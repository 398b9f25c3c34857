/**
 * Tables as the store sees them: derived from the definitions, free of any business word.
 *
 * Every table carries a `realm` (a small integer that stands for one tenant's one environment) as the first part of its
 * primary key and of every index; the store adds it to every statement, so that no statement can reach another tenant.
 */
import type { Value } from "../define/expression.ts";
import type { DirectoryEntry } from "../define/resource.ts";

/** How a column is stored and which JavaScript value it holds. */
export type ColumnType =
  | "text" //      string
  | "integer" //   number, −(2^53−1) … 2^53−1
  | "bigint" //    bigint, int64
  | "boolean" //   boolean
  | "decimal" //   string, exact; compared and ordered as a number; read without needless zeros ("1.50" → "1.5")
  | "date" //      "YYYY-MM-DD"
  | "timestamp" // "YYYY-MM-DDTHH:MM:SS.sssZ"
  | "json" //      any JSON value
  | "binary"; //   Uint8Array

export interface Column {
  /** Property of the row, as the definition names it: `createdAt`. */
  readonly field: string;
  /** Column in the database: `created_at`. */
  readonly name: string;
  readonly type: ColumnType;
  readonly nullable: boolean;
  /** What existing rows get when the column is added. */
  readonly default?: string | number | bigint | boolean;
  /** Its values are kept out of the journal. */
  readonly secret?: true;
}

/**
 * An index; `realm` comes first by itself, and the key last where it is not unique, so that pages by its fields and then the key, all in one
 * direction, are read from it in order. A reference that no index begins with gets one by itself. In Postgres an indexed text must be
 * shorter than about 2,600 bytes (`check`).
 */
export interface Index {
  readonly name: string;
  readonly fields: readonly string[];
  readonly unique: boolean;
  /** Rows without a value in the first field are left out: it serves look-ups of a value, neither nulls nor the order of all rows. */
  readonly sparse?: true;
}

/** A foreign key: `(realm, field)` must exist as `(realm, id)` of `table`. */
export interface Reference {
  readonly field: string;
  readonly table: string;
}

export interface Table {
  readonly name: string;
  readonly columns: readonly Column[];
  /** Fields that form the primary key after `realm`; `["id"]` for resources. */
  readonly key: readonly string[];
  readonly indexes: readonly Index[];
  readonly references: readonly Reference[];
  /** UPDATE and DELETE are refused by triggers on both engines. */
  readonly appendOnly: boolean;
  /** What the installation's directory tells of a row. */
  readonly directory?: (row: Readonly<Record<string, Value>>) => readonly DirectoryEntry[];
  /** Another table of the same name keeps the rows; through this one they are only read. */
  readonly readOnly?: true;
  /** Small, and kept in memory by the writer. */
  readonly inMemory?: true;
  /** Field with the moment at which the row wants to be worked on. */
  readonly dueAt?: string;
}

const columns = new WeakMap<Table, ReadonlyMap<string, Column>>();

/** The column of a field. Throws when the table has none: names come from definitions, never from callers. */
export const columnOf = (table: Table, field: string): Column => {
  let byField = columns.get(table);
  if (byField === undefined) {
    byField = new Map(table.columns.map((column) => [column.field, column]));
    columns.set(table, byField);
  }
  const column = byField.get(field);
  if (column === undefined) throw new Error(`table ${table.name} has no field ${field}`);
  return column;
};
