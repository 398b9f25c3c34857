/**
 * The write transaction on Postgres. A constant number of statements per table and kind of change: the rows come as arrays, one per column.
 */
import type { Value } from "../../define/expression.ts";
import { assertUnique, keyShape } from "../key-shape.ts";
import { rowsPerStatementMax } from "../limits.ts";
import { StoreError } from "../store-error.ts";
import type { Key, ReadCall, Row, Savepoint, Shape, TableChanges, WriteTransaction } from "../store.ts";
import type { Table } from "../table.ts";
import { changesOf, deletionOf, insertionOf, lockOf } from "./change.ts";
import type { Change } from "./change.ts";
import { postgresError } from "./error.ts";
import { readBatch, readPlain } from "./reader.ts";
import type { Prepared, Preparer } from "./reader.ts";
import { rowMakerOf } from "./codec.ts";
import type { Transaction } from "./transaction.ts";

export class PostgresWrite implements WriteTransaction {
  readonly #transaction: Transaction;
  readonly #preparer: Preparer;
  #open = true;
  #savepoints = 0;

  constructor(transaction: Transaction, preparer: Preparer) {
    this.#transaction = transaction;
    this.#preparer = preparer;
  }

  /** After this the transaction refuses everything: a callback that kept it cannot write outside. */
  end(): void {
    this.#open = false;
  }

  async load(table: Table, keys: readonly Key[]): Promise<(Row | undefined)[]> {
    this.#assertOpen();
    const results: (Row | undefined)[] = keys.map(() => undefined);
    const makeRow = rowMakerOf(
      table.columns.map(({ field, type, nullable }) => ({ field, type, nullable })),
      1,
    );
    for (let start = 0; start < keys.length; start += rowsPerStatementMax) {
      const change = lockOf(table, keys.slice(start, start + rowsPerStatementMax));
      for (const row of await this.#values(change, table)) results[start + Number(row[0]) - 1] = makeRow(row);
    }
    return results;
  }

  async find(
    table: Table,
    fields: readonly string[],
    keys: readonly { readonly realm: number; readonly values: readonly Value[] }[],
  ): Promise<(Row | undefined)[]> {
    assertUnique(table, fields);
    const rows = await this.read(
      keyShape(table, fields),
      keys.map(({ realm, values }) => ({ realm, params: values })),
    );
    return rows.map(([row]) => row);
  }

  async read(shape: Shape, calls: readonly ReadCall[]): Promise<Row[][]> {
    this.#assertOpen();
    const results: Row[][] = [];
    for (const [prepared, members] of groups(this.#preparer, shape, calls)) {
      const rows =
        members.length === 1 && members[0] !== undefined
          ? [await readPlain(this.#transaction, prepared, members[0].call)]
          : await readBatch(
              this.#transaction,
              prepared,
              members.map(({ call }) => prepared.ask(call)),
            );
      members.forEach(({ index }, i) => (results[index] = rows[i] ?? []));
    }
    return results;
  }

  async apply(changes: readonly TableChanges[]): Promise<void> {
    this.#assertOpen();
    // Sent one behind the other without waiting: one turn for all. What fails makes everything behind it fail too, and is told first.
    const running: Promise<void>[] = [];
    for (const { table, inserts, updates, deletes } of changes) {
      for (const rows of chunks(inserts)) running.push(this.#run(insertionOf(table, rows), table).then(() => undefined));
      for (const change of changesOf(table, updates)) running.push(this.#update(change, table));
      for (const keys of chunks(deletes)) running.push(this.#run(deletionOf(table, keys), table).then(() => undefined));
    }
    const outcomes = await Promise.allSettled(running);
    const failed = outcomes.find((outcome) => outcome.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }

  async #update(change: Change & { readonly rowsCount: number }, table: Table): Promise<void> {
    const count = await this.#run(change, table);
    if (count !== change.rowsCount) throw new StoreError("conflict", "a row to update is gone", { table: table.name });
  }

  async savepoint(): Promise<Savepoint> {
    this.#savepoints += 1;
    const name = `s${this.#savepoints}`;
    const execute = (sql: string) => {
      this.#assertOpen();
      return this.#transaction.execute(sql);
    };
    const undone = this.#transaction.mark();
    await execute(`SAVEPOINT ${name}`);
    return {
      release: () => execute(`RELEASE SAVEPOINT ${name}`),
      rollback: async () => {
        await execute(`ROLLBACK TO SAVEPOINT ${name}`);
        undone();
        await execute(`RELEASE SAVEPOINT ${name}`);
      },
    };
  }

  async #values({ realms, sql, values }: Change, table: Table): Promise<unknown[][]> {
    try {
      return await this.#transaction.values(realms, sql, [...values]);
    } catch (error) {
      throw postgresError(error, table);
    }
  }

  /** Runs a change and gives the number of changed rows. */
  async #run(change: Change, table: Table): Promise<number> {
    const result = (await this.#values(change, table)) as unknown[][] & { readonly affectedRows?: number };
    return Number(result.affectedRows);
  }

  #assertOpen(): void {
    if (!this.#open) throw new Error("the write transaction has ended");
  }
}

const chunks = function* <T>(all: readonly T[]): Generator<readonly T[]> {
  for (let start = 0; start < all.length; start += rowsPerStatementMax) yield all.slice(start, start + rowsPerStatementMax);
};

interface Member {
  readonly call: ReadCall;
  readonly index: number;
}

/** The calls by the variant of their statement. */
const groups = (preparer: Preparer, shape: Shape, calls: readonly ReadCall[]): ReadonlyMap<Prepared, readonly Member[]> => {
  const result = new Map<Prepared, Member[]>();
  calls.forEach((call, index) => {
    const prepared = preparer.of(shape, call);
    const members = result.get(prepared);
    if (members === undefined) result.set(prepared, [{ call, index }]);
    else members.push({ call, index });
  });
  return result;
};
