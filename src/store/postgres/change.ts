/** Changes of one table as statements over arrays: `unnest` gives one row per change. */
import type { Value } from "../../define/expression.ts";
import { quote } from "../compile/dialect.ts";
import type { Key, Row, TableChanges } from "../store.ts";
import { columnOf } from "../table.ts";
import type { Column, Table } from "../table.ts";
import { encoderOf } from "./codec.ts";
import type { Cell } from "./codec.ts";
import { sqlTypes } from "./dialect.ts";
import { rowsPerStatementMax } from "../limits.ts";

export interface Change {
  /** Of its rows. */
  readonly realms: readonly number[];
  readonly sql: string;
  readonly values: readonly (readonly Cell[])[];
  readonly rowsCount: number;
}

/** How many kinds of updates (sets of changed fields) get a statement each; more share one that carries a flag per field. */
const signaturesMax = 4;

/** One array parameter: JSON goes as text, so that the driver does not write it a second time. */
interface Parameter {
  readonly type: string;
  readonly cells: readonly Cell[];
  /** The column of `unnest` as a value of the table's column. */
  readonly sql: (name: string) => string;
}

const plain = (name: string): string => name;

const realmsOf = (rows: readonly { readonly realm: number }[]): readonly number[] => rows.map(({ realm }) => realm);

const realms = (rows: readonly { readonly realm: number }[]): Parameter => ({
  type: "int4",
  cells: realmsOf(rows),
  sql: plain,
});

const parameter = (column: Column, values: readonly (Value | undefined)[]): Parameter => {
  const json = column.type === "json";
  return {
    type: json ? "text" : sqlTypes[column.type],
    cells: values.map(encoderOf(column.type)),
    sql: json ? (name) => `${name}::json` : plain,
  };
};

const flags = (given: readonly boolean[]): Parameter => ({ type: "boolean", cells: given, sql: plain });

const keyColumns = (table: Table): readonly Column[] => table.key.map((field) => columnOf(table, field));

const keyParameters = (table: Table, keys: readonly { readonly key: Key["key"] }[]): readonly Parameter[] => {
  for (const { key } of keys) {
    if (key.length !== table.key.length) throw new Error(`table ${table.name}: a key has ${table.key.length} values`);
  }
  return keyColumns(table).map((column, i) =>
    parameter(
      column,
      keys.map(({ key }) => key[i]),
    ),
  );
};

/** `unnest($1::int4[], $2::text[]) AS q(c0, c1)` */
const source = (parameters: readonly Parameter[], options: { readonly ordinality?: true } = {}): string => {
  const arrays = parameters.map(({ type }, i) => `$${i + 1}::${type}[]`).join(", ");
  const names = parameters.map((_, i) => `c${i}`);
  return options.ordinality === undefined
    ? `unnest(${arrays}) AS q(${names.join(", ")})`
    : `unnest(${arrays}) WITH ORDINALITY AS q(${[...names, "n"].join(", ")})`;
};

const keyMatch = (table: Table): string =>
  [`t."realm" = q.c0`, ...keyColumns(table).map((column, i) => `t.${quote(column.name)} = q.c${i + 1}`)].join(" AND ");

const assertFields = (table: Table, row: Row): void => {
  for (const field in row) columnOf(table, field);
};

export const insertionOf = (table: Table, rows: TableChanges["inserts"]): Change => {
  for (const { row } of rows) assertFields(table, row);
  const columns = table.columns.map((column) =>
    parameter(
      column,
      rows.map(({ row }) => row[column.field]),
    ),
  );
  const parameters = [realms(rows), ...columns];
  const names = ['"realm"', ...table.columns.map((c) => quote(c.name))].join(", ");
  const select = parameters.map(({ sql }, i) => sql(`q.c${i}`)).join(", ");
  return {
    realms: realmsOf(rows),
    sql: `INSERT INTO ${quote(table.name)} (${names}) SELECT ${select} FROM ${source(parameters)}`,
    values: parameters.map((p) => p.cells),
    rowsCount: rows.length,
  };
};

