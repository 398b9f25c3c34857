/** The database itself, past the server and the store. */
import { SQL } from "bun";
import { Database } from "bun:sqlite";

export interface Direct extends AsyncDisposable {
  /** Integers beyond 32 bits may come as `bigint` or text. */
  query(sql: string): Promise<readonly Record<string, unknown>[]>;
}

/** The file of a SQLite address. */
export const fileOf = (url: string): string => url.replace(/^sqlite:(?:\/\/(?=\/))?/, "");

export const openDirect = (url: string): Direct => {
  if (url.startsWith("sqlite:")) {
    const database = new Database(fileOf(url), { readonly: true, safeIntegers: true });
    return {
      query: async (sql) => database.query<Record<string, unknown>, []>(sql).all(),
      [Symbol.asyncDispose]: async () => database.close(),
    };
  }
  const sql = new SQL(url, { max: 1, bigint: true, connection: { "pons.all_realms": "on" } });
  return {
    query: async (text) => (await sql.unsafe(text)) as Record<string, unknown>[],
    [Symbol.asyncDispose]: () => sql.close(),
  };
};
