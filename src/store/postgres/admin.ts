/** Plain SQL on the writing connection, for migration and the store's own tables. */
import type { ReservedSQL } from "bun";
import type { ActualTable, Admin } from "../migrate/schema.ts";
import { postgresSchema } from "./ddl.ts";
import { postgresError } from "./error.ts";
import { postgresTables } from "./schema.ts";

/** The advisory lock that migrating processes take in turn: any fixed number that nobody else uses. */
const migrationLock = 5_047_301_915n;

export type OnWriter = <T>(work: (connection: ReservedSQL) => Promise<T>) => Promise<T>;

type Rows = readonly Record<string, unknown>[];

const queryOn =
  (connection: ReservedSQL) =>
  async (sql: string, values: Parameters<Admin["query"]>[1] = []): Promise<Rows> => {
    try {
      return (await connection.unsafe(sql, [...values])) as Rows;
    } catch (error) {
      throw postgresError(error);
    }
  };

export class PostgresAdmin implements Admin {
  readonly dialect = postgresSchema;
  readonly #onWriter: OnWriter;

  constructor(options: { readonly onWriter: OnWriter }) {
    this.#onWriter = options.onWriter;
  }

  query(sql: string, values?: Parameters<Admin["query"]>[1]): Promise<Rows> {
    return this.#onWriter((connection) => queryOn(connection)(sql, values));
  }

  schema(query: Admin["query"]): Promise<readonly ActualTable[]> {
    return postgresTables(query);
  }

  migrate<T>(work: (query: Admin["query"]) => Promise<T>): Promise<T> {
    return this.#onWriter(async (connection) => {
      const query = queryOn(connection);
      await query("BEGIN");
      try {
        // An index over many rows takes its time; another process's migration too.
        await query("SET LOCAL statement_timeout = 0");
        await query("SET LOCAL lock_timeout = 0");
        await query(`SELECT pg_advisory_xact_lock(${migrationLock})`);
        const result = await work(query);
        await query("COMMIT");
        return result;
      } catch (error) {
        // Without a connection there is nothing to roll back: the error above says so.
        await query("ROLLBACK").catch(() => {});
        throw error;
      }
    });
  }
}