export const deletionOf = (table: Table, keys: readonly Key[]): Change => {
  const parameters = [realms(keys), ...keyParameters(table, keys)];
  return {
    realms: realmsOf(keys),
    sql: `DELETE FROM ${quote(table.name)} AS t USING ${source(parameters)} WHERE ${keyMatch(table)}`,
    values: parameters.map((p) => p.cells),
    rowsCount: keys.length,
  };
};

/** Whole rows by key, each with its ordinal, locked in the order of their keys; rows that nobody can change are not. */
export const lockOf = (table: Table, keys: readonly Key[]): Change => {
  const parameters = [realms(keys), ...keyParameters(table, keys)];
  const select = ["q.n::int4", ...table.columns.map((c) => `t.${quote(c.name)}`)].join(", ");
  const order = ['t."realm"', ...keyColumns(table).map((c) => `t.${quote(c.name)}`)].join(", ");
  const lock = table.appendOnly ? "" : ` ORDER BY ${order} FOR UPDATE OF t`;
  return {
    realms: realmsOf(keys),
    sql:
      `SELECT ${select} FROM ${source(parameters, { ordinality: true })} JOIN ${quote(table.name)} AS t ON ${keyMatch(table)}` +
      lock,
    values: parameters.map((p) => p.cells),
    rowsCount: keys.length,
  };
};

type Update = TableChanges["updates"][number];

/** One update per row: UPDATE … FROM takes any one of several rows that match. Later changes win, as they would one after the other. */
const merged = (table: Table, updates: readonly Update[]): readonly Update[] => {
  const byKey = new Map<string, Update>();
  for (const update of updates) {
    assertFields(table, update.changes);
    if (Object.keys(update.changes).length === 0) continue;
    const key = JSON.stringify([update.realm, ...update.key.map(String)]);
    const before = byKey.get(key);
    byKey.set(key, before === undefined ? update : { ...update, changes: { ...before.changes, ...update.changes } });
  }
  return [...byKey.values()];
};

const updateOf = (
  table: Table,
  updates: readonly Update[],
  fields: readonly string[],
  options: { readonly flagged: boolean },
): Change => {
  const columns = fields.map((field) => columnOf(table, field));
  const keys = [realms(updates), ...keyParameters(table, updates)];
  const values = columns.map((column) =>
    parameter(
      column,
      updates.map(({ changes }) => changes[column.field]),
    ),
  );
  const given = options.flagged ? columns.map((column) => flags(updates.map(({ changes }) => column.field in changes))) : [];
  const set = columns.map((column, i) => {
    const name = quote(column.name);
    const value = values[i]?.sql(`q.c${keys.length + i}`) ?? "";
    return options.flagged
      ? `${name} = CASE WHEN q.c${keys.length + values.length + i} THEN ${value} ELSE t.${name} END`
      : `${name} = ${value}`;
  });
  const parameters = [...keys, ...values, ...given];
  return {
    realms: realmsOf(updates),
    sql: `UPDATE ${quote(table.name)} AS t SET ${set.join(", ")} FROM ${source(parameters)} WHERE ${keyMatch(table)}`,
    values: parameters.map((p) => p.cells),
    rowsCount: updates.length,
  };
};

/** The updates as statements: one per set of changed fields while these are few, else one for all. */
export const changesOf = function* (table: Table, updates: readonly Update[]): Generator<Change> {
  const bySignature = new Map<string, Update[]>();
  for (const update of merged(table, updates)) {
    const signature = Object.keys(update.changes).toSorted().join("\0");
    const same = bySignature.get(signature);
    if (same === undefined) bySignature.set(signature, [update]);
    else same.push(update);
  }
  const groups = [...bySignature.entries()].map(([signature, members]) => ({ fields: signature.split("\0"), members }));
  const flagged = groups.length > signaturesMax;
  const all = flagged
    ? [{ fields: [...new Set(groups.flatMap((g) => g.fields))].toSorted(), members: groups.flatMap((g) => g.members) }]
    : groups;
  for (const { fields, members } of all) {
    for (let start = 0; start < members.length; start += rowsPerStatementMax) {
      yield updateOf(table, members.slice(start, start + rowsPerStatementMax), fields, { flagged });
    }
  }
};
