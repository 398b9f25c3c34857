/** Plain SQL on the writing connection, for migration and the store's own tables. */
import { SQLiteError } from "bun:sqlite";
import { lockTimeoutMs } from "../limits.ts";
import type { ActualTable, Admin } from "../migrate/schema.ts";
import type { Queue } from "../queue.ts";
import { StoreError } from "../store-error.ts";
import type { SqliteConnection } from "./connection.ts";
import { sqliteSchema } from "./ddl.ts";
import { sqliteError } from "./error.ts";
import { sqliteTables } from "./schema.ts";

/** How long a migration waits for another one, and how often it looks, in milliseconds. */
const migrationWaitMs = 60_000;
const pollMs = 20;

type Cell = string | number | bigint | null;

export class SqliteAdmin implements Admin {
  readonly dialect = sqliteSchema;
  readonly doubts = [];
  readonly #writer: SqliteConnection;
  readonly #writes: Queue;
  readonly #committed: () => void;

  constructor(options: { readonly writer: SqliteConnection; readonly writes: Queue; readonly committed: () => void }) {
    this.#writer = options.writer;
    this.#writes = options.writes;
    this.#committed = options.committed;
  }

  query(sql: string, values: readonly Cell[] = []): readonly Record<string, unknown>[] {
    const run = () => {
      try {
        using statement = this.#writer.database.prepare<Record<string, unknown>, Cell[]>(sql);
        return statement.all(...values);
      } catch (error) {
        throw sqliteError(error);
      } finally {
        this.#committed();
      }
    };
    return run();
  }

  schema(): Promise<readonly ActualTable[]> {
    return Promise.resolve(sqliteTables(this.#writer));
  }

  /** Begins when no other process writes. Waits without blocking: the other migration may be one of this process. */
  async #lock(): Promise<void> {
    const { database } = this.#writer;
    const deadline = performance.now() + migrationWaitMs;
    try {
      database.run("PRAGMA busy_timeout = 0");
      for (;;) {
        try {
          return void database.run("BEGIN IMMEDIATE");
        } catch (error) {
          if (performance.now() > deadline || !(error instanceof SQLiteError) || error.code !== "SQLITE_BUSY") throw error;
        }
        await Bun.sleep(pollMs);
      }
    } finally {
      database.run(`PRAGMA busy_timeout = ${lockTimeoutMs}`);
    }
  }

  async migrate<T>(work: (query: Admin["query"]) => Promise<T>): Promise<T> {
    const { database } = this.#writer;
    return this.#writes.run(async () => {
      try {
        // A rebuilt table is dropped and renamed; references to it are checked once, at the end. Has no effect inside a transaction.
        database.run("PRAGMA foreign_keys = OFF");
        await this.#lock();
        const result = await work((sql, values) => this.query(sql, values));
        const broken = this.query("PRAGMA foreign_key_check");
        if (broken.length > 0) {
          throw new StoreError("reference", `${broken.length} rows refer to rows that do not exist`, {
            table: String(broken[0]?.["table"]),
          });
        }
        database.run("COMMIT");
        return result;
      } catch (error) {
        if (database.inTransaction) database.run("ROLLBACK");
        throw sqliteError(error);
      } finally {
        database.run("PRAGMA foreign_keys = ON");
        this.#committed();
      }
    });
  }
}
