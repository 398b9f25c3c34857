/**
 * Limits of one process, decided at once in memory.
 *
 *   const limiter = new MemoryLimiter({ onThreshold });
 *   const admission = limiter.admit(rules, 1, Date.now());
 *   if (admission.ok) try { … } finally { limiter.release(rules); }
 *
 * Windows run by the monotonic clock; calendar days and months by a clock that follows the wall clock without its jumps. A promise is
 * returned only while what was used of a quota before is being loaded: once per key.
 */
import { Burst } from "./burst.ts";
import { CalendarQuota } from "./calendar-quota.ts";
import { Concurrency, Payload } from "./concurrency.ts";
import type { Counter } from "./counter.ts";
import { Keyed } from "./keyed.ts";
import {
  type Admission,
  checkRule,
  type Limiter,
  type LimitRule,
  type LimitState,
  type LoadUsed,
  reasonOf,
  type ThresholdListener,
  unitsOf,
} from "./rule.ts";
import { SlidingWindow } from "./sliding-window.ts";
import { SteadyClock } from "./steady-clock.ts";
import { within } from "./within.ts";

/** What was used of quotas before this process counted, and what to do where nobody can say. */
export interface UsedBefore {
  readonly load: LoadUsed;
  /** `open`: count from 0, and ask again later; `closed`: refuse the call. */
  readonly whenAway: "open" | "closed";
  /** Default 2,000. */
  readonly timeoutMs?: number;
}

export interface MemoryLimiterOptions {
  /** Absent: quotas count from 0. */
  readonly usedBefore?: UsedBefore;
  readonly onThreshold?: ThresholdListener;
  /** Default 1,000,000. Beyond it the key that uses the smallest part of its limits, of a few, is forgotten. */
  readonly keysMax?: number;
  /** Milliseconds that never go back; default: the process's. */
  readonly monotonicMs?: () => number;
}

const keysMaxDefault = 1_000_000;
const rulesMax = 32;
const loadMsMax = 2000;
/** After a failure nobody is asked for so long. */
const loadAgainMs = 1000;

export class MemoryLimiter implements Limiter {
  readonly #counters: Keyed<Counter>;
  readonly #usedBefore: UsedBefore | undefined;
  readonly #onThreshold: ThresholdListener | undefined;
  readonly #monotonicMs: () => number;
  readonly #calendar = new SteadyClock();
  /** One object for all calls: counters read it and keep nothing of it. */
  readonly #at = { monotonicMs: 0, calendarMs: 0 };
  /** The counters of the call that is being decided, which nothing interrupts. */
  readonly #found: Counter[] = [];
  readonly #taken: number[] = [];

  constructor(options: MemoryLimiterOptions = {}) {
    const { usedBefore, onThreshold, keysMax = keysMaxDefault, monotonicMs = () => performance.now() } = options;
    this.#counters = new Keyed(keysMax);
    this.#usedBefore = usedBefore;
    this.#onThreshold = onThreshold;
    this.#monotonicMs = monotonicMs;
  }

  /** Keys that are counted now. */
  get size(): number {
    return this.#counters.size;
  }

  admit(rules: readonly LimitRule[], units: number, nowMs: number): Admission | Promise<Admission> {
    return this.#admit(rules, units, nowMs, rules.length);
  }

  /** `loadsMax`: how often the call waits until what was used before is known, at most once per rule. */
  #admit(rules: readonly LimitRule[], units: number, nowMs: number, loadsMax: number): Admission | Promise<Admission> {
    this.#tick(nowMs);
    if (rules.length > rulesMax) throw new RangeError(`a call has ${rules.length} limits, more than ${rulesMax}`);
    this.#counters.tidy(rules.length, this.#at);
    const failed = this.#find(rules, units);
    if (failed?.loading !== undefined && loadsMax > 0)
      return this.#afterLoading(failed.loading, (waitedMs) => this.#admit(rules, units, nowMs + waitedMs, loadsMax - 1));
    if (failed !== undefined) return this.#unavailable(failed.rule);
    let deniedIndex = -1;
    let deniedMs = 0;
    for (let index = 0; index < rules.length; index++) {
      const waitMs = this.#foundAt(index).waitMs(this.#taken[index] ?? 0, this.#at);
      if (waitMs <= deniedMs) continue;
      deniedIndex = index;
      deniedMs = waitMs;
    }
    if (deniedIndex >= 0) return this.#deny(deniedIndex, deniedMs);
    for (let index = 0; index < rules.length; index++) this.#foundAt(index).take(this.#taken[index] ?? 0, this.#at);
    const states = this.#states();
    if (this.#onThreshold !== undefined) this.#tellThresholds(this.#onThreshold);
    return { ok: true, states };
  }

  release(rules: readonly LimitRule[]): void {
    for (const rule of rules) {
      if (rule.kind !== "concurrency") continue;
      const counter = this.#counters.find(rule);
      if (counter === undefined) throw new Error(`limit ${rule.name}: a call was released that was not admitted`);
      if (counter instanceof Concurrency) counter.release();
    }
  }

  refund(rules: readonly LimitRule[], units: number): void {
    for (const rule of rules) {
      const counter = this.#counters.find(rule);
      if (counter instanceof CalendarQuota) counter.refund(unitsOf(rule, units), this.#at);
    }
  }

  /** Forgets what counts nothing among the next `count` keys: for a host that wants memory back while nothing new is counted. */
  sweep(count: number, nowMs: number): void {
    this.#tick(nowMs);
    this.#counters.sweep(count, this.#at);
  }

  #tick(nowMs: number): void {
    const monotonicMs = this.#monotonicMs();
    this.#at.calendarMs = this.#calendar.read(nowMs, monotonicMs);
    this.#at.monotonicMs = Math.floor(monotonicMs);
  }

