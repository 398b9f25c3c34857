/**
 * The store on SQLite: one file, one connection that writes and one that reads. Everything is answered synchronously.
 *
 * The reader sees only what is committed. While several reads come in one tick of the event loop they share one snapshot, which ends with
 * the tick: taking one costs as much as a read by key (measured: 6 µs with, 3 µs within). It ends with every commit of this process too, so
 * that whoever awaited a write sees it; a commit of another process is seen at the next tick.
 */
import type { Statement as Prepared } from "bun:sqlite";
import { scanChunkBytes, scansBytes, writesWaitingMax } from "../limits.ts";
import { Queue } from "../queue.ts";
import { scanChunks } from "../scan.ts";
import type { MaybePromise, ReadCall, Row, RowsShape, Shape, Store, WriteTransaction } from "../store.ts";
import { Turns } from "../turns.ts";
import { SqliteAdmin } from "./admin.ts";
import { SqliteConnection } from "./connection.ts";
import { Checkpointer } from "./checkpointer.ts";
import { sqliteError } from "./error.ts";
import { SqliteWrite } from "./write.ts";

/** After so many reads without a snapshot one is taken to see whether it would be shared. */
const probeEvery = 32;

export class SqliteStore implements Store {
  readonly engine = "sqlite";
  readonly admin: SqliteAdmin;
  readonly #writer: SqliteConnection;
  readonly #reader: SqliteConnection;
  readonly #writes = new Queue(writesWaitingMax);
  readonly #turns = new Turns(scansBytes);
  readonly #checkpointer: Checkpointer;
  readonly #begin: Prepared;
  readonly #commit: Prepared;
  #inSnapshot = false;
  /** Reads in the open snapshot, or in the last one. */
  #sharedCount = 0;
  #aloneCount = 0;
  readonly #endOfTick = (): void => this.#endSnapshot();
  #closed = false;

  constructor(path: string) {
    this.#writer = new SqliteConnection({ path, readonly: false });
    this.#checkpointer = new Checkpointer(path);
    this.#reader = new SqliteConnection({ path, readonly: true });
    this.#begin = this.#reader.database.prepare("BEGIN");
    this.#commit = this.#reader.database.prepare("COMMIT");
    this.admin = new SqliteAdmin({ writer: this.#writer, writes: this.#writes, committed: this.#endOfTick });
  }

  read(shape: Shape, calls: readonly ReadCall[]): Row[][] {
    if (calls.length > 1 || this.#sharing()) this.#takeSnapshot();
    this.#sharedCount += 1;
    return this.#reader.readMany(shape, calls);
  }

  scan(
    shape: RowsShape,
    call: ReadCall,
    options: { readonly chunk: number; readonly signal?: AbortSignal },
  ): AsyncIterable<Row[]> {
    return scanChunks({
      ...options,
      shape,
      call,
      chunkBytes: scanChunkBytes.sqlite,
      turns: this.#turns,
      read: (chunkShape, chunkCall) => this.#reader.read(chunkShape, chunkCall, { orderColumns: true }),
    });
  }

  write<T>(work: (tx: WriteTransaction) => MaybePromise<T>): MaybePromise<T> {
    return this.#writes.run(() => this.#transact(work));
  }

  ping(): void {
    try {
      this.#reader.prepare("SELECT 1 AS one").get();
    } catch (error) {
      throw sqliteError(error);
    }
  }

  async close(): Promise<void> {
    await this.#writes.idle();
    if (this.#closed) return;
    this.#closed = true;
    this.#checkpointer.close();
    this.#endSnapshot();
    this.#begin.finalize();
    this.#commit.finalize();
    this.#reader.close();
    this.#writer.close();
  }

  #transact<T>(work: (tx: WriteTransaction) => MaybePromise<T>): MaybePromise<T> {
    this.#execute("BEGIN IMMEDIATE");
    const tx = new SqliteWrite(this.#writer);
    let result: MaybePromise<T>;
    try {
      result = work(tx);
    } catch (error) {
      return this.#rollback(tx, error);
    }
    if (!(result instanceof Promise)) return this.#finish(tx, result);
    return result.then(
      (value) => this.#finish(tx, value),
      (error: unknown) => this.#rollback(tx, error),
    );
  }

  #finish<T>(tx: SqliteWrite, value: T): T {
    tx.end();
    try {
      this.#execute("COMMIT");
    } catch (error) {
      return this.#rollback(tx, error);
    }
    this.#checkpointer.committed(tx.rows);
    this.#endSnapshot();
    return value;
  }

  #rollback(tx: SqliteWrite, error: unknown): never {
    tx.end();
    // A full disk or an I/O error may have rolled back already.
    if (this.#writer.database.inTransaction) this.#execute("ROLLBACK");
    throw error;
  }

  #execute(sql: string): void {
    try {
      this.#writer.prepare(sql).run();
    } catch (error) {
      throw sqliteError(error);
    }
  }

  /** Whether a snapshot is worth taking: the last one was shared, or it is time to try. */
  #sharing(): boolean {
    if (this.#inSnapshot || this.#sharedCount > 1) return true;
    this.#sharedCount = 0;
    this.#aloneCount = (this.#aloneCount + 1) % probeEvery;
    return this.#aloneCount === 0;
  }

  #takeSnapshot(): void {
    if (this.#inSnapshot) return;
    this.#sharedCount = 0;
    try {
      this.#begin.run();
    } catch (error) {
      throw sqliteError(error);
    }
    this.#inSnapshot = true;
    setImmediate(this.#endOfTick);
  }

  #endSnapshot(): void {
    if (!this.#inSnapshot) return;
    this.#inSnapshot = false;
    this.#commit.run();
  }
}
