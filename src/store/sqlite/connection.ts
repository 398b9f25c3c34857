/**
 * One connection to a SQLite file with its prepared statements. All statements of the store run through it; those least used are finalized.
 */
import { Database } from "bun:sqlite";
import type { Statement as Prepared } from "bun:sqlite";
import { compileStatement, variantOf } from "../compile/statement.ts";
import { callsPerStatementMax, lockTimeoutMs, statementsMax } from "../limits.ts";
import { Lru } from "../lru.ts";
import type { ReadCall, Row, RowsShape, Shape } from "../store.ts";
import { callsMin, compileBatch, hasBatchForm, isPerCall } from "./batch.ts";
import { encodeCalls, readerOf, rowDecoderOf, rowMakerOf } from "./codec.ts";
import type { Cell, RowDecoder } from "./codec.ts";
import { sqliteDialect } from "./dialect.ts";
import { sqliteError } from "./error.ts";
import { defineFunctions } from "./functions.ts";

type Cells = Record<string, Cell>;

interface PreparedShape {
  readonly shape: Shape;
  readonly prepared: Prepared<Cells, Cell[]>;
  readonly readers: readonly ((call: ReadCall) => Cell)[];
  readonly decoder: RowDecoder;
  readonly single: boolean;
}

interface PreparedBatch {
  readonly shape: Shape;
  readonly prepared: Prepared<Cells, Cell[]>;
  /** What the calls give, in the order of the JSON array's values. */
  readonly readers: readonly { readonly read: (call: ReadCall) => Cell; readonly list: boolean }[];
  /** What the calls share, in the order of the parameters after the array. */
  readonly constants: readonly ((call: ReadCall) => Cell)[];
  readonly makeRow: (cells: readonly Cell[]) => Row;
}

/** Pages in the log before a commit copies it into the file itself (64 MiB). Most of it was copied before, beside the commits: see `checkpointer.ts`. */
const checkpointPages = 16_384;

/** Pages of the file kept in memory, in KiB; the reader and the writer have one cache each. */
const cacheKiB = 64 * 1024;
/** What stays of the write-ahead log after a checkpoint. */
const logBytesMax = 64 * 1024 * 1024;
/** Bytes of the file read without a copy. */
const mapBytes = 1024 * 1024 * 1024;

export interface ConnectionOptions {
  readonly path: string;
  readonly readonly: boolean;
}

export class SqliteConnection {
  readonly database: Database;
  readonly #shapes = new Lru<PreparedShape>(statementsMax, ({ prepared }) => prepared.finalize());
  readonly #batches = new Lru<PreparedBatch>(statementsMax, ({ prepared }) => prepared.finalize());
  readonly #statements = new Lru<Prepared<Cells, Cell[]>>(statementsMax, (prepared) => prepared.finalize());

  constructor({ path, readonly }: ConnectionOptions) {
    try {
      this.database = new Database(path, { ...(readonly ? { readonly } : { create: true }), safeIntegers: true, strict: true });
      this.database.run(`PRAGMA busy_timeout = ${lockTimeoutMs}`);
      if (!readonly) this.database.run("PRAGMA journal_mode = WAL");
      this.database.run("PRAGMA synchronous = FULL");
      this.database.run("PRAGMA foreign_keys = ON");
      this.database.run(`PRAGMA cache_size = -${cacheKiB}`);
      this.database.run(`PRAGMA mmap_size = ${mapBytes}`);
      this.database.run(`PRAGMA journal_size_limit = ${logBytesMax}`);
      this.database.run(`PRAGMA wal_autocheckpoint = ${checkpointPages}`);
      this.database.run("PRAGMA temp_store = MEMORY");
      this.database.run("PRAGMA trusted_schema = OFF");
    } catch (error) {
      throw sqliteError(error);
    }
    defineFunctions(this.database);
  }

  /** A statement of the store's own, by its text. */
  prepare(sql: string): Prepared<Cells, Cell[]> {
    const known = this.#statements.get(sql);
    if (known !== undefined) {
      this.#statements.touch(sql, known);
      return known;
    }
    const prepared = this.database.prepare<Cells, Cell[]>(sql);
    this.#statements.set(sql, prepared);
    return prepared;
  }

