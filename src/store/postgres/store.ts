/**
 * The store on Postgres: some connections that read, each one statement at a time, and one that writes, all as the role of the calls (see
 * runtime-role.ts); one of the owner of the tables for what is no call's.
 */
import type { ReservedSQL, SQL } from "bun";
import { scanChunkBytes, scansBytes, writesWaitingMax } from "../limits.ts";
import { Queue } from "../queue.ts";
import { scanChunks } from "../scan.ts";
import { StoreError } from "../store-error.ts";
import type { MaybePromise, ReadCall, Row, RowsShape, Shape, Store, WriteTransaction } from "../store.ts";
import { Turns } from "../turns.ts";
import { PostgresAdmin } from "./admin.ts";
import { Coalescer } from "./coalescer.ts";
import { isConnectionLoss, postgresError } from "./error.ts";
import { Preparer, readPlain } from "./reader.ts";
import { ReadingSession } from "./reading-session.ts";
import { ownerSettings } from "./row-security.ts";
import { prepareServer } from "./runtime-role.ts";
import type { Server } from "./runtime-role.ts";
import { openSession } from "./session.ts";
import { Transaction } from "./transaction.ts";
import { PostgresWrite } from "./write.ts";

export interface PostgresOptions {
  readonly url: string;
  /** Connections that read; one more writes, and one is the owner's. */
  readonly readers: number;
  /** How long a statement may run, in milliseconds. */
  readonly timeoutMs: number;
  /** Whether reads of concurrent callers are merged. Off only to measure what merging gains. */
  readonly merge: boolean;
}

export class PostgresStore implements Store {
  readonly engine = "postgres";
  readonly admin: PostgresAdmin;
  readonly #readers: readonly ReadingSession[];
  readonly #writer: SQL;
  readonly #owner: SQL;
  readonly #coalescer: Coalescer;
  readonly #preparer = new Preparer();
  readonly #writes = new Queue(writesWaitingMax);
  readonly #turns = new Turns(scansBytes);
  readonly #merge: boolean;
  #reserved: ReservedSQL | undefined;
  /** A connection of the writer has closed: perhaps the reserved one, perhaps one that was replaced already. */
  #suspect = false;
  #next = 0;
  #closed = false;

  private constructor({ url, readers, timeoutMs, merge }: PostgresOptions, owner: SQL, server: Server) {
    const { settings } = server;
    this.#readers = Array.from({ length: readers }, () => new ReadingSession({ url, timeoutMs, settings }));
    this.#writer = openSession({ url, timeoutMs, settings, onClose: () => (this.#suspect = true) });
    this.#owner = owner;
    this.#coalescer = new Coalescer(this.#readers);
    this.#merge = merge;
    this.admin = new PostgresAdmin({
      session: owner,
      server,
      betweenWrites: (work) => Promise.resolve(this.#writes.run(work)),
    });
  }

  /** Throws a `StoreError` unless the server is there and can do what the store needs of it. */
  static async open(options: PostgresOptions): Promise<PostgresStore> {
    const { url, timeoutMs } = options;
    const owner = openSession({ url, timeoutMs, settings: ownerSettings });
    try {
      return new PostgresStore(options, owner, await prepareServer(owner));
    } catch (error) {
      await owner.close();
      throw error;
    }
  }

  read(shape: Shape, calls: readonly ReadCall[]): Promise<Row[][]> {
    if (!this.#merge) return Promise.all(calls.map((call) => readPlain(this.#anyReader(), this.#preparer.of(shape, call), call)));
    return new Promise((resolve, reject) => {
      const results: Row[][] = calls.map(() => []);
      let left = calls.length;
      if (left === 0) resolve(results);
      calls.forEach((call, index) => {
        this.#coalescer.read(this.#preparer.of(shape, call), call, (rows, error) => {
          if (rows === undefined) return reject(error);
          results[index] = rows;
          left -= 1;
          if (left === 0) resolve(results);
        });
      });
    });
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
      chunkBytes: scanChunkBytes.postgres,
      turns: this.#turns,
      read: (chunkShape, chunkCall) =>
        readPlain(this.#anyReader(), this.#preparer.of(chunkShape, chunkCall, { orderColumns: true }), chunkCall),
    });
  }

  async write<T>(work: (tx: WriteTransaction) => MaybePromise<T>): Promise<T> {
    return this.#writes.run(() => this.#transact(work));
  }

  async ping(): Promise<void> {
    try {
      await this.#anyReader().ping();
    } catch (error) {
      throw postgresError(error);
    }
  }

  async close(): Promise<void> {
    await this.#writes.idle();
    if (this.#closed) return;
    this.#closed = true;
    await this.#reserved?.release();
    await Promise.all([...this.#readers, this.#writer, this.#owner].map((session) => session.close()));
  }

  #anyReader(): ReadingSession {
    this.#next = (this.#next + 1) % this.#readers.length;
    const reader = this.#readers[this.#next];
    if (reader === undefined) throw new Error("a store without readers");
    return reader;
  }

  /** The connection that writes: reserved once, and again after it was lost. */
  async #connection(): Promise<ReservedSQL> {
    if (this.#reserved !== undefined && this.#suspect) {
      await this.#reserved.unsafe("SELECT 1").catch(() => this.#drop());
    }
    this.#suspect = false;
    if (this.#reserved !== undefined) return this.#reserved;
    try {
      return (this.#reserved = await this.#writer.reserve());
    } catch (error) {
      throw postgresError(error);
    }
  }

  async #transact<T>(work: (tx: WriteTransaction) => MaybePromise<T>): Promise<T> {
    const connection = await this.#connection();
    const transaction = new Transaction(connection);
    const tx = new PostgresWrite(transaction, this.#preparer);
    let result: T;
    try {
      result = await work(tx);
      await transaction.settled();
    } catch (error) {
      tx.end();
      await this.#rollback(connection);
      throw postgresError(error);
    }
    tx.end();
    await this.#commit(connection);
    return result;
  }

  async #commit(connection: ReservedSQL): Promise<void> {
    let command: string | null;
    try {
      command = ((await connection.unsafe("COMMIT")) as { readonly command: string | null }).command;
    } catch (error) {
      this.#drop();
      if (isConnectionLoss(error)) throw new StoreError("unknown_fate", "the commit got no answer", { cause: error });
      throw postgresError(error);
    }
    // What a work that swallowed an error gets: Postgres has rolled back.
    if (command !== "COMMIT") throw new StoreError("broken", "the transaction had failed before its commit");
  }

  async #rollback(connection: ReservedSQL): Promise<void> {
    try {
      await connection.unsafe("ROLLBACK");
    } catch {
      // Without a connection there is nothing to roll back: the server has done it.
      this.#drop();
    }
  }

  /** Closes the writing connection rather than giving it back; the next transaction reserves another. */
  #drop(): void {
    const connection = this.#reserved;
    this.#reserved = undefined;
    void connection?.close().catch(() => {});
  }
}