  async #afterLoading<T>(loading: Promise<void>, next: (waitedMs: number) => T): Promise<Awaited<T>> {
    const startMs = this.#monotonicMs();
    await loading;
    return await next(this.#monotonicMs() - startMs);
  }

  /** Finds or makes the counter of every rule. Returns what cannot be counted now: no room, or what was used before is not known. */
  #find(rules: readonly LimitRule[], units: number): Pick<CalendarQuota, "rule" | "loading"> | undefined {
    this.#found.length = rules.length;
    for (let index = 0; index < rules.length; index++) {
      const rule = rules[index] as LimitRule;
      const counter = this.#counterOf(rule);
      if (counter === undefined) return { rule, loading: undefined };
      if (counter instanceof CalendarQuota && !counter.isLoaded && !this.#loads(counter)) return counter;
      for (let earlier = 0; earlier < index; earlier++)
        if (this.#found[earlier] === counter) throw new RangeError(`limit ${rule.name} is there twice for one key`);
      this.#found[index] = counter;
      this.#taken[index] = unitsOf(rule, units);
    }
    return undefined;
  }

  #foundAt(index: number): Counter {
    return this.#found[index] as Counter;
  }

  #counterOf(rule: LimitRule): Counter | undefined {
    const known = this.#counters.find(rule);
    if (known === undefined) {
      const counter = this.#make(rule);
      return this.#counters.add(counter) ? counter : undefined;
    }
    if (known.rule === rule) return known;
    if (!isSameCount(known.rule, rule)) {
      const counter = this.#make(rule);
      this.#counters.replace(known, counter);
      return counter;
    }
    if (known.rule.limit !== rule.limit || known.rule.windowSeconds !== rule.windowSeconds) checkRule(rule);
    known.adopt(rule, this.#at);
    return known;
  }

  #make(rule: LimitRule): Counter {
    checkRule(rule);
    switch (rule.kind) {
      case "burst":
        return new Burst(rule);
      case "rate":
        return new SlidingWindow(rule);
      case "payload":
        return rule.windowSeconds === 0 ? new Payload(rule) : new SlidingWindow(rule);
      case "concurrency":
        return new Concurrency(rule);
      case "quota":
      case "spend":
        return new CalendarQuota(rule, this.#at, this.#usedBefore === undefined);
    }
  }

  /** Whether counting may begin though what was used before is not known. False: it is being asked for, or the call is refused. */
  #loads(counter: CalendarQuota): boolean {
    const usedBefore = this.#usedBefore;
    if (usedBefore === undefined) return true;
    if (counter.loading !== undefined) return false;
    if (this.#at.monotonicMs < counter.loadAgainMs) return usedBefore.whenAway === "open";
    const label = counter.period(this.#at);
    const failed = () => (counter.loadAgainMs = Math.floor(this.#monotonicMs()) + loadAgainMs);
    try {
      const used = usedBefore.load(counter.rule.key, label, counter.rule);
      if (typeof used === "number") {
        counter.loaded(label, used);
        return true;
      }
      counter.loading = within(used, usedBefore.timeoutMs ?? loadMsMax)
        .then((value) => counter.loaded(label, value))
        .catch(failed)
        .then(() => (counter.loading = undefined));
      return false;
    } catch {
      failed();
      return usedBefore.whenAway === "open";
    }
  }

  #states(): LimitState[] {
    const states: LimitState[] = [];
    for (let index = 0; index < this.#found.length; index++) states.push(this.#foundAt(index).state(this.#at));
    return states;
  }

  #deny(index: number, waitMs: number): Admission {
    const { rule, windowSeconds } = this.#foundAt(index);
    // What never fits is not worth less than a window's wait; a call that is too large by itself no wait helps.
    const seconds = Math.ceil((waitMs === Number.POSITIVE_INFINITY ? windowSeconds * 1000 : waitMs) / 1000);
    const states = this.#states();
    const denied: LimitState = { ...(states[index] as LimitState), resetSeconds: rule.kind === "concurrency" ? 0 : seconds };
    states[index] = denied;
    if (this.#onThreshold !== undefined && waitMs !== Number.POSITIVE_INFINITY)
      this.#foundAt(index).tellThresholds(this.#at, true, this.#onThreshold);
    return { ok: false, states, denied, retryAfterSeconds: Math.max(1, seconds), reason: reasonOf(rule) };
  }

  #unavailable({ name, limit, windowSeconds }: LimitRule): Admission {
    const denied: LimitState = { name, quota: limit, windowSeconds, remaining: 0, resetSeconds: 1 };
    return { ok: false, states: [denied], denied, retryAfterSeconds: 1, reason: "store_unavailable" };
  }

  #tellThresholds(tell: ThresholdListener): void {
    let reached: Counter[] | undefined;
    for (let index = 0; index < this.#found.length; index++) {
      const counter = this.#foundAt(index);
      if (counter.used(this.#at) * 5 >= counter.rule.limit * 4) (reached ??= []).push(counter);
    }
    // A listener may make calls itself, which use the same array.
    for (const counter of reached ?? []) counter.tellThresholds(this.#at, false, tell);
  }
}

/** Whether a count goes on under another rule of the same name and key. */
const isSameCount = (one: LimitRule, other: LimitRule): boolean =>
  one.kind === other.kind && one.period === other.period && (one.windowSeconds === 0) === (other.windowSeconds === 0);