  /** The rows of one call. Throws `StoreError`. */
  read(shape: Shape, call: ReadCall, options: { readonly orderColumns?: true } = {}): Row[] {
    try {
      const { prepared, readers, decoder, single } = this.#shape(shape, call, options);
      if (call.limit === 0 || (single && call.offset !== undefined && call.offset > 0)) return [];
      const cells: Cell[] = [];
      for (const reader of readers) cells.push(reader(call));
      return decoder.decode(prepared.all(...cells));
    } catch (error) {
      throw sqliteError(error, shape.table);
    }
  }

  /** The rows of several calls, in one statement where that gains. Throws `StoreError`. */
  readMany(shape: Shape, calls: readonly ReadCall[]): Row[][] {
    const [first] = calls;
    if (first === undefined) return [];
    const alike = calls.every((call) => call.limit === first.limit && call.offset === first.offset);
    const batched =
      calls.length >= callsMin && first.limit !== 0 && alike && hasBatchForm(shape) && !this.#shape(shape, first, {}).single;
    if (!batched) return calls.map((call) => this.read(shape, call));
    const results: Row[][] = [];
    for (let start = 0; start < calls.length; start += callsPerStatementMax) {
      results.push(...this.#readBatch(shape, calls.slice(start, start + callsPerStatementMax)));
    }
    return results;
  }

  #readBatch(shape: RowsShape, calls: readonly ReadCall[]): Row[][] {
    try {
      const { prepared, readers, constants, makeRow } = this.#batch(shape, calls);
      const results: Row[][] = calls.map(() => []);
      const [first] = calls;
      if (first === undefined) return results;
      for (const cells of prepared.values(encodeCalls(readers, calls), ...constants.map((read) => read(first))) as Cell[][]) {
        results[Number(cells[0])]?.push(makeRow(cells));
      }
      return results;
    } catch (error) {
      throw sqliteError(error, shape.table);
    }
  }

  #batch(shape: RowsShape, calls: readonly ReadCall[]): PreparedBatch {
    for (const call of calls) variantOf(shape, call);
    const known = this.#batches.get(shape.key);
    if (known !== undefined) {
      if (known.shape !== shape && known.shape.table !== shape.table) throw new Error(`two shapes share the key ${shape.key}`);
      this.#batches.touch(shape.key, known);
      return known;
    }
    const { sql, bindings, columns } = compileBatch(shape);
    const prepared = this.database.prepare<Cells, Cell[]>(sql);
    const safeIntegers = columns.some((column) => column.type === "bigint");
    prepared.safeIntegers(safeIntegers);
    const made: PreparedBatch = {
      shape,
      prepared,
      readers: bindings.filter(isPerCall).map((binding) => ({ read: readerOf(binding), list: binding.list })),
      constants: bindings.filter((binding) => !isPerCall(binding)).map(readerOf),
      makeRow: rowMakerOf(columns, { skip: 1, safeIntegers }),
    };
    this.#batches.set(shape.key, made);
    return made;
  }

  close(): void {
    this.#batches.clear();
    this.#shapes.clear();
    this.#statements.clear();
    this.database.close(true);
  }

  #shape(shape: Shape, call: ReadCall, options: { readonly orderColumns?: true }): PreparedShape {
    const variant = variantOf(shape, call);
    const key =
      variant.after === undefined && options.orderColumns === undefined
        ? shape.key
        : `${shape.key}\0${variant.after ?? ""}${options.orderColumns === undefined ? "" : "\0order"}`;
    const known = this.#shapes.get(key);
    if (known !== undefined) {
      if (known.shape !== shape && known.shape.table !== shape.table) throw new Error(`two shapes share the key ${shape.key}`);
      this.#shapes.touch(key, known);
      return known;
    }
    // An offset is always bound, so that a shape is one statement whatever page is asked for.
    const statement = compileStatement(sqliteDialect, shape, { ...variant, ...options });
    const prepared = this.database.prepare<Cells, Cell[]>(statement.sql);
    const decoder = rowDecoderOf(statement.columns);
    prepared.safeIntegers(decoder.safeIntegers);
    const made: PreparedShape = { shape, prepared, readers: statement.bindings.map(readerOf), decoder, single: statement.single };
    this.#shapes.set(key, made);
    return made;
  }
}
