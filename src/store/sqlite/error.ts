/** SQLite's errors as the store's. */
import { SQLiteError } from "bun:sqlite";
import { columnOf } from "../table.ts";
import type { Table } from "../table.ts";
import { StoreError } from "../store-error.ts";
import type { StoreErrorKind } from "../store-error.ts";

const kinds: readonly (readonly [string, StoreErrorKind])[] = [
  ["SQLITE_CONSTRAINT_UNIQUE", "unique"],
  ["SQLITE_CONSTRAINT_PRIMARYKEY", "unique"],
  ["SQLITE_CONSTRAINT_FOREIGNKEY", "reference"],
  // Checks, NOT NULL, a value of the wrong type in a STRICT table, and RAISE in the triggers of append-only tables.
  ["SQLITE_CONSTRAINT", "check"],
  ["SQLITE_MISMATCH", "check"],
  ["SQLITE_TOOBIG", "check"],
  ["SQLITE_BUSY", "unavailable"],
  ["SQLITE_LOCKED", "unavailable"],
  ["SQLITE_CANTOPEN", "unavailable"],
  ["SQLITE_FULL", "full"],
  ["SQLITE_IOERR", "unavailable"],
  ["SQLITE_READONLY", "unavailable"],
];

const uniqueForm = /^UNIQUE constraint failed: (.+)$/;

/** The index over exactly these columns: SQLite names the columns, not the index. */
const indexOf = (table: Table, message: string): string | undefined => {
  const columns = uniqueForm
    .exec(message)?.[1]
    ?.split(", ")
    .map((c) => c.slice(c.indexOf(".") + 1));
  if (columns === undefined) return undefined;
  const matches = (fields: readonly string[]) =>
    fields.length + 1 === columns.length && fields.every((field) => columns.includes(columnOf(table, field).name));
  if (matches(table.key)) return "key";
  return table.indexes.find((index) => index.unique && matches(index.fields))?.name;
};

/** What SQLite threw, as a `StoreError`; anything else than an error of SQLite comes back as it is. */
export const sqliteError = (error: unknown, table?: Table): unknown => {
  if (!(error instanceof SQLiteError)) return error;
  const code = error.code ?? "";
  const kind = kinds.find(([prefix]) => code.startsWith(prefix))?.[1] ?? "broken";
  const index = kind === "unique" && table !== undefined ? indexOf(table, error.message) : undefined;
  return new StoreError(kind, `${code}: ${error.message}`, {
    cause: error,
    ...(table === undefined ? {} : { table: table.name }),
    ...(index === undefined ? {} : { index }),
  });
};
