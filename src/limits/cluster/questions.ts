/**
 * What a node asks the shared store: units for calls that wait, units for calls to come; and what it tells: what it handed out already, what
 * it does not need. One question per key at a time; whatever comes meanwhile goes into the next one.
 */
import type { LoadUsed, ThresholdListener } from "../rule.ts";
import type { Moment } from "../steady-clock.ts";
import { within } from "../within.ts";
import type { Lease } from "./lease.ts";
import { type Link, Script } from "./link.ts";
import { takeScript } from "./script.ts";

export interface QuestionsOptions {
  readonly link: Link;
  readonly node: string;
  readonly prefix: string;
  readonly load: LoadUsed | undefined;
  readonly onThreshold: ThresholdListener | undefined;
  /** Reads the clocks anew. */
  readonly now: () => Moment;
  /** The store's time, steady. */
  readonly storeMs: () => number;
  /** Nodes that take of the store. */
  readonly nodes: () => number;
}

const take = new Script(takeScript);
const kinds = {
  burst: "burst",
  rate: "rate",
  payload: "rate",
  concurrency: "concurrency",
  quota: "calendar",
  spend: "calendar",
} as const;

/** A count is kept in the store for so long after its window, so that a step of the store's clock does not refill it. */
const keepMs = 2 * 3_600_000;
const loadMsMax = 2000;
/** Calls that run are told of again so often, or the store takes the node for gone. */
const repeatMs = 1000;

export class Questions {
  readonly #options: QuestionsOptions;
  /** Leases that hold or owe something, or of which something was handed out of late. */
  readonly #active = new Set<Lease>();

  constructor(options: QuestionsOptions) {
    this.#options = options;
  }

  /** Something was handed out, or given back. What the store does not know of it is told at once, or when it is back. */
  touched(lease: Lease): void {
    this.#active.add(lease);
    if (lease.owed > 0 && lease.nextQuestion === undefined && this.#options.link.isUp) this.#tell(lease);
  }

  forget(lease: Lease): void {
    this.#active.delete(lease);
  }

  /** Resolves when the store has answered a question that had these units in it. Rejects where it did not answer. */
  ask(lease: Lease, units: number): Promise<void> {
    if (units > 0) {
      lease.waiting += units;
      lease.waitingLeast = Math.min(lease.waitingLeast, units);
    }
    this.#active.add(lease);
    lease.nextQuestion ??= this.#next(lease);
    return lease.nextQuestion;
  }

  /** Keeps up: takes ahead where calls come, gives back where none do, repeats what runs. Called every few dozen milliseconds. */
  tick(): void {
    const at = this.#options.now();
    for (const lease of this.#active) {
      const isQuiet = lease.asking === undefined && lease.nextQuestion === undefined;
      if (isQuiet) this.#keepUp(lease, at);
      lease.recent = lease.recent < 2 ? 0 : lease.recent / 2;
    }
  }

  /** Gives back everything that is held. */
  async leave(): Promise<void> {
    const told: Promise<void>[] = [];
    for (const lease of this.#active) {
      lease.giveBack();
      lease.recent = 0;
      told.push(this.ask(lease, 0));
    }
    await Promise.allSettled(told);
  }

  #keepUp(lease: Lease, at: Moment): void {
    if (lease.isStale(at)) lease.giveBack();
    const isShort = lease.recent >= 1 && lease.available < lease.recent / 2 && !lease.isStrictAt(at);
    const isDue = lease.isConcurrency && lease.running > 0 && at.monotonicMs - lease.askedMs >= repeatMs;
    if (lease.returning > 0 || lease.owed > 0 || isShort || isDue) this.#tell(lease);
    else if (lease.available === 0 && lease.running === 0 && lease.recent < 2) this.#active.delete(lease);
  }

  #tell(lease: Lease): void {
    // Nobody waits for it; that the store is away is known by the link.
    this.ask(lease, 0).catch(() => {});
  }

  async #next(lease: Lease): Promise<void> {
    // Whoever asks in this turn, or while a question is under way, joins in.
    await (lease.asking ?? Promise.resolve()).catch(() => {});
    lease.nextQuestion = undefined;
    lease.asking = this.#send(lease);
    try {
      await lease.asking;
    } finally {
      lease.asking = undefined;
    }
  }

  async #send(lease: Lease): Promise<void> {
    const { link, prefix } = this.#options;
    const at = this.#options.now();
    const key = lease.storeKey(prefix);
    if (lease.isOld(at)) lease.giveBack();
    const { rule, waiting, waitingLeast, owed, returning } = lease;
    const extra = lease.isStrictAt(at) ? 0 : Math.max(0, Math.floor(lease.recent) - lease.available);
    lease.waiting = 0;
    lease.waitingLeast = Number.POSITIVE_INFINITY;
    lease.owed = 0;
    lease.owedSent = owed;
    lease.returning = 0;
    lease.askedMs = at.monotonicMs;
    const args = [
      kinds[rule.kind],
      String(Math.floor(this.#options.storeMs())),
      String(rule.limit),
      String(lease.storeWindowMs(at)),
      String(waiting),
      String(waiting > 0 ? waitingLeast : 0),
      String(extra),
      String(owed),
      String(returning),
      String(lease.mark),
      String(this.#options.nodes()),
      String(lease.leaseMs),
      this.#options.node,
      String(lease.storeWindowMs(at) + keepMs),
    ];
    try {
      const sentMs = at.monotonicMs;
      let reply = await link.run(take, key, [...args, this.#options.load === undefined ? "0" : ""]);
      if (reply[0] === -1) reply = await link.run(take, key, [...args, String(await this.#usedBefore(lease))]);
      // A period that ended meanwhile is of no interest.
      if (lease.storeKey(prefix) !== key) return;
      const answeredAt = this.#options.now();
      lease.answered(reply, sentMs, answeredAt, waiting > 0 && (reply[0] ?? 0) < waiting);
      this.#tellThresholds(lease, reply);
    } catch (error) {
      if (lease.storeKey(prefix) === key) lease.owed += owed;
      throw error;
    } finally {
      lease.owedSent = 0;
    }
  }

  async #usedBefore({ rule, period }: Lease): Promise<number> {
    const used = await within(Promise.resolve(this.#options.load?.(rule.key, period?.label ?? "", rule) ?? 0), loadMsMax);
    if (!Number.isSafeInteger(used) || used < 0) throw new RangeError(`limit ${rule.name}: ${used} cannot have been used`);
    return used;
  }

  #tellThresholds({ rule }: Lease, reply: readonly number[]): void {
    const [, , , , , passed = 0, , used = 0] = reply;
    if ((passed & 1) !== 0) this.#options.onThreshold?.(rule.key, rule.name, 80, used, rule.limit);
    if ((passed & 2) !== 0) this.#options.onThreshold?.(rule.key, rule.name, 100, used, rule.limit);
  }
}
