/** Plain SQL as the owner of the tables, on a connection of its own: for migration and the store's own tables. Sees the rows of all realms. */
import type { SQL } from "bun";
import type { ActualTable, Admin, SchemaDialect } from "../migrate/schema.ts";
import { postgresSchema } from "./ddl.ts";
import { postgresError } from "./error.ts";
import type { Server } from "./runtime-role.ts";
import { postgresTables } from "./schema.ts";
import type { Runner } from "./session.ts";

/** The advisory lock that migrating processes take in turn: any fixed number that nobody else uses. */
const migrationLock = 5_047_301_915n;

/** Runs work while no write transaction is open, and begins none meanwhile. */
export type BetweenWrites = <T>(work: () => Promise<T>) => Promise<T>;

type Rows = readonly Record<string, unknown>[];

const queryOn =
  (connection: Runner) =>
  async (sql: string, values: Parameters<Admin["query"]>[1] = []): Promise<Rows> => {
    try {
      return (await connection.unsafe(sql, [...values])) as Rows;
    } catch (error) {
      throw postgresError(error);
    }
  };

export class PostgresAdmin implements Admin {
  readonly dialect: SchemaDialect;
  readonly doubts: readonly string[];
  readonly #session: SQL;
  readonly #runtime: string | undefined;
  readonly #betweenWrites: BetweenWrites;

  constructor(options: { readonly session: SQL; readonly server: Server; readonly betweenWrites: BetweenWrites }) {
    this.dialect = postgresSchema(options.server);
    this.doubts = options.server.doubts;
    this.#session = options.session;
    this.#runtime = options.server.runtime;
    this.#betweenWrites = options.betweenWrites;
  }

  query(sql: string, values?: Parameters<Admin["query"]>[1]): Promise<Rows> {
    return this.#betweenWrites(() => queryOn(this.#session)(sql, values));
  }

  schema(query: Admin["query"]): Promise<readonly ActualTable[]> {
    return postgresTables(query, this.#runtime);
  }

  migrate<T>(work: (query: Admin["query"]) => Promise<T>): Promise<T> {
    return this.#betweenWrites(async () => {
      const connection = await this.#session.reserve().catch((error: unknown) => {
        throw postgresError(error);
      });
      const query = queryOn(connection);
      try {
        await query("BEGIN");
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
      } finally {
        await connection.release();
      }
    });
  }
}
