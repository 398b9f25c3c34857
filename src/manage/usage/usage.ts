/**
 * The usage and traffic of a node: what it counts in memory is written within `flushMs`, and grows coarser as it grows old.
 *
 *   const usage = new Usage({ store, contracts, clock, onError });
 *   usage.start();
 *   usage.count(context, outcome, elapsedMs);      // of every call, once it is answered
 *   await usage.used({ tenant, environment, by: "app", value: "app_01J…" }, "month");
 *   await usage.stop();                            // before the store is closed
 *
 * Commands that the writer has run are not counted here: their usage is committed with them. Of the rest a node that is killed takes its last `flushMs` with
 * it. Rows have ids of the node and the flush, so that a flush whose commit got no answer is written once. Limits: `countersMax` different counters of each
 * kind, at which it writes at once; `waitingMax` rows wait while the database is away, of more the oldest are given up and told of.
 */
import { usageTable } from "../../batch/index.ts";
import type { Contract } from "../../contract/contract.ts";
import type { CallContext, RunOutcome } from "../../pipeline/context.ts";
import { newIdentifier } from "../../pipeline/identifier.ts";
import { type OpenStore, StoreError, type TableChanges } from "../../store/index.ts";
import type { Recorder } from "../gate.ts";
import { Counters, type Sealed } from "./counters.ts";
import { type Retention, retentionDefault, RollUp } from "./roll-up.ts";
import { trafficTable } from "./tables.ts";
import { sinceOf, type Used, usedOf, type UsedBy } from "./used.ts";

export interface UsageOptions {
  readonly store: OpenStore;
  readonly contracts: ReadonlyMap<string, Contract>;
  /** Milliseconds since the epoch. */
  readonly clock?: () => number;
  readonly onError?: (error: unknown, operation: string) => void;
  readonly flushMs?: number;
  readonly countersMax?: number;
  readonly retention?: Partial<Retention>;
  /** Whether the rows of a realm are for this node to make coarser; absent: of all. */
  readonly worksOn?: (realm: number) => boolean;
}

/** Written every half second, a read is there within a second, also when a write takes its time. */
const defaults = { flushMs: 500, countersMax: 10_000 };
const waitingMax = 100_000;
/** Rows of one transaction. */
const rowsMax = 1_000;
/** Attempts to write what is left when it stops. */
const stoppingAttemptsMax = 3;
/** Between two looks at what has grown old. */
const rollUpEveryMs = 60_000;
const minuteMs = 60_000;

/** Rows of one transaction, with their ids. */
interface Part {
  readonly usage: readonly Sealed[];
  readonly traffic: readonly Sealed[];
}

const isPassing = (error: unknown): boolean => error instanceof StoreError && error.kind !== "broken" && error.kind !== "check";

const insertsOf = ({ usage, traffic }: Part): readonly TableChanges[] =>
  [
    { table: usageTable, inserts: usage, updates: [], deletes: [] },
    { table: trafficTable, inserts: traffic, updates: [], deletes: [] },
  ].filter(({ inserts }) => inserts.length > 0);

export class Usage implements Recorder {
  readonly #options: UsageOptions & typeof defaults;
  readonly #clock: () => number;
  readonly #counters: Counters;
  readonly #rollUp: RollUp;
  readonly #versions: ReadonlyMap<string, string>;
  /** Node and number of the flush: what the ids of its rows begin with. */
  readonly #node = newIdentifier();
  #flushes = 0;
  #now = { minute: Number.NaN, text: "" };
  /** Has ids, and is not yet known to be written. */
  #waiting: Part[] = [];
  #flushing: Promise<void> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #rolling: { readonly timer: ReturnType<typeof setInterval>; running: Promise<void> } | undefined;
  #isStopped = false;

