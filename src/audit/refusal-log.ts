/**
 * What was refused, for whoever has to account for it: calls without valid credentials, calls that the caller may not make, limits that were reached.
 * A change is told of by the journal; a refusal changes nothing, and would leave no trace.
 *
 *   const refusals = new RefusalLog(store, {});
 *   refusals.refused({ realm: 7, type: "forbidden", status: 403, operation: "bank.accounts.freeze", channel: "rest", … });
 *   await refusals.close();
 *
 * Noting one costs a look-up in memory. Equal ones are counted, and written together within `flushMs`, each realm's to a hash chain of its own. Every
 * realm, and whoever is not known as a whole, has a budget of rows: `burstMax`, refilled at `rowsPerSecond`. What goes beyond is counted, and the count is
 * written (`audit_overflow`), so that a flood neither fills the database nor hides who else was refused. Nothing is lost while the database is away, up to the
 * same bounds; a process that is killed takes its last second with it.
 */
import type { Value } from "../define/expression.ts";
import { chainHash, chainStart } from "../batch/chain.ts";
import { installationRealm } from "../pipeline/identity/realm.ts";
import type { Row, Store } from "../store/store.ts";
import { StoreError } from "../store/store-error.ts";
import { appendOnce } from "./append-once.ts";
import { type RefusalRow, refusalText } from "./refusal-text.ts";
import { refusalsTable } from "./tables.ts";

export interface Refused {
  /** Of the caller; null when nobody knows who that is. */
  readonly realm: number | null;
  readonly type: string;
  readonly status: number;
  readonly channel: string;
  /** As the caller named it, or whose the realm is. */
  readonly tenant?: string | null;
  readonly operation?: string | null;
  readonly requestId?: string | null;
  readonly address?: string | null;
  readonly app?: string | null;
  /** The credential by its id; never the credential. */
  readonly key?: string | null;
  readonly user?: string | null;
  readonly subject?: string | null;
  /** Who really acted, where somebody acted for another. */
  readonly actor?: object | null;
}

export interface RefusalLogOptions {
  readonly flushMs?: number;
  readonly burstMax?: number;
  readonly rowsPerSecond?: number;
  /** Milliseconds since the epoch. */
  readonly clock?: () => number;
  /** Told of what should not happen; that the database is away is not told of. */
  readonly onError?: (error: unknown, operation: string) => void;
}

/** The last row of a chain of refusals. */
export interface RefusalsHead {
  readonly stream: string;
  readonly seq: number;
  readonly hash: string;
}

const defaults = { flushMs: 1_000, burstMax: 500, rowsPerSecond: 20 };
/** Different refusals that wait to be written, of all realms together. */
const waitingMax = 20_000;
/** Realms with a budget and a stream of their own; of more, the one that was refused something longest ago gets new ones. */
const realmsMax = 10_000;
/** Characters kept of a text that the caller chose. */
const textMax = 256;
/** Type of the row that counts what there was no room for. */
export const overflowType = "audit_overflow";
/** Attempts to write what is left when the log closes. */
const closingAttemptsMax = 3;

/** A row that has no place in a stream yet. */
type Unchained = Omit<RefusalRow, "stream" | "seq" | "actor"> & { readonly actor: Value };

interface Waiting {
  readonly realm: number;
  readonly row: Omit<Unchained, "realm" | "count">;
  count: number;
}

/** What a realm may still write. */
interface Budget {
  rows: number;
  at: number;
  /** Refusals that found no room since the last flush. */
  overflow: number;
}

type Sealed = { readonly realm: number; readonly row: Row };

/** The database is away, or was overtaken: it may be tried again. */
const isPassing = (error: unknown): boolean =>
  error instanceof StoreError && ["unavailable", "timeout", "conflict", "full", "unknown_fate"].includes(error.kind);

/** A text as every database holds it, and no longer than an audit needs. */
const clean = (text: string | null | undefined): string | null =>
  text === null || text === undefined ? null : text.slice(0, textMax).toWellFormed().replaceAll("\0", "\uFFFD");

const putLast = <T>(map: Map<number, T>, key: number, value: T): void => {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > realmsMax && oldest !== undefined) map.delete(oldest);
};

export class RefusalLog {
  readonly #store: Store;
  readonly #options: RefusalLogOptions & typeof defaults;
  readonly #clock: () => number;
  readonly #budgets = new Map<number, Budget>();
  /** The end of each realm's stream, as far as it was sealed. */
  readonly #ends = new Map<number, RefusalsHead>();
  readonly #moved = new Map<number, RefusalsHead>();
  #waiting = new Map<string, Waiting>();
  /** Chained, and not yet known to be written. */
  #sealed: readonly Sealed[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #flushing: Promise<void> | undefined;
  #isClosed = false;

  constructor(store: Store, options: RefusalLogOptions = {}) {
    this.#store = store;
    this.#options = { ...defaults, ...options };
    this.#clock = options.clock ?? Date.now;
  }

