/**
 * Limits counted across nodes, over Valkey or Redis.
 *
 *   await using limiter = new ClusterLimiter({ url, whenAway: "local", nodes: 3 });
 *
 * A node takes units from the shared store ahead of the calls it expects, a share of what is left, and decides by what it holds: at once, in
 * memory. What it does not need it gives back within 100 ms. A node that holds nothing may hand out 0.8 % of a limit divided by the nodes, and
 * tells the store at once; beyond that a call waits for the store's word, together with all others of its key. So all nodes together stay
 * within 1 % of a limit, whatever they are sent and however late they hear of each other. Once a call was denied anywhere, nothing is
 * handed out for a window without asking.
 *
 * While the store is away calls are admitted (`open`), refused (`closed`), or counted here against the limit divided by the nodes (`local`),
 * as was chosen; quotas are made up for afterwards. An answer that is lost costs what it granted: of a quota, a quarter of a second's calls.
 */
import { randomUUID } from "node:crypto";
import { Keyed } from "../keyed.ts";
import { MemoryLimiter } from "../memory-limiter.ts";
import {
  type Admission,
  checkRule,
  type DenialReason,
  type Denied,
  type Limiter,
  type LimitRule,
  type LimitState,
  type LoadUsed,
  reasonOf,
  type ThresholdListener,
  unitsOf,
} from "../rule.ts";
import { type Moment, SteadyClock } from "../steady-clock.ts";
import { within } from "../within.ts";
import { Lease } from "./lease.ts";
import { Link, LinkDown, Script } from "./link.ts";
import { Questions } from "./questions.ts";
import { beatScript } from "./script.ts";

export interface ClusterLimiterOptions {
  /** `redis://user:password@host:6379/0`, `rediss://…`. */
  readonly url: string;
  /** What happens to calls while the store does not answer. */
  readonly whenAway: "open" | "closed" | "local";
  /** Nodes there are meant to be. While the store sees fewer it counts on so many; for `local` until the store has said how many it sees. */
  readonly nodes: number;
  /** What was used of a quota before the store counted; absent: nothing. */
  readonly load?: LoadUsed;
  readonly onThreshold?: ThresholdListener;
  /** Told when the store goes away and when it comes back. */
  readonly onStore?: (isUp: boolean, error?: unknown) => void;
  /** Names in the store begin so; default `pons:limits:`. */
  readonly prefix?: string;
  /** The longest wait for one answer of the store; default 250. */
  readonly timeoutMs?: number;
  /** Default 1,000,000. */
  readonly keysMax?: number;
}

const prefixDefault = "pons:limits:";
const timeoutMsDefault = 250;
const keysMaxDefault = 1_000_000;
const rulesMax = 32;
const tickMs = 50;
const beatMs = 1000;
/** A node that is silent for so long is not counted. */
const rememberedMs = 3000;
/** How often a call asks anew because others took what was granted. */
const roundsMax = 5;
const beat = new Script(beatScript);

export class ClusterLimiter implements Limiter, AsyncDisposable {
  readonly #options: ClusterLimiterOptions;
  readonly #node = randomUUID();
  readonly #prefix: string;
  readonly #leases: Keyed<Lease>;
  readonly #link: Link;
  readonly #questions: Questions;
  readonly #calendar = new SteadyClock();
  readonly #storeClock = new SteadyClock();
  readonly #at = { monotonicMs: 0, calendarMs: 0 };
  /** What the store's clock read at a monotonic instant. */
  #storeRead = { storeMs: 0, monotonicMs: 0 };
  /** Nodes that the store sees; 0 while it is away. */
  #nodes = 0;
  #nodesBefore: number;
  /** How often the store went away, and what is counted here since it last did. */
  #outage = 0;
  #local = new MemoryLimiter();
  #beatMs = Number.NEGATIVE_INFINITY;
  readonly #timer: Timer;
  readonly #firstUp = Promise.withResolvers<void>();

