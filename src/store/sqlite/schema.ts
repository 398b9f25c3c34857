/** What a SQLite file has: its tables, columns, indexes, references and triggers. */
import { quote } from "../compile/dialect.ts";
import type { ActualColumn, ActualIndex, ActualTable } from "../migrate/schema.ts";
import type { SqliteConnection } from "./connection.ts";

type Cells = Record<string, unknown>;

/** Rows of a pragma function of one argument. They are small and read only when migrating. */
const pragma = (connection: SqliteConnection, name: string, argument: string): readonly Cells[] => {
  using statement = connection.database.prepare<Cells, [string]>(`SELECT * FROM ${name}(?1)`);
  return statement.all(argument);
};

const text = (value: unknown): string => (typeof value === "string" ? value : "");

const columnsOf = (connection: SqliteConnection, table: string): readonly ActualColumn[] =>
  pragma(connection, "pragma_table_info", table).map((c) => ({
    name: text(c["name"]),
    sqlType: text(c["type"]),
    nullable: c["notnull"] === 0n && c["pk"] === 0n,
  }));

const keyOf = (connection: SqliteConnection, table: string): readonly string[] =>
  pragma(connection, "pragma_table_info", table)
    .filter((c) => c["pk"] !== 0n)
    .toSorted((a, b) => Number(a["pk"]) - Number(b["pk"]))
    .map((c) => text(c["name"]));

const indexesOf = (connection: SqliteConnection, table: string): readonly ActualIndex[] =>
  pragma(connection, "pragma_index_list", table)
    .filter((index) => index["origin"] === "c")
    .map((index) => ({
      name: text(index["name"]),
      unique: index["unique"] === 1n,
      columns: pragma(connection, "pragma_index_xinfo", text(index["name"]))
        .filter((c) => c["key"] === 1n)
        .map((c) => quote(text(c["name"]))),
    }));

const referencesOf = (connection: SqliteConnection, table: string): ActualTable["references"] =>
  pragma(connection, "pragma_foreign_key_list", table)
    .filter((c) => c["from"] !== "realm")
    .map((c) => ({ column: text(c["from"]), table: text(c["table"]) }));

export const sqliteTables = (connection: SqliteConnection): readonly ActualTable[] => {
  using names = connection.database.prepare<Cells, []>(
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
  );
  using triggers = connection.database.prepare<Cells, [string]>(
    "SELECT count(*) AS count FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ?1 AND sql LIKE '%RAISE(ABORT, ''append-only'')%'",
  );
  return names.all().map((row) => {
    const name = text(row["name"]);
    return {
      name,
      columns: columnsOf(connection, name).filter((c) => c.name !== "realm"),
      key: keyOf(connection, name).filter((c) => c !== "realm"),
      indexes: indexesOf(connection, name),
      references: referencesOf(connection, name),
      appendOnly: triggers.get(name)?.["count"] === 2n,
    };
  });
};
