/** The tables of the conformance suite: every column type, nullable and not, references, a link table, an append-only table. */
import type { Column, ColumnType, Table } from "../../src/store/table.ts";

const column = (
  field: string,
  type: ColumnType,
  options: { readonly nullable?: true; readonly default?: Column["default"] } = {},
): Column => ({
  field,
  name: field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
  type,
  nullable: options.nullable ?? false,
  ...(options.default === undefined ? {} : { default: options.default }),
});

export const countries: Table = {
  name: "countries",
  columns: [column("id", "text"), column("title", "text"), column("area", "integer", { nullable: true })],
  key: ["id"],
  indexes: [],
  references: [],
  appendOnly: false,
};

export const customers: Table = {
  name: "customers",
  columns: [column("id", "text"), column("name", "text"), column("country", "text", { nullable: true })],
  key: ["id"],
  indexes: [],
  references: [{ field: "country", table: "countries" }],
  appendOnly: false,
};

export const accounts: Table = {
  name: "accounts",
  columns: [
    column("id", "text"),
    column("customer", "text", { nullable: true }),
    column("name", "text"),
    column("note", "text", { nullable: true }),
    column("rank", "integer", { nullable: true }),
    column("balance", "bigint"),
    column("rate", "decimal", { nullable: true }),
    column("isActive", "boolean"),
    column("isChecked", "boolean", { nullable: true }),
    column("openedOn", "date", { nullable: true }),
    column("changedAt", "timestamp"),
    column("details", "json", { nullable: true }),
    column("photo", "binary", { nullable: true }),
  ],
  key: ["id"],
  indexes: [
    { name: "by_name", fields: ["name"], unique: true },
    { name: "by_rank", fields: ["rank"], unique: false },
    { name: "by_changed", fields: ["changedAt"], unique: false },
  ],
  references: [{ field: "customer", table: "customers" }],
  appendOnly: false,
};

/** Who may see an account: a link between two tables, its key of two fields. */
export const memberships: Table = {
  name: "memberships",
  columns: [column("account", "text"), column("subject", "text"), column("role", "text", { nullable: true })],
  key: ["account", "subject"],
  indexes: [],
  references: [{ field: "account", table: "accounts" }],
  appendOnly: false,
};

export const entries: Table = {
  name: "entries",
  columns: [column("id", "integer"), column("amount", "bigint")],
  key: ["id"],
  indexes: [],
  references: [],
  appendOnly: true,
};

export const allTables: readonly Table[] = [countries, customers, accounts, memberships, entries];
