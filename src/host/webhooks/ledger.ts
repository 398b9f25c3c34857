/**
 * Writes what came of deliveries: rows of the log and how far each webhook has come, of all webhooks together, a few times a second in one transaction.
 * It does not pass the writer, so that no call waits for it, nor the journal: a delivery is no change of anybody's.
 *
 * Only the holder of a webhook may write for it: one that was replaced meanwhile (`pons_webhooks.holder`) is told so, and has written nothing.
 */
import { type Row, type Store, StoreError, type Table, type TableChanges } from "../../store/index.ts";
import { type Delivery, rowOf } from "./delivery.ts";
import { webhookStateTable } from "./state-table.ts";

const retryMs = 1_000;
/** Rows that wait to be written; at these, nothing more is sent. */
const rowsMax = 2_000;

/** A webhook that this node delivers for. */
export interface Account {
  readonly id: string;
  /** Realm of its rows. */
  readonly owner: number;
  readonly app: string;
  /** Its row of `pons_webhooks`, but for id and holder. */
  state(): Row;
  /** Another node delivers for it. */
  fenced(): void;
}

export interface LedgerOptions {
  readonly store: Store;
  /** Table of the log. */
  readonly deliveries: Table;
  /** This node. */
  readonly holder: string;
  /** How long is gathered before it is written. */
  readonly flushMs: number;
  readonly onError: (error: unknown) => void;
  /** Called when there is room again. */
  readonly onWritten: () => void;
}

interface Noted {
  readonly account: Account;
  readonly delivery: Delivery;
}

const isPassing = (error: unknown): boolean => error instanceof StoreError && error.kind !== "broken" && error.kind !== "check";

export class Ledger {
  readonly #options: LedgerOptions;
  #rows = new Map<string, Noted>();
  #accounts = new Set<Account>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #flushing: Promise<void> | undefined;

  constructor(options: LedgerOptions) {
    this.#options = options;
  }

  get isFull(): boolean {
    return this.#rows.size >= rowsMax;
  }

  /** Takes down how a delivery stands; it is read when it is written. */
  note(account: Account, delivery: Delivery): void {
    this.#rows.set(delivery.id, { account, delivery });
    this.touch(account);
  }

  /** A webhook has come further. */
  touch(account: Account): void {
    this.#accounts.add(account);
    this.#schedule(this.#options.flushMs);
  }

  #schedule(ms: number): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.flush().catch(() => this.#schedule(retryMs));
    }, ms);
    this.#timer.unref();
  }

  /** Writes what was taken down so far. Rejects with the store's error where it cannot be written now; it is kept. */
  async flush(): Promise<void> {
    while (this.#flushing !== undefined) await this.#flushing.catch(() => undefined);
    if (this.#accounts.size === 0) return;
    this.#flushing = this.#flush().finally(() => (this.#flushing = undefined));
    await this.#flushing;
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  async #flush(): Promise<void> {
    const { onError, onWritten } = this.#options;
    const [noted, accounts] = [this.#rows, this.#accounts];
    [this.#rows, this.#accounts] = [new Map(), new Set()];
    // As they are now: what changes while it is written is noted again.
    const rows = [...noted.values()].map(({ account, delivery }) => ({
      account,
      row: rowOf(delivery, { webhook: account.id, app: account.app }),
    }));
    const states = [...accounts].map((account) => ({ account, row: account.state() }));
    try {
      const fenced = await this.#write(rows, states);
      for (const account of fenced) account.fenced();
    } catch (error) {
      if (!isPassing(error)) {
        // A mistake of ours in one of the rows: it must not stand in the way of all to come.
        onError(error);
        return;
      }
      for (const [id, one] of noted) if (!this.#rows.has(id)) this.#rows.set(id, one);
      for (const account of accounts) this.#accounts.add(account);
      throw error;
    }
    onWritten();
  }

  async #write(
    rows: readonly { readonly account: Account; readonly row: Row }[],
    states: readonly { readonly account: Account; readonly row: Row }[],
  ): Promise<ReadonlySet<Account>> {
    const { store, deliveries, holder } = this.#options;
    return store.write(async (tx) => {
      const held = await tx.load(
        webhookStateTable,
        states.map(({ account: { owner, id } }) => ({ realm: owner, key: [id] })),
      );
      const fenced = new Set(states.filter((_, at) => held[at]?.["holder"] !== holder).map(({ account }) => account));
      const own = rows.filter(({ account }) => !fenced.has(account));
      const keys = own.map(({ account, row }) => ({ realm: account.owner, key: [row["id"] as string] }));
      const there = keys.length === 0 ? [] : await tx.load(deliveries, keys);
      const changes: TableChanges = {
        table: deliveries,
        inserts: own.filter((_, at) => there[at] === undefined).map(({ account, row }) => ({ realm: account.owner, row })),
        updates: own.flatMap(({ account, row }, at) => {
          if (there[at] === undefined) return [];
          const { id, createdAt: _, ...changed } = row;
          return [{ realm: account.owner, key: [id as string], changes: changed }];
        }),
        deletes: [],
      };
      const updates = states
        .filter(({ account }) => !fenced.has(account))
        .map(({ account: { owner, id }, row }) => ({ realm: owner, key: [id], changes: row }));
      await tx.apply([changes, { table: webhookStateTable, inserts: [], updates, deletes: [] }]);
      return fenced;
    });
  }
}