  constructor(options: UsageOptions) {
    this.#options = { ...defaults, ...options };
    this.#clock = options.clock ?? Date.now;
    this.#counters = new Counters(this.#options.countersMax);
    this.#versions = new Map([...options.contracts].map(([service, { version }]) => [service, version]));
    const { store, worksOn } = options;
    this.#rollUp = new RollUp(store, {
      clock: this.#clock,
      retention: { ...retentionDefault, ...options.retention },
      ...(worksOn === undefined ? {} : { worksOn }),
    });
  }

  /** Counts a call. Never throws, never waits. */
  count(context: CallContext, outcome: RunOutcome, elapsedMs: number): void {
    if (this.#isStopped) return;
    const newest = this.#versions.get(context.operation.service) ?? "";
    this.#counters.count(context, outcome, { elapsedMs, at: this.#minute(), newest });
    if (this.#counters.isFull && this.#flushing === undefined) void this.flush().catch(() => undefined);
    else this.#schedule();
  }

  /** Makes coarser, from now on, what has grown old. */
  start(): void {
    if (this.#rolling !== undefined || this.#isStopped) return;
    const timer = setInterval(() => {
      const rolling = this.#rolling;
      if (rolling === undefined) return;
      rolling.running = rolling.running.then(async () => void (await this.rollUp()));
    }, rollUpEveryMs);
    timer.unref();
    this.#rolling = { timer, running: Promise.resolve() };
  }

  /** Writes what was counted so far. Rejects with the store's error where it cannot be written now; it is tried again by itself. */
  async flush(): Promise<void> {
    while (this.#flushing !== undefined) await this.#flushing.catch(() => undefined);
    this.#seal();
    if (this.#waiting.length === 0) return;
    this.#flushing = this.#write().finally(() => (this.#flushing = undefined));
    await this.#flushing;
  }

  /** Makes coarser what has grown old, and removes what need not be kept; how many rows it took. Never rejects. */
  async rollUp(): Promise<number> {
    try {
      return await this.#rollUp.run();
    } catch (error) {
      if (!isPassing(error)) this.#options.onError?.(error, "usage");
      return 0;
    }
  }

  /** What was used in the present day or month (UTC), with what is not written yet. Rejects with `StoreError`. */
  used(by: UsedBy, period: "day" | "month"): Promise<Used> {
    return usedOf(this.#options.store, by, { since: sinceOf(this.#clock(), period), counted: () => this.#unwritten() });
  }

  /** Writes what is left, in a few attempts, and counts nothing more. */
  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    clearTimeout(this.#timer);
    if (this.#rolling !== undefined) clearInterval(this.#rolling.timer);
    this.#rollUp.stop();
    await this.#rolling?.running;
    for (let attempt = 1; attempt <= stoppingAttemptsMax; attempt++) {
      try {
        return await this.flush();
      } catch (error) {
        if (attempt === stoppingAttemptsMax) this.#options.onError?.(error, "usage");
      }
    }
  }

  /** The present minute, RFC 3339. */
  #minute(): string {
    const minute = Math.floor(this.#clock() / minuteMs);
    if (this.#now.minute !== minute) this.#now = { minute, text: new Date(minute * minuteMs).toISOString() };
    return this.#now.text;
  }

  *#unwritten(): Generator<Sealed> {
    for (const { usage } of this.#waiting) yield* usage;
    for (const { realm, dimensions, calls, units } of this.#counters.usage())
      yield { realm, row: { ...dimensions, calls, units } };
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#isStopped) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.flush()
        .catch(() => undefined)
        .finally(() => {
          if (this.#waiting.length > 0 || !this.#counters.isEmpty) this.#schedule();
        });
    }, this.#options.flushMs);
    this.#timer.unref();
  }

  /** Gives ids to what was counted, in parts of one transaction each. */
  #seal(): void {
    if (this.#counters.isEmpty) return;
    const flush = ++this.#flushes;
    const { usage, traffic } = this.#counters.take();
    const named = (rows: readonly Sealed[]): Sealed[] =>
      rows.map(({ realm, row }, at) => ({ realm, row: { ...row, id: `${this.#node}.${flush}.${at}` } }));
    const [ofUsage, ofTraffic] = [named(usage), named(traffic)];
    for (let at = 0; at < Math.max(ofUsage.length, ofTraffic.length); at += rowsMax)
      this.#waiting.push({ usage: ofUsage.slice(at, at + rowsMax), traffic: ofTraffic.slice(at, at + rowsMax) });
    this.#dropExcess();
  }

  #dropExcess(): void {
    let rows = this.#waiting.reduce((sum, { usage, traffic }) => sum + usage.length + traffic.length, 0);
    let dropped = 0;
    while (rows > waitingMax && this.#waiting.length > 1) {
      const part = this.#waiting.shift();
      const size = (part?.usage.length ?? 0) + (part?.traffic.length ?? 0);
      rows -= size;
      dropped += size;
    }
    if (dropped > 0) this.#options.onError?.(new Error(`${dropped} rows of usage were given up: the database is away`), "usage");
  }

  async #write(): Promise<void> {
    for (let part = this.#waiting[0]; part !== undefined; part = this.#waiting[0]) {
      const changes = insertsOf(part);
      try {
        await this.#options.store.write((tx) => tx.apply(changes));
      } catch (error) {
        // An earlier attempt was committed, though its answer did not come.
        const isWritten = error instanceof StoreError && error.kind === "unique";
        if (!isWritten && isPassing(error)) throw error;
        if (!isWritten) this.#options.onError?.(error, "usage");
      }
      // Another part may have been given up meanwhile, but only from the front.
      if (this.#waiting[0] === part) this.#waiting.shift();
    }
  }
}
