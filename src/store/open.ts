/** Opens the store that an address names. */
import { mkdirSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { statementTimeoutMs } from "./limits.ts";
import type { Admin } from "./migrate/schema.ts";
import { Realms } from "./realm.ts";
import { SqliteStore } from "./sqlite/store.ts";
import type { MaybePromise, Store } from "./store.ts";

export interface StoreOptions {
  /** Postgres: connections that read at the same time, 1 … 64; one more writes, and one is for migration and the like. */
  readonly readers?: number;
  /** Postgres: how long a statement may run before it is refused as `timeout`, in milliseconds. */
  readonly timeoutMs?: number;
  /** Postgres: whether reads of concurrent callers are merged into one statement. Off only to measure what that gains. */
  readonly merge?: boolean;
}

const readersDefault = 4;
const readersMax = 64;

/** A store with what belongs to the database as a whole: migration (see migrate/) and realms. */
export type OpenStore = Store & { readonly admin: Admin; readonly realms: Realms };

/** The path in `sqlite:/absolute/file.db`, `sqlite:///absolute/file.db` or `sqlite:relative/file.db`. */
const sqlitePath = (url: string): string => {
  const path = url.slice("sqlite:".length).replace(/^\/\/(?=\/)/, "");
  if (path === "" || path.startsWith("//") || path === ":memory:")
    throw new TypeError("a SQLite address is sqlite:/path/to/file.db");
  return resolve(path);
};

/**
 * `sqlite:/path/file.db` (the folder is made when missing) or `postgres://user:password@host:port/database`.
 * Throws a `TypeError` for any other address and a `StoreError` when the database cannot be opened.
 */
export const openStore = (url: string, options: StoreOptions = {}): MaybePromise<OpenStore> => {
  if (url.startsWith("sqlite:")) {
    const path = sqlitePath(url);
    mkdirSync(dirname(path), { recursive: true });
    const store = new SqliteStore(path);
    return Object.assign(store, { realms: new Realms(store.admin) });
  }
  if (/^postgres(?:ql)?:\/\//.test(url)) return openPostgres(url, options);
  throw new TypeError("a database address begins with sqlite: or postgres://");
};

const openPostgres = async (url: string, options: StoreOptions): Promise<OpenStore> => {
  const { readers = readersDefault, timeoutMs = statementTimeoutMs, merge = true } = options;
  if (!Number.isInteger(readers) || readers < 1 || readers > readersMax) throw new RangeError(`readers: 1 to ${readersMax}`);
  // Only who uses Postgres waits for its client to load.
  const { PostgresStore } = await import("./postgres/store.ts");
  const store = await PostgresStore.open({ url, readers, timeoutMs, merge });
  return Object.assign(store, { realms: new Realms(store.admin) });
};

/** The realm of a tenant's environment. */
export const realmOf = (store: OpenStore, tenant: string, environment: string): MaybePromise<number> =>
  store.realms.of(tenant, environment);
