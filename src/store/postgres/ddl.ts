/**
 * Tables in Postgres. Text is of collation "C": ordered by code point, and a prefix is a range of the index. An index column that can be
 * null is NULLS FIRST, because null is the smallest value everywhere in the store.
 */
import { quote } from "../compile/dialect.ts";
import { literal, physicalName, presence } from "../migrate/schema.ts";
import type { Alteration, SchemaDialect } from "../migrate/schema.ts";
import { columnOf } from "../table.ts";
import type { Column, ColumnType, Table } from "../table.ts";
import { encoderOf } from "./codec.ts";
import { referenceName } from "./error.ts";
import { guardKey, guardSteps } from "./row-security.ts";
import type { Guarded } from "./row-security.ts";

/** The types as Postgres names them back (`format_type`). */
const types: Readonly<Record<ColumnType, string>> = {
  text: "text",
  integer: "bigint",
  bigint: "bigint",
  boolean: "boolean",
  decimal: "numeric",
  date: "date",
  timestamp: "timestamp(3) with time zone",
  json: "json",
  binary: "bytea",
};

const typeSql = (type: ColumnType): string => (type === "text" ? 'text COLLATE "C"' : types[type]);

const defaultSql = (column: Column): string | undefined => {
  if (column.default === undefined) return undefined;
  return `${literal(String(encoderOf(column.type)(column.default)))}::${types[column.type]}`;
};

const columnSql = (column: Column): string =>
  `${quote(column.name)} ${typeSql(column.type)}${column.nullable ? "" : " NOT NULL"}`;

const instantForm = `'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'`;

/** A value of one type as another that holds all its values. */
const converted = (column: string, from: ColumnType, to: ColumnType): string => {
  if (from === "date" && to === "timestamp") return `${column}::timestamp AT TIME ZONE 'UTC'`;
  if (from === "timestamp" && to === "text") return `to_char(${column} AT TIME ZONE 'UTC', ${instantForm})`;
  if (from === "decimal" && to === "text") return `trim_scale(${column})::text`;
  return `${column}::${types[to]}`;
};

const alter = (table: string, change: string): string => `ALTER TABLE ${quote(table)} ${change}`;

const alterColumn = (table: string, column: Column, from: Alteration): readonly string[] => {
  const name = quote(column.name);
  const statements: string[] = [];
  if (from.type !== undefined && types[from.type] !== types[column.type]) {
    statements.push(
      alter(table, `ALTER COLUMN ${name} TYPE ${typeSql(column.type)} USING ${converted(name, from.type, column.type)}`),
    );
  }
  if (from.nullable && !column.nullable) {
    const fallback = defaultSql(column);
    if (fallback !== undefined) statements.push(`UPDATE ${quote(table)} SET ${name} = ${fallback} WHERE ${name} IS NULL`);
    statements.push(alter(table, `ALTER COLUMN ${name} SET NOT NULL`));
  }
  if (!from.nullable && column.nullable) statements.push(alter(table, `ALTER COLUMN ${name} DROP NOT NULL`));
  return statements;
};

const triggerNames = (table: string) => ({
  row: physicalName(`${table}_append_only`),
  truncate: physicalName(`${table}_no_truncate`),
});

const createTable = (table: Table): readonly string[] => {
  const lines = [
    '"realm" integer NOT NULL',
    ...table.columns.map(columnSql),
    `CONSTRAINT ${quote(physicalName(`${table.name}_pkey`))} PRIMARY KEY ("realm"${table.key.map((field) => `, ${quote(columnOf(table, field).name)}`).join("")})`,
  ];
  return [`CREATE TABLE ${quote(table.name)} (\n  ${lines.join(",\n  ")}\n)`];
};

export const postgresSchema = (guarded: Guarded & { readonly schema: string }): SchemaDialect => ({
  engine: "postgres",
  sqlType: (column) => types[column.type],
  indexColumn: (column) => (column === "realm" ? quote(column) : quote(column.name) + (column.nullable ? " NULLS FIRST" : "")),
  createTable,
  addReference: (table, field) => {
    const column = columnOf(table, field).name;
    const target = table.references.find((r) => r.field === field)?.table ?? "";
    const key = `FOREIGN KEY ("realm", ${quote(column)}) REFERENCES ${quote(target)} ("realm", "id")`;
    return [alter(table.name, `ADD CONSTRAINT ${quote(referenceName(table.name, column))} ${key}`)];
  },
  dropReference: (table, column) => [alter(table, `DROP CONSTRAINT ${quote(referenceName(table, column))}`)],
  createIndex: (table, index) =>
    `CREATE ${index.unique ? "UNIQUE " : ""}INDEX ${quote(index.name)} ON ${quote(table)} (${index.columns.join(", ")})${presence(index)}`,
  dropIndex: (name) => `DROP INDEX ${quote(name)}`,
  appendOnly: (table) => {
    const { row, truncate } = triggerNames(table);
    return [
      "CREATE OR REPLACE FUNCTION pons_append_only() RETURNS trigger LANGUAGE plpgsql AS " +
        "$$ BEGIN RAISE EXCEPTION 'append-only' USING ERRCODE = 'check_violation', TABLE = TG_TABLE_NAME; END $$",
      `CREATE TRIGGER ${quote(row)} BEFORE UPDATE OR DELETE ON ${quote(table)} FOR EACH ROW EXECUTE FUNCTION pons_append_only()`,
      `CREATE TRIGGER ${quote(truncate)} BEFORE TRUNCATE ON ${quote(table)} FOR EACH STATEMENT EXECUTE FUNCTION pons_append_only()`,
    ];
  },
  notAppendOnly: (table) =>
    Object.values(triggerNames(table)).map((name) => `DROP TRIGGER IF EXISTS ${quote(name)} ON ${quote(table)}`),
  guardKey: guardKey(guarded),
  guard: (table, rights, actual) => guardSteps(guarded, { table, rights }, actual),
  openSchema: () =>
    guarded.runtime === undefined ? [] : [`GRANT USAGE ON SCHEMA ${quote(guarded.schema)} TO ${quote(guarded.runtime)}`],
  addColumn: (table, column) => {
    const fallback = defaultSql(column);
    const name = quote(column.name);
    if (fallback === undefined) return [alter(table.name, `ADD COLUMN ${columnSql(column)}`)];
    // The default is for the rows that exist; new rows are always written whole.
    return [
      alter(table.name, `ADD COLUMN ${columnSql(column)} DEFAULT ${fallback}`),
      alter(table.name, `ALTER COLUMN ${name} DROP DEFAULT`),
    ];
  },
  dropColumn: (table, column) => [alter(table, `DROP COLUMN ${quote(column)}`)],
  alterColumn,
  relaxColumn: (table, column) => [alter(table, `ALTER COLUMN ${quote(column)} DROP NOT NULL`)],
  rebuild: (table) => {
    throw new Error(`Postgres alters ${table.name} in place`);
  },
});
