/** The database itself, past the server and the store. */
import { SQL } from "bun";
import { Database } from "bun:sqlite";

export interface Direct extends AsyncDisposable {
  readonly engine: "sqlite" | "postgres";
  /** Integers beyond 32 bits may come as `bigint` or text. */
  query(sql: string, values?: readonly (string | number | bigint | null)[]): Promise<readonly Record<string, unknown>[]>;
}

/** The file of a SQLite address. */
export const fileOf = (url: string): string => url.replace(/^sqlite:(?:\/\/(?=\/))?/, "");

export const openDirect = (url: string): Direct => {
  if (url.startsWith("sqlite:")) {
    const database = new Database(fileOf(url), { readonly: true, safeIntegers: true });
    return {
      engine: "sqlite",
      query: async (sql, values = []) =>
        database.query<Record<string, unknown>, (string | number | bigint | null)[]>(sql).all(...values),
      [Symbol.asyncDispose]: async () => database.close(),
    };
  }
  const sql = new SQL(url, { max: 1, bigint: true, connection: { "pons.all_realms": "on" } });
  return {
    engine: "postgres",
    query: async (text, values = []) => (await sql.unsafe(text, [...values])) as Record<string, unknown>[],
    [Symbol.asyncDispose]: () => sql.close(),
  };
};
