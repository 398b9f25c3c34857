/** The write transaction on SQLite: prepared statements, row by row, inside one BEGIN IMMEDIATE. */
import type { Statement as Prepared } from "bun:sqlite";
import { quote } from "../compile/dialect.ts";
import { assertUnique, keyShape } from "../key-shape.ts";
import { StoreError } from "../store-error.ts";
import type { Key, ReadCall, Row, Savepoint, Shape, TableChanges, WriteTransaction } from "../store.ts";
import { columnOf } from "../table.ts";
import type { Column, Table } from "../table.ts";
import type { Value } from "../../define/expression.ts";
import { encoderOf } from "./codec.ts";
import type { Cell } from "./codec.ts";
import type { SqliteConnection } from "./connection.ts";
import { sqliteError } from "./error.ts";

type Encode = (value: Value | undefined) => Cell;

interface TablePlan {
  readonly insert: string;
  readonly columns: readonly { readonly field: string; readonly encode: Encode }[];
  readonly key: readonly Encode[];
  readonly delete: string;
}

const encoders = new WeakMap<Column, Encode>();

const encoder = (column: Column): Encode => {
  const known = encoders.get(column);
  if (known !== undefined) return known;
  const made = encoderOf(column.type);
  encoders.set(column, made);
  return made;
};

const plans = new WeakMap<Table, TablePlan>();

const keyCondition = (table: Table, from: number): string =>
  [`"realm" = ?${from}`, ...table.key.map((field, i) => `${quote(columnOf(table, field).name)} = ?${from + i + 1}`)].join(
    " AND ",
  );

const planOf = (table: Table): TablePlan => {
  const known = plans.get(table);
  if (known !== undefined) return known;
  const names = ['"realm"', ...table.columns.map((c) => quote(c.name))];
  const made: TablePlan = {
    insert: `INSERT INTO ${quote(table.name)} (${names.join(", ")}) VALUES (${names.map((_, i) => `?${i + 1}`).join(", ")})`,
    columns: table.columns.map((c) => ({ field: c.field, encode: encoder(c) })),
    key: table.key.map((field) => encoder(columnOf(table, field))),
    delete: `DELETE FROM ${quote(table.name)} WHERE ${keyCondition(table, 1)}`,
  };
  plans.set(table, made);
  return made;
};

interface UpdatePlan {
  readonly sql: string;
  readonly encoders: readonly Encode[];
}

/** Updates by the fields they change, in their order: commands change few sets of them. */
const updates = new WeakMap<Table, Map<string, UpdatePlan>>();
const updatePlansMax = 256;

const updateOf = (table: Table, fields: readonly string[]): UpdatePlan => {
  let plans = updates.get(table);
  if (plans === undefined) updates.set(table, (plans = new Map()));
  const key = fields.join(" ");
  const known = plans.get(key);
  if (known !== undefined) return known;
  const columns = fields.map((field) => columnOf(table, field));
  const set = columns.map((c, i) => `${quote(c.name)} = ?${i + 1}`).join(", ");
  const made = {
    sql: `UPDATE ${quote(table.name)} SET ${set} WHERE ${keyCondition(table, columns.length + 1)}`,
    encoders: columns.map(encoder),
  };
  if (plans.size >= updatePlansMax) plans.clear();
  plans.set(key, made);
  return made;
};

const assertFields = (table: Table, row: Row): void => {
  for (const field in row) columnOf(table, field);
};

export class SqliteWrite implements WriteTransaction {
  readonly #connection: SqliteConnection;
  #open = true;
  #savepoints = 0;
  /** Rows inserted, updated and deleted so far. */
  rows = 0;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  /** After this the transaction refuses everything: a callback that kept it cannot write outside. */
  end(): void {
    this.#open = false;
  }