  /** Notes a refusal. Never throws, never waits. */
  refused(refused: Refused): void {
    if (this.#isClosed) return;
    const realm = refused.realm ?? installationRealm;
    const { type, status, channel, actor } = refused;
    const shared = {
      type,
      status,
      channel,
      tenant: clean(refused.tenant),
      operation: clean(refused.operation),
      address: clean(refused.address),
      app: clean(refused.app),
      key: clean(refused.key),
      user: clean(refused.user),
      subject: clean(refused.subject),
      actor: (actor ?? null) as Value,
    };
    const text = JSON.stringify([realm, ...Object.values(shared)]);
    const known = this.#waiting.get(text);
    if (known !== undefined) {
      known.count++;
      return;
    }
    this.#schedule();
    const now = this.#clock();
    if (!this.#takeRow(realm, now)) return;
    const row = { ...shared, at: new Date(now).toISOString(), requestId: clean(refused.requestId) };
    this.#waiting.set(text, { realm, count: 1, row });
  }

  /** Writes what was noted so far. Rejects with the store's error where it cannot be written now; it is tried again by itself. */
  async flush(): Promise<void> {
    while (this.#flushing !== undefined) await this.#flushing.catch(() => undefined);
    if (this.#sealed.length === 0) this.#seal();
    if (this.#sealed.length === 0) return;
    this.#flushing = this.#write().finally(() => (this.#flushing = undefined));
    await this.#flushing;
  }

  /** The chains' ends that have moved since the last call, as they are in the database. */
  takeMoved(): ReadonlyMap<number, RefusalsHead> {
    const moved = new Map(this.#moved);
    this.#moved.clear();
    return moved;
  }

  /** Writes what is left, in a few attempts, and notes nothing more. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#timer);
    for (let attempt = 1; attempt <= closingAttemptsMax; attempt++) {
      try {
        await this.flush();
        // What was noted while sealed rows of an earlier attempt were written.
        await this.flush();
        return;
      } catch (error) {
        if (attempt === closingAttemptsMax) this.#options.onError?.(error, "audit");
      }
    }
  }

  /** Whether the realm has a row left; where it has none the refusal is counted. */
  #takeRow(realm: number, now: number): boolean {
    const { burstMax, rowsPerSecond } = this.#options;
    const budget = this.#budgets.get(realm) ?? { rows: burstMax, at: now, overflow: 0 };
    // A clock that was set back gives nothing.
    budget.rows = Math.min(burstMax, budget.rows + (Math.max(0, now - budget.at) / 1_000) * rowsPerSecond);
    budget.at = now;
    putLast(this.#budgets, realm, budget);
    if (budget.rows < 1 || this.#waiting.size >= waitingMax) {
      budget.overflow++;
      return false;
    }
    budget.rows--;
    return true;
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#isClosed) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.flush()
        .catch((error: unknown) => {
          if (!isPassing(error)) this.#options.onError?.(error, "audit");
        })
        .finally(() => {
          if (this.#sealed.length > 0 || this.#waiting.size > 0) this.#schedule();
        });
    }, this.#options.flushMs);
    this.#timer.unref();
  }

  #overflows(): readonly Waiting[] {
    const at = new Date(this.#clock()).toISOString();
    const counted: Waiting[] = [];
    for (const [realm, budget] of this.#budgets) {
      if (budget.overflow === 0) continue;
      const nobody = { tenant: null, operation: null, requestId: null, address: null, app: null };
      const row = { ...nobody, key: null, user: null, subject: null, actor: null };
      counted.push({ realm, count: budget.overflow, row: { at, type: overflowType, status: 0, channel: "audit", ...row } });
      budget.overflow = 0;
    }
    return counted;
  }

  /** Numbers and chains what waits. */
  #seal(): void {
    const all = [...this.#waiting.values(), ...this.#overflows()];
    this.#waiting = new Map();
    this.#sealed = all.map(({ realm, row, count }) => this.#chained({ realm, count, ...row }));
  }

  #chained(row: Unchained): Sealed {
    const { realm } = row;
    const before = this.#ends.get(realm) ?? { stream: crypto.randomUUID(), seq: 0, hash: chainStart };
    const { stream } = before;
    const seq = before.seq + 1;
    const actor = row.actor === null ? null : JSON.stringify(row.actor);
    const hash = chainHash(refusalText(before.hash, { ...row, actor, stream, seq }));
    putLast(this.#ends, realm, { stream, seq, hash });
    const { realm: _, ...plain } = row;
    return { realm, row: { ...plain, stream, seq, hash } };
  }

  async #write(): Promise<void> {
    const sealed = this.#sealed;
    try {
      await appendOnce(this.#store, refusalsTable, sealed, "hash");
    } catch (error) {
      if (!isPassing(error)) {
        for (const { realm } of sealed) this.#ends.delete(realm);
        // Somebody else's row has the place of ours: they go to a new stream. What no attempt can write must not stand in the way of what comes.
        const isTaken = error instanceof StoreError && error.kind === "unique";
        this.#sealed = isTaken ? sealed.map(({ realm, row }) => this.#chained({ ...(row as unknown as Unchained), realm })) : [];
      }
      throw error;
    }
    this.#sealed = [];
    for (const { realm, row } of sealed)
      putLast(this.#moved, realm, { stream: row["stream"] as string, seq: row["seq"] as number, hash: row["hash"] as string });
  }
}
