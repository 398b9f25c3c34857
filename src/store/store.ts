/**
 * The store: one interface, two engines (SQLite, Postgres). It knows tables and rows, no business, no channel.
 *
 * Reads are given as a *shape* (what to select; compiled to SQL once and cached by `key`) and a list of *calls* of that shape
 * (realm and parameters). All calls given together are answered by one statement where the engine gains by it; the outcomes come in the
 * order of the calls, exactly one per call. N parents' related lists are N calls of one shape.
 *
 * State changes only inside `write`, which gives the single open write transaction and commits when its callback returns.
 *
 * SQLite answers synchronously (plain values), Postgres with promises: `MaybePromise` lets a caller avoid the `await` it does not need.
 */
import type { Condition, Value } from "../define/expression.ts";
import type { Table } from "./table.ts";

export type MaybePromise<T> = T | Promise<T>;
export type Row = Record<string, Value>;
export type Direction = "asc" | "desc";

/**
 * Order by a field or, over to-one relations, by a field of a related row. Null is smallest on both engines. Where `when` does not hold, the
 * value counts as null: rows over whose related row the caller may not look stay in the list, and their place says nothing.
 */
export interface Order {
  readonly path: readonly string[];
  readonly direction: Direction;
  readonly when?: Condition;
}

/** A to-one step used by paths in `where` and `order`: field → table it references. Resolved per table, so that paths can go on. */
export interface Join {
  /** Path of reference fields from the shape's table: `["customer"]`. */
  readonly path: readonly string[];
  readonly table: Table;
}

/** A to-many link table used by `exists` conditions: rows of `table` that match. */
export interface Link {
  readonly name: string;
  readonly table: Table;
}

/**
 * What is measured, and the value it gives: `count` and `countDistinct` a number; `sum` a bigint, over a decimal field a decimal; `avg` a
 * decimal, rounded half away from zero to six places; `min` and `max` a value of the field's type. Null over no rows, but for the counts.
 */
export type Measure =
  { readonly kind: "count" } | { readonly kind: "sum" | "avg" | "min" | "max" | "countDistinct"; readonly field: string };

/** A group's value: the field's, or a part of an instant or a day as text: `2024`, `2024-05`, `2024-05-31`, `2024-05-31T13` (UTC). */
export type GroupBy = { readonly name: string; readonly field: string; readonly part?: "day" | "month" | "year" | "hour" };

interface ShapeBase {
  /**
   * Unique text of this shape among all shapes of the store: the cache key of the compiled statement. A limit, an offset and the values of
   * `after` are no part of it.
   */
  readonly key: string;
  readonly table: Table;
  readonly joins: readonly Join[];
  readonly links: readonly Link[];
  /** Parameters by name, in the order in which calls give their values; with the type they are bound as. `list`: bound as a set for `in`. */
  readonly params: readonly { readonly name: string; readonly type: Table["columns"][number]["type"]; readonly list?: true }[];
  readonly where?: Condition;
}

/** Rows: `limit` (always bounded) and `offset` are given by the call. With `after`, a keyset condition over `order` is added. */
export interface RowsShape extends ShapeBase {
  readonly kind: "rows";
  readonly select: readonly string[];
  readonly order: readonly Order[];
  /** The call gives `after`: one value per entry of `order`, of the last row seen. The order must contain the key's fields. */
  readonly after?: true;
}

/** The number of matching rows: one row `{ count: number }`. */
export interface CountShape extends ShapeBase {
  readonly kind: "count";
}

/** Aggregates: rows of group fields and measures, ordered by the groups, at most the call's `limit` rows. */
export interface AggregateShape extends ShapeBase {
  readonly kind: "aggregate";
  readonly groups: readonly GroupBy[];
  readonly measures: Readonly<Record<string, Measure>>;
}

export type Shape = RowsShape | CountShape | AggregateShape;

export interface ReadCall {
  readonly realm: number;
  readonly params: readonly Value[];
  readonly limit?: number;
  readonly offset?: number;
  readonly after?: readonly Value[];
}

export interface Key {
  readonly realm: number;
  /** Values of the table's key fields in order. */
  readonly key: readonly (string | number | bigint)[];
}

/** Changes to one table. Rows are whole on insert; an update names the changed fields; everything is in one realm-safe statement per kind. */
export interface TableChanges {
  readonly table: Table;
  readonly inserts: readonly { readonly realm: number; readonly row: Row }[];
  readonly updates: readonly { readonly realm: number; readonly key: Key["key"]; readonly changes: Row }[];
  readonly deletes: readonly Key[];
}

/** The one open write transaction. */
export interface WriteTransaction {
  /** Rows by primary key, locked for change on Postgres (in key order, so that two writers cannot deadlock); `undefined` where missing. */
  load(table: Table, keys: readonly Key[]): MaybePromise<readonly (Row | undefined)[]>;
  /** Rows by a unique index: each call gives the realm and the values of the index's fields. */
  find(
    table: Table,
    fields: readonly string[],
    keys: readonly { readonly realm: number; readonly values: readonly Value[] }[],
  ): MaybePromise<readonly (Row | undefined)[]>;
  /** Reads that see the changes applied so far in this transaction. */
  read(shape: Shape, calls: readonly ReadCall[]): MaybePromise<readonly Row[][]>;
  /** Inserts, then updates, then deletes, table by table in the order given; a constant number of statements per table. */
  apply(changes: readonly TableChanges[]): MaybePromise<void>;
  savepoint(): MaybePromise<Savepoint>;
}

export interface Savepoint {
  release(): MaybePromise<void>;
  rollback(): MaybePromise<void>;
}

export interface Store {
  /** Another process may write to the same database too: to Postgres as a matter of course. */
  readonly engine: "sqlite" | "postgres";
  /**
   * Rows of `shape`, one list per call, in the order of `calls`. Sees what is committed, and all that this store has committed. Throws
   * `StoreError`: `check` for a value that the parameter's type cannot hold, `unavailable`, `timeout`. SQLite throws at once, Postgres rejects.
   */
  read(shape: Shape, calls: readonly ReadCall[]): MaybePromise<readonly Row[][]>;
  /**
   * All rows of a shape in order, a chunk at a time (keyset by `order`, constant memory), for exports and NDJSON/CSV streams. A chunk has at
   * most so many rows, and about so many bytes as a slow reader may hold; each waits for its turn of the event loop behind those of other scans.
   * Ends early when the signal aborts.
   */
  scan(
    shape: RowsShape,
    call: ReadCall,
    options: { readonly chunk: number; readonly signal?: AbortSignal },
  ): AsyncIterable<Row[]>;
  /**
   * Runs `work` in the write transaction (SQLite: BEGIN IMMEDIATE; Postgres: READ COMMITTED on a connection of its own) and commits. One at a
   * time per store. Throws what `work` throws after rolling back, or a `StoreError`; `unknown_fate` when the commit got no answer.
   * A `work` must not wait for another write of the same store: it would wait for its own end.
   */
  write<T>(work: (tx: WriteTransaction) => MaybePromise<T>): MaybePromise<T>;
  /** Cheap liveness check for readiness. */
  ping(): MaybePromise<void>;
  close(): MaybePromise<void>;
}
