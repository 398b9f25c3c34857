/**
 * Small tables that the writer keeps in memory (`inMemory`), so that a command sees all their rows without asking the database.
 *
 * Exact: every change of such a table counts the realm's counter `memory` up in the same transaction, and every batch that may look at one
 * fetches that counter with its others. Where it is as it was, the rows are as they were; else they are read again, within the transaction.
 */
import type { MaybePromise, Row, RowsShape } from "../store/store.ts";
import type { Table } from "../store/table.ts";

/** Most rows of one such table in one realm. */
export const inMemoryRowsMax = 1_000;
/** Realms whose rows are kept; the one used longest ago goes first. */
const realmsMax = 256;

const shapes = new WeakMap<Table, RowsShape>();

const shapeOf = (table: Table): RowsShape => {
  let shape = shapes.get(table);
  if (shape === undefined) {
    shape = {
      kind: "rows",
      key: `${table.name}:inMemory`,
      table,
      joins: [],
      links: [],
      params: [],
      select: table.columns.map(({ field }) => field),
      order: table.key.map((field) => ({ path: [field], direction: "asc" })),
    };
    shapes.set(table, shape);
  }
  return shape;
};

interface Kept {
  readonly version: number;
  readonly tables: Map<string, readonly Row[]>;
}

/** Reads all rows of a table in one realm, within the open transaction. */
export type ReadAll = (shape: RowsShape, call: { realm: number; params: []; limit: number }) => MaybePromise<readonly Row[]>;

export class InMemory {
  readonly #realms = new Map<number, Kept>();

  /** Makes sure that the rows of `tables` are known as of `version`. Throws when a table has grown too large. */
  async ensure(realm: number, version: number, tables: readonly Table[], read: ReadAll): Promise<void> {
    let kept = this.#realms.get(realm);
    if (kept === undefined || kept.version !== version) {
      kept = { version, tables: new Map() };
      this.#realms.delete(realm);
      this.#realms.set(realm, kept);
      const [oldest] = this.#realms.keys();
      if (this.#realms.size > realmsMax && oldest !== undefined) this.#realms.delete(oldest);
    }
    for (const table of tables) {
      if (kept.tables.has(table.name)) continue;
      const rows = await read(shapeOf(table), { realm, params: [], limit: inMemoryRowsMax + 1 });
      if (rows.length > inMemoryRowsMax)
        throw new Error(`${table.name} has more than ${inMemoryRowsMax} rows: it cannot be kept in memory`);
      kept.tables.set(table.name, rows);
    }
  }

  /** Whether `ensure` would have nothing to read. */
  knows(realm: number, version: number, tables: readonly Table[]): boolean {
    const kept = this.#realms.get(realm);
    return kept?.version === version && tables.every((table) => kept.tables.has(table.name));
  }

  /** The rows as the database had them when the batch began. */
  rows(realm: number, table: Table): readonly Row[] {
    const rows = this.#realms.get(realm)?.tables.get(table.name);
    if (rows === undefined) throw new Error(`${table.name} is not in memory`);
    return rows;
  }

  /** Forgets a realm: its transaction did not commit, or nobody knows. */
  forget(realm: number): void {
    this.#realms.delete(realm);
  }
}
