/**
 * Rows of the audit's tables as they are stored, a page at a time, read past everything that writes them: JSON as its text, not as what it means, since
 * two texts may mean the same.
 */
import type { JournalRow } from "../batch/chain.ts";
import type { OpenStore } from "../store/index.ts";
import type { RefusalRow } from "./refusal-text.ts";

/** Rows in memory at once; one row can be large. */
const pageRows = 200;
/** Values in one `IN`. */
const valuesMax = 500;

/** Below every number that a row can have: a row that nobody of ours wrote may have any. */
const lowest = -(2n ** 63n);

type Cell = string | number | bigint | null;
type Raw = Readonly<Record<string, unknown>>;

export type StoredJournalRow = JournalRow & { readonly hash: string | null };
export type StoredRefusal = RefusalRow & { readonly hash: string };

export interface StoredCheckpoint {
  readonly stream: string;
  readonly seq: number;
  readonly at: string;
  readonly statement: string;
  readonly signer: string;
  readonly signature: string;
}

/** One environment of one tenant. */
export interface NamedRealm {
  readonly realm: number;
  readonly tenant: string;
  readonly environment: string;
}

const json = (column: string): string => `CAST(${column} AS TEXT) AS ${column}`;

const journalColumns =
  `"seq", "operation", "channel", "request_id" AS "requestId", "address", "app", "user", "subject", "status", "hash", ` +
  ["actor", "changes", "events"].map(json).join(", ");

const refusalColumns =
  `"stream", "seq", "count", "type", "status", "tenant", "operation", "channel", "request_id" AS "requestId", "address", "app", ` +
  `"key_id" AS "key", "user", "subject", "hash", ${json("actor")}`;

const chunks = function* <T>(all: readonly T[]): Generator<readonly T[]> {
  for (let start = 0; start < all.length; start += valuesMax) yield all.slice(start, start + valuesMax);
};

const placeholders = (count: number, from: number): string =>
  Array.from({ length: count }, (_, at) => `$${from + at}`).join(", ");

/** The least number that the next row can have. */
const after = (row: Raw): bigint => BigInt(row["seq"] as number | bigint) + 1n;

/** What can be asked in plain SQL. */
export interface Readable extends Pick<OpenStore, "engine"> {
  readonly admin: Pick<OpenStore["admin"], "query">;
}

export class RawRows {
  readonly #store: Readable;

  constructor(store: Readable) {
    this.#store = store;
  }

  async realms(): Promise<readonly NamedRealm[]> {
    const rows = await this.#query("SELECT realm, tenant, environment FROM pons_realms ORDER BY realm", []);
    return rows.map(({ realm, tenant, environment }) => ({
      realm: Number(realm),
      tenant: String(tenant),
      environment: String(environment),
    }));
  }

  /** The realms that a table has rows of, in order; each found by the index. */
  async *realmsIn(table: "pons_journal" | "pons_refusals" | "pons_counters"): AsyncGenerator<number> {
    let last = -1;
    for (;;) {
      const [row] = await this.#query(`SELECT realm FROM ${table} WHERE realm > $1 ORDER BY realm LIMIT 1`, [last]);
      if (row === undefined) return;
      last = Number(row["realm"]);
      yield last;
    }
  }

  /** What a realm's counter says is the last row of its journal; 0 where there is none. */
  async counted(realm: number): Promise<number> {
    const [row] = await this.#query("SELECT value FROM pons_counters WHERE realm = $1 AND name = 'journal'", [realm]);
    return Number(row?.["value"] ?? 0);
  }

  async *journal(realm: number): AsyncGenerator<StoredJournalRow> {
    const sql = `SELECT ${journalColumns}, ${this.#instant} FROM pons_journal WHERE realm = $1 AND seq >= $2 ORDER BY seq LIMIT ${pageRows}`;
    let next = lowest;
    for (;;) {
      const rows = await this.#query(sql, [realm, next]);
      for (const row of rows) {
        next = after(row);
        yield { ...(row as unknown as StoredJournalRow), realm, seq: Number(row["seq"]), status: Number(row["status"]) };
      }
      if (rows.length < pageRows) return;
    }
  }

  /** By stream and number. */
  async *refusals(realm: number): AsyncGenerator<StoredRefusal> {
    const sql =
      `SELECT ${refusalColumns}, ${this.#instant} FROM pons_refusals WHERE realm = $1 AND (stream, seq) >= ($2, $3) ` +
      `ORDER BY stream, seq LIMIT ${pageRows}`;
    let next: readonly [string, bigint] = ["", lowest];
    for (;;) {
      const rows = await this.#query(sql, [realm, ...next]);
      for (const row of rows) {
        next = [String(row["stream"]), after(row)];
        const numbers = { realm, seq: Number(row["seq"]), count: Number(row["count"]), status: Number(row["status"]) };
        yield { ...(row as unknown as StoredRefusal), ...numbers };
      }
      if (rows.length < pageRows) return;
    }
  }

  /** By stream and number. */
  async *checkpoints(): AsyncGenerator<StoredCheckpoint> {
    const sql =
      `SELECT "stream", "seq", "statement", "signer", "signature", ${this.#instant} FROM pons_checkpoints ` +
      `WHERE realm = 0 AND (stream, seq) >= ($1, $2) ORDER BY stream, seq LIMIT ${pageRows}`;
    let next: readonly [string, bigint] = ["", lowest];
    for (;;) {
      const rows = await this.#query(sql, next);
      for (const row of rows) {
        next = [String(row["stream"]), after(row)];
        yield { ...(row as unknown as StoredCheckpoint), seq: Number(row["seq"]) };
      }
      if (rows.length < pageRows) return;
    }
  }

  /** Hashes of rows of a realm's journal, by number. */
  journalHashes(realm: number, seqs: readonly number[]): Promise<ReadonlyMap<number, string | null>> {
    return this.#bySeq("SELECT seq, hash AS found FROM pons_journal WHERE realm = $1", [realm], seqs);
  }

  refusalHashes(realm: number, stream: string, seqs: readonly number[]): Promise<ReadonlyMap<number, string | null>> {
    return this.#bySeq("SELECT seq, hash AS found FROM pons_refusals WHERE realm = $1 AND stream = $2", [realm, stream], seqs);
  }

  /** Statements of a process, by number. */
  statements(stream: string, seqs: readonly number[]): Promise<ReadonlyMap<number, string | null>> {
    const sql = "SELECT seq, statement AS found FROM pons_checkpoints WHERE realm = $1 AND stream = $2";
    return this.#bySeq(sql, [0, stream], seqs);
  }

  async #bySeq(sql: string, values: readonly Cell[], seqs: readonly number[]): Promise<ReadonlyMap<number, string | null>> {
    const found = new Map<number, string | null>();
    for (const some of chunks(seqs)) {
      const rows = await this.#query(`${sql} AND seq IN (${placeholders(some.length, values.length + 1)})`, [...values, ...some]);
      for (const row of rows) found.set(Number(row["seq"]), row["found"] as string | null);
    }
    return found;
  }

  /** `at` as it is hashed: `YYYY-MM-DDTHH:MM:SS.sssZ`. */
  get #instant(): string {
    return this.#store.engine === "sqlite" ? '"at"' : `to_char("at" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS "at"`;
  }

  async #query(sql: string, values: readonly Cell[]): Promise<readonly Raw[]> {
    return this.#store.admin.query(sql, values);
  }
}
