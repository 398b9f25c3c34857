/**
 * What may be used once: nonces of signed requests, `jti` of sealed calls and proofs. In the database, so that one counts for all nodes together and
 * after a restart.
 *
 *   pons_nonces  SHA-256 of scope and nonce, and until when it has to be remembered; of the installation's realm.
 *
 * Nonces that come in the same moment are written by one transaction; while it is under way, the next ones gather. Of two that are the same exactly
 * one is the first: within a transaction the earlier one, between nodes the one whose insert the primary key lets in. Limit: `waitingMax` wait, more
 * are refused `unavailable`.
 *
 * They are kept for two hours longer than they have to: a clock that was wrong by an hour, ahead and then set back, makes no signature good twice.
 */
import { installationRealm } from "../pipeline/identity/realm.ts";
import type { Row, RowsShape, Store } from "../store/store.ts";
import { StoreError } from "../store/store-error.ts";
import type { Table } from "../store/table.ts";

export const noncesTable: Table = {
  name: "pons_nonces",
  columns: [
    { field: "id", name: "id", type: "text", nullable: false },
    { field: "until", name: "until", type: "timestamp", nullable: false },
  ],
  key: ["id"],
  indexes: [{ name: "pons_nonces_until_idx", fields: ["until"], unique: false }],
  references: [],
  appendOnly: false,
};

/** How much longer than asked for a nonce is kept. */
export const nonceKeptMs = 2 * 3_600_000;

const defaults = { waitingMax: 10_000, batchMax: 2_000 };
/** How often a batch is begun anew because other nodes have written the same nonces meanwhile; then they are taken one by one. */
const racesMax = 5;
const purgeRowsDefault = 500;

/** Milliseconds that a timestamp can hold, with room for what is added. */
const untilMsMax = Date.UTC(9000, 0);

interface Waiting {
  readonly id: string;
  readonly until: string;
  readonly resolve: (isFirst: boolean) => void;
  readonly reject: (error: unknown) => void;
}

/** The same length whatever the nonce is, and nothing of it is kept. */
const idOf = (scope: string, nonce: string): string => Bun.SHA256.hash(JSON.stringify([scope, nonce]), "base64url");

const isRace = (error: unknown): boolean => error instanceof StoreError && (error.kind === "unique" || error.kind === "conflict");

const oldShape: RowsShape = {
  kind: "rows",
  key: "pons_nonces.old",
  table: noncesTable,
  joins: [],
  links: [],
  params: [{ name: "before", type: "timestamp" }],
  where: { op: "lt", left: { field: ["until"] }, right: { param: "before" } },
  select: ["id"],
  order: [
    { path: ["until"], direction: "asc" },
    { path: ["id"], direction: "asc" },
  ],
};

const keyOf = (id: string) => ({ realm: installationRealm, key: [id] });

export class Nonces {
  readonly #store: Store;
  readonly #options: typeof defaults;
  readonly #clock: () => number;
  #waiting: Waiting[] = [];
  #isRunning = false;
  /** Nonces asked for and transactions that wrote them so far. */
  readonly counts = { asked: 0, writes: 0 };

  constructor(store: Store, options: Partial<typeof defaults> & { readonly clock?: () => number } = {}) {
    const { clock = Date.now, ...bounds } = options;
    this.#store = store;
    this.#options = { ...defaults, ...bounds };
    this.#clock = clock;
  }

  /**
   * Whether a nonce is used for the first time in its scope. It is remembered at least until `untilMs`, milliseconds since the epoch. Rejects with
   * `StoreError`; the nonce then counts as used where the commit's fate is unknown.
   */
  use(scope: string, nonce: string, untilMs: number): Promise<boolean> {
    if (this.#waiting.length >= this.#options.waitingMax)
      return Promise.reject(new StoreError("unavailable", `${this.#waiting.length} nonces are waiting`));
    const until = new Date(Math.min(Math.max(untilMs, 0), untilMsMax)).toISOString();
    const { promise, resolve, reject } = Promise.withResolvers<boolean>();
    this.#waiting.push({ id: idOf(scope, nonce), until, resolve, reject });
    this.counts.asked++;
    if (!this.#isRunning) {
      this.#isRunning = true;
      setImmediate(() => void this.#drain());
    }
    return promise;
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.slice(0, this.#options.batchMax);
      this.#waiting = this.#waiting.slice(batch.length);
      await this.#settle(batch);
    }
    this.#isRunning = false;
  }

  /** Answers a batch. Never rejects. */
  async #settle(batch: readonly Waiting[]): Promise<void> {
    const firsts = new Map<string, Waiting>();
    for (const waiting of batch) {
      if (firsts.has(waiting.id)) waiting.resolve(false);
      else firsts.set(waiting.id, waiting);
    }
    // In one order on all nodes, so that two of them never wait for one another.
    const ordered = [...firsts.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
    try {
      const isFirst = await this.#write(ordered);
      for (const waiting of ordered) waiting.resolve(isFirst.has(waiting.id));
    } catch (error) {
      for (const waiting of ordered) waiting.reject(error);
    }
  }

  async #write(batch: readonly Waiting[]): Promise<ReadonlySet<string>> {
    for (let races = 0; races < racesMax; races++) {
      try {
        return await this.#insert(batch);
      } catch (error) {
        if (!isRace(error)) throw error;
      }
    }
    const isFirst = new Set<string>();
    for (const waiting of batch) for (const id of await this.#insertAlone(waiting)) isFirst.add(id);
    return isFirst;
  }

  /** What a race on a single nonce means: another node has it. */
  async #insertAlone(waiting: Waiting): Promise<ReadonlySet<string>> {
    try {
      return await this.#insert([waiting]);
    } catch (error) {
      if (error instanceof StoreError && error.kind === "unique") return new Set();
      throw error;
    }
  }

  /** Inserts those that are not there yet; returns their ids. */
  async #insert(batch: readonly Waiting[]): Promise<ReadonlySet<string>> {
    this.counts.writes++;
    return this.#store.write(async (tx) => {
      const known = await tx.load(
        noncesTable,
        batch.map(({ id }) => keyOf(id)),
      );
      const fresh = batch.filter((_, index) => known[index] === undefined);
      if (fresh.length > 0) {
        const inserts = fresh.map(({ id, until }) => ({ realm: installationRealm, row: { id, until } }));
        await tx.apply([{ table: noncesTable, inserts, updates: [], deletes: [] }]);
      }
      return new Set(fresh.map(({ id }) => id));
    });
  }

  /** Removes the oldest of those that are of no use any more, in one transaction; returns how many. */
  async purge(limit = purgeRowsDefault): Promise<number> {
    const before = new Date(this.#clock() - nonceKeptMs).toISOString();
    const call = { realm: installationRealm, params: [before], limit };
    const [old = []] = await this.#store.read(oldShape, [call]);
    if (old.length === 0) return 0;
    return this.#store.write(async (tx) => {
      // Another node may have removed some of them since.
      const there = await tx.load(
        noncesTable,
        old.map((row: Row) => keyOf(row["id"] as string)),
      );
      const deletes = there.flatMap((row) => (row === undefined ? [] : [keyOf(row["id"] as string)]));
      if (deletes.length > 0) await tx.apply([{ table: noncesTable, inserts: [], updates: [], deletes }]);
      return deletes.length;
    });
  }
}