  load(table: Table, keys: readonly Key[]): (Row | undefined)[] {
    this.#assertOpen();
    const shape = keyShape(table, table.key);
    return keys.map(({ realm, key }) => this.#connection.read(shape, { realm, params: key })[0]);
  }

  find(
    table: Table,
    fields: readonly string[],
    keys: readonly { readonly realm: number; readonly values: readonly Value[] }[],
  ): (Row | undefined)[] {
    this.#assertOpen();
    assertUnique(table, fields);
    const shape = keyShape(table, fields);
    return keys.map(({ realm, values }) => this.#connection.read(shape, { realm, params: values })[0]);
  }

  read(shape: Shape, calls: readonly ReadCall[]): Row[][] {
    this.#assertOpen();
    return this.#connection.readMany(shape, calls);
  }

  apply(changes: readonly TableChanges[]): void {
    this.#assertOpen();
    for (const change of changes) {
      this.rows += change.inserts.length + change.updates.length + change.deletes.length;
      this.#insert(change);
      this.#update(change);
      this.#delete(change);
    }
  }

  savepoint(): Savepoint {
    this.#assertOpen();
    this.#savepoints += 1;
    const name = `s${this.#savepoints}`;
    this.#run(`SAVEPOINT ${name}`);
    return {
      release: () => this.#run(`RELEASE ${name}`),
      rollback: () => {
        this.#run(`ROLLBACK TO ${name}`);
        this.#run(`RELEASE ${name}`);
      },
    };
  }

  #run(sql: string): void {
    this.#assertOpen();
    try {
      this.#connection.prepare(sql).run();
    } catch (error) {
      throw sqliteError(error);
    }
  }

  #insert({ table, inserts }: TableChanges): void {
    if (inserts.length === 0) return;
    const { insert, columns } = planOf(table);
    const statement = this.#connection.prepare(insert);
    for (const { realm, row } of inserts) {
      assertFields(table, row);
      const cells: Cell[] = [realm];
      for (const { field, encode } of columns) cells.push(encode(row[field]));
      this.#execute(statement, cells, { table, realm, row });
    }
  }

  #update({ table, updates }: TableChanges): void {
    for (const { realm, key, changes } of updates) {
      const fields = Object.keys(changes);
      if (fields.length === 0) continue;
      const { sql, encoders: encode } = updateOf(table, fields);
      const cells: Cell[] = [];
      for (let i = 0; i < fields.length; i++) cells.push((encode[i] as Encode)(changes[fields[i] as string]));
      cells.push(realm, ...this.#key(table, key));
      const changed = this.#execute(this.#connection.prepare(sql), cells, { table, realm, row: changes });
      if (changed === 0) throw new StoreError("conflict", "a row to update is gone", { table: table.name });
    }
  }

  #delete({ table, deletes }: TableChanges): void {
    if (deletes.length === 0) return;
    const statement = this.#connection.prepare(planOf(table).delete);
    for (const { realm, key } of deletes) this.#execute(statement, [realm, ...this.#key(table, key)], { table, realm, row: {} });
  }

  #key(table: Table, key: Key["key"]): Cell[] {
    const { key: encodeKey } = planOf(table);
    if (encodeKey.length !== key.length) throw new Error(`table ${table.name}: a key has ${encodeKey.length} values`);
    return encodeKey.map((encode, i) => encode(key[i]));
  }

  /** Runs one change and gives the number of changed rows. */
  #execute(statement: Prepared<unknown, Cell[]>, cells: readonly Cell[], { table, realm, row }: Blame): number {
    try {
      return statement.run(...cells).changes;
    } catch (error) {
      const mapped = sqliteError(error, table);
      if (!(mapped instanceof StoreError) || mapped.kind !== "reference") throw mapped;
      const field = this.#missingReference({ table, realm, row });
      throw new StoreError("reference", mapped.message, {
        table: table.name,
        cause: error,
        ...(field === undefined ? {} : { field }),
      });
    }
  }

  /** SQLite does not say which reference failed: looks for the first one whose row is missing. */
  #missingReference({ table, realm, row }: Blame): string | undefined {
    return table.references.find((reference) => {
      const value = row[reference.field];
      if (value === null || value === undefined) return false;
      const sql = `SELECT 1 AS found FROM ${quote(reference.table)} WHERE "realm" = ?1 AND "id" = ?2`;
      return this.#connection.prepare(sql).get(realm, encoder(columnOf(table, reference.field))(value)) === null;
    })?.field;
  }

  #assertOpen(): void {
    if (!this.#open) throw new Error("the write transaction has ended");
  }
}

interface Blame {
  readonly table: Table;
  readonly realm: number;
  readonly row: Row;
}