  constructor(options: ClusterLimiterOptions) {
    if (!Number.isSafeInteger(options.nodes) || options.nodes < 1) throw new RangeError(`${options.nodes} nodes are none`);
    this.#options = options;
    this.#prefix = options.prefix ?? prefixDefault;
    this.#nodesBefore = options.nodes;
    this.#leases = new Keyed(options.keysMax ?? keysMaxDefault);
    this.#firstUp.promise.catch(() => {});
    this.#link = new Link({
      url: options.url,
      timeoutMs: options.timeoutMs ?? timeoutMsDefault,
      onUp: () => this.#cameUp(),
      onDown: (error) => this.#wentDown(error),
    });
    this.#questions = new Questions({
      link: this.#link,
      node: this.#node,
      prefix: this.#prefix,
      load: options.load,
      onThreshold: options.onThreshold,
      now: () => this.#now(),
      storeMs: () => this.#storeMs(),
      nodes: () => Math.max(this.#nodes, options.nodes),
    });
    this.#timer = setInterval(() => this.#tick(), tickMs);
    this.#timer.unref();
  }

  /** Whether the shared store answers. */
  get isUp(): boolean {
    return this.#nodes > 0;
  }

  /** Nodes that the store sees, this one among them; while it is away, as many as it saw last. */
  get nodes(): number {
    return this.#nodes > 0 ? this.#nodes : this.#nodesBefore;
  }

  /** Keys that are known here. */
  get size(): number {
    return this.#leases.size;
  }

  /** Resolves when the store has answered once; rejects after a time. */
  ready(timeoutMs: number): Promise<void> {
    return within(this.#firstUp.promise, timeoutMs);
  }

  admit(rules: readonly LimitRule[], units: number, nowMs: number): Admission | Promise<Admission> {
    const monotonicMs = performance.now();
    this.#at.calendarMs = this.#calendar.read(nowMs, monotonicMs);
    this.#at.monotonicMs = Math.floor(monotonicMs);
    if (rules.length > rulesMax) throw new RangeError(`a call has ${rules.length} limits, more than ${rulesMax}`);
    this.#leases.tidy(rules.length, this.#at);
    const leases: Lease[] = [];
    for (const rule of rules) {
      const lease = this.#leaseOf(rule);
      if (lease === undefined) return unavailable(rule);
      if (leases.includes(lease)) throw new RangeError(`limit ${rule.name} is there twice for one key`);
      leases.push(lease);
    }
    if (!this.isUp) return this.#admitAway(leases, units);
    return this.#decide(leases, units) ?? this.#ask(leases, units);
  }

  release(rules: readonly LimitRule[]): void {
    for (const rule of rules) {
      if (rule.kind !== "concurrency") continue;
      const lease = this.#leases.find(rule);
      if (lease === undefined || lease.running === 0)
        throw new Error(`limit ${rule.name}: a call was released that was not admitted`);
      lease.running -= 1;
      if (lease.owed > 0) lease.owed -= 1;
      else lease.available += 1;
      this.#questions.touched(lease);
    }
  }

  refund(rules: readonly LimitRule[], units: number): void {
    for (const rule of rules) {
      if (rule.kind !== "quota" && rule.kind !== "spend") continue;
      const lease = this.#leases.find(rule);
      if (lease === undefined) continue;
      // What the store was not told of it need not be told of.
      const refunded = unitsOf(rule, units);
      const unsaid = Math.min(lease.owed, refunded);
      lease.owed -= unsaid;
      lease.returning += refunded - unsaid;
      this.#questions.touched(lease);
    }
  }

  /** Gives back what is held, and leaves. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    if (this.isUp) {
      await this.#questions.leave();
      // A node that cannot say so is forgotten after a time.
      await this.#link.run(beat, `${this.#prefix}nodes`, [this.#node, "0"]).catch(() => {});
    }
    this.#nodes = 0;
    this.#link.close();
    this.#firstUp.reject(new LinkDown("the limiter was closed"));
  }

  /** The clocks now; the calendar runs with the monotonic one until the next call brings the wall clock's reading. */
  #now(): Moment {
    const monotonicMs = Math.floor(performance.now());
    this.#at.calendarMs += monotonicMs - this.#at.monotonicMs;
    this.#at.monotonicMs = monotonicMs;
    return this.#at;
  }

  #storeMs(): number {
    const { storeMs, monotonicMs } = this.#storeRead;
    const now = performance.now();
    return this.#storeClock.read(storeMs + now - monotonicMs, now);
  }

  #leaseOf(rule: LimitRule): Lease | undefined {
    const known = this.#leases.find(rule);
    if (known !== undefined && known.rule.kind === rule.kind && known.rule.period === rule.period) {
      if (known.rule.limit !== rule.limit || known.rule.windowSeconds !== rule.windowSeconds) checkRule(rule);
      known.adopt(rule, this.#at);
      return known;
    }
    checkRule(rule);
    const lease = new Lease(rule, this.#at);
    if (known === undefined) return this.#leases.add(lease) ? lease : undefined;
    this.#leases.replace(known, lease);
    this.#questions.forget(known);
    return lease;
  }

  /** The answer that what is known and held here gives; undefined where the store must be asked. */
  #decide(leases: readonly Lease[], units: number): Admission | undefined {
    let denied: Lease | undefined;
    let deniedMs = 0;
    let isKnown = true;
    for (const lease of leases) {
      const wanted = unitsOf(lease.rule, units);
      if (this.#fits(lease, wanted)) continue;
      if (lease.denies(wanted, this.#at)) {
        const waitMs = lease.waitMs(wanted, this.#at);
        if (denied === undefined || waitMs > deniedMs) [denied, deniedMs] = [lease, waitMs];
      } else isKnown = false;
    }
    if (denied !== undefined) return this.#deny(leases, denied, deniedMs);
    if (!isKnown) return undefined;
    for (const lease of leases) {
      const wanted = isSizeOnly(lease.rule) ? 0 : unitsOf(lease.rule, units);
      if (wanted === 0) continue;
      lease.spend(wanted, this.#at);
      this.#questions.touched(lease);
    }
    return { ok: true, states: leases.map((lease) => lease.state(this.#at)) };
  }

  #fits(lease: Lease, wanted: number): boolean {
    if (isSizeOnly(lease.rule)) return wanted <= lease.rule.limit;
    return (
      wanted === 0 ||
      (wanted <= lease.rule.limit && lease.spendable(this.#at, Math.max(this.#nodes, this.#options.nodes)) >= wanted)
    );
  }

  /** Asks the store for what is lacking, and decides by what it grants. */
  async #ask(leases: readonly Lease[], units: number): Promise<Admission> {
    for (let round = 0; round < roundsMax; round++) {
      const asked: Promise<void>[] = [];
      for (const lease of leases) {
        const wanted = unitsOf(lease.rule, units);
        if (!this.#fits(lease, wanted)) asked.push(this.#questions.ask(lease, wanted));
      }
      const answers = await Promise.allSettled(asked);
      this.#now();
      // Not answered: as while the store is away.
      if (answers.some(({ status }) => status === "rejected")) return this.#admitAway(leases, units);
      const decided = this.#decide(leases, units);
      if (decided !== undefined) return decided;
    }
    return unavailable((leases[0] as Lease).rule);
  }

  #deny(leases: readonly Lease[], lease: Lease, waitMs: number): Denied {
    const states = leases.map((each) => each.state(this.#at));
    const seconds = Math.ceil((waitMs === Number.POSITIVE_INFINITY ? lease.windowSeconds * 1000 : waitMs) / 1000);
    return denial(states, leases.indexOf(lease), lease.isConcurrency ? 0 : seconds, reasonOf(lease.rule));
  }

  /** By the rule for a store that is away. Quotas and calls that run are told to it when it is back. */
  #admitAway(leases: readonly Lease[], units: number): Admission {
    const { whenAway } = this.#options;
    if (whenAway === "closed") return unavailable((leases[0] as Lease).rule);
    const tooLarge = leases.find(({ rule }) => isSizeOnly(rule) && unitsOf(rule, units) > rule.limit);
    if (tooLarge !== undefined) return this.#deny(leases, tooLarge, Number.POSITIVE_INFINITY);
    const admission = whenAway === "local" ? this.#admitLocally(leases, units) : undefined;
    if (admission?.ok === false) return admission;
    for (const lease of leases) {
      if (lease.isConcurrency) {
        // Places that were taken before the store went away are still this node's.
        const held = Math.min(1, lease.available);
        lease.available -= held;
        lease.owed += 1 - held;
        lease.running += 1;
      } else if (lease.period !== undefined) lease.owed += unitsOf(lease.rule, units);
      else continue;
      this.#questions.touched(lease);
    }
    return admission ?? { ok: true, states: leases.map((lease) => lease.state(this.#at)) };
  }

  /** Against this node's part of each limit. */
  #admitLocally(leases: readonly Lease[], units: number): Admission {
    for (const lease of leases) {
      if (!lease.isConcurrency) continue;
      if (lease.running < Math.max(lease.running + lease.available, this.#share(lease.rule.limit))) continue;
      return this.#deny(leases, lease, 1000);
    }
    const counted = leases.filter(({ isConcurrency, rule }) => !isConcurrency && !isSizeOnly(rule));
    const admission = this.#local.admit(
      counted.map((lease) => this.#localRule(lease)),
      units,
      this.#at.calendarMs,
    );
    // It loads nothing, so it decides at once.
    if (admission instanceof Promise) throw new Error("counts of this node are not at hand");
    const states = leases.map((lease) => {
      const index = counted.indexOf(lease);
      return { ...(admission.states[index] ?? lease.state(this.#at)), quota: lease.rule.limit };
    });
    if (admission.ok) return { ok: true, states };
    const index = leases.findIndex(({ rule }) => rule.name === admission.denied.name && rule.kind !== "concurrency");
    return denial(states, index, admission.retryAfterSeconds, admission.reason);
  }

  #localRule(lease: Lease): LimitRule {
    const { rule, period } = lease;
    if (lease.local?.outage === this.#outage && lease.local.of === rule) return lease.local.rule;
    // Of a quota only what was left is there to be shared.
    const limit =
      period !== undefined && lease.remaining >= 0 ? Math.floor(lease.remaining / this.nodes) : this.#share(rule.limit);
    const local = { ...rule, limit };
    lease.local = { outage: this.#outage, of: rule, rule: local };
    return local;
  }

  #share(limit: number): number {
    return Math.min(limit, Math.max(1, Math.floor(limit / this.nodes)));
  }

  #tick(): void {
    if (!this.isUp) return;
    if (performance.now() - this.#beatMs >= beatMs) this.#beat().catch(() => {});
    this.#questions.tick();
  }

  async #beat(): Promise<void> {
    const startMs = performance.now();
    this.#beatMs = startMs;
    const [nodes = 1, seconds = 0, microseconds = 0] = await this.#link.run(beat, `${this.#prefix}nodes`, [
      this.#node,
      String(rememberedMs),
    ]);
    this.#storeRead = {
      storeMs: seconds * 1000 + microseconds / 1000,
      monotonicMs: (startMs + performance.now()) / 2,
    };
    this.#nodes = nodes;
    this.#nodesBefore = nodes;
  }

  async #cameUp(): Promise<void> {
    await this.#beat();
    this.#firstUp.resolve();
    this.#options.onStore?.(true);
  }

  #wentDown(error: unknown): void {
    const wasUp = this.isUp;
    this.#nodes = 0;
    this.#outage += 1;
    this.#local = new MemoryLimiter();
    if (wasUp) this.#options.onStore?.(false, error);
  }
}

const isSizeOnly = (rule: LimitRule): boolean => rule.kind === "payload" && rule.windowSeconds === 0;

function denial(states: LimitState[], index: number, seconds: number, reason: DenialReason): Denied {
  const denied: LimitState = { ...(states[index] as LimitState), resetSeconds: seconds };
  states[index] = denied;
  return { ok: false, states, denied, retryAfterSeconds: Math.max(1, seconds), reason };
}

function unavailable({ name, limit, windowSeconds }: LimitRule): Denied {
  return denial([{ name, quota: limit, windowSeconds, remaining: 0, resetSeconds: 1 }], 0, 1, "store_unavailable");
}
