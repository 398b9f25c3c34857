/** What a node knows and holds of one limit that is counted across nodes. */
import { type CalendarPeriod, periodAt } from "../calendar.ts";
import type { LimitRule, LimitState } from "../rule.ts";
import { windowMsOf } from "../rule.ts";
import type { Moment } from "../steady-clock.ts";

/** Units taken ahead are handed out within this time, or a twentieth of the window where that is less, or given back. */
const leaseMsMax = 250;
const leaseMsMin = 25;
/** A node that is silent for so long has no calls any more. */
const heldMs = 5000;
/** The part of a limit that all nodes together may hand out before the store was asked. */
const creditShare = 0.008;

export class Lease {
  rule: LimitRule;
  next: Lease | undefined;
  /** Of quota and spend. */
  period: CalendarPeriod | undefined;

  /** Units, or places of calls, that were taken of the store and not handed out. */
  available = 0;
  /** When what is available must have been handed out, monotonic. */
  #availableUntilMs = 0;
  /** Under what the store keeps it, to give it back. */
  #mark = 0;
  /** Calls that run, of concurrency. Above what was taken where the store was away. */
  running = 0;

  /** Units handed out that the store was not told of; and those that are on their way there. */
  owed = 0;
  owedSent = 0;

  /** Units that calls wait for now, and the fewest that help one of them. */
  waiting = 0;
  waitingLeast = Number.POSITIVE_INFINITY;
  /** The question that is under way, and the one that follows, which whoever asks now joins. */
  asking: Promise<void> | undefined;
  nextQuestion: Promise<void> | undefined;
  /** Units to give back with the next question. */
  returning = 0;
  /** When the store was last asked, monotonic. */
  askedMs = Number.NEGATIVE_INFINITY;
  /** While the store is away: the limit as it is counted here. */
  local: { readonly outage: number; readonly of: LimitRule; readonly rule: LimitRule } | undefined;

  /** Units handed out of late: halved at every tick. */
  recent = 0;

  /** As the store last said: what remains there, when all is there again, and when the fewest asked for will be; -1 before the first answer. */
  remaining = -1;
  #resetAtMs = 0;
  #fitsAtMs = 0;
  /** Until then, what does not fit what is known to remain is denied without asking. */
  deniedUntilMs = 0;
  /** Whether a call was denied anywhere within a window: nothing is handed out without asking. */
  isStrict = false;
  #strictUntilMs = 0;

  constructor(rule: LimitRule, at: Moment) {
    this.rule = rule;
    this.#begin(at);
  }

  /** 0: may be forgotten; Infinity: must not. */
  load(at: Moment): number {
    const inUse = this.available + this.running + this.owed + this.owedSent + this.returning;
    if (inUse > 0 || this.asking !== undefined || this.nextQuestion !== undefined) return Number.POSITIVE_INFINITY;
    return at.monotonicMs < this.deniedUntilMs || this.isStrictAt(at) ? Number.MIN_VALUE : 0;
  }

  adopt(rule: LimitRule, at: Moment): void {
    this.rule = rule;
    if (this.period !== undefined && at.calendarMs >= this.period.endMs) this.#begin(at);
  }

  get isConcurrency(): boolean {
    return this.rule.kind === "concurrency";
  }

  get windowSeconds(): number {
    return this.period === undefined ? this.#windowMs(0) / 1000 : (this.period.endMs - this.period.startMs) / 1000;
  }

  /** How long what is taken may be handed out. */
  get leaseMs(): number {
    if (this.isConcurrency) return heldMs;
    if (this.period !== undefined) return leaseMsMax;
    return Math.max(leaseMsMin, Math.min(leaseMsMax, Math.floor(windowMsOf(this.rule) / 20)));
  }

  /** The store's name for the count. */
  storeKey(prefix: string): string {
    const { kind, name, key } = this.rule;
    return `${prefix}${kind}:${name}:${key}${this.period === undefined ? "" : `:${this.period.label}`}`;
  }

  isStrictAt(at: Moment): boolean {
    return this.isStrict && at.monotonicMs < this.#strictUntilMs;
  }

  /** Units that can be handed out without asking. */
  spendable(at: Moment, nodes: number): number {
    const held = this.isConcurrency || at.monotonicMs < this.#availableUntilMs ? this.available : 0;
    return held + this.#credit(at, nodes);
  }

  spend(units: number, at: Moment): void {
    const held = this.isConcurrency || at.monotonicMs < this.#availableUntilMs ? Math.min(units, this.available) : 0;
    this.available -= held;
    this.owed += units - held;
    this.recent += units;
    if (this.isConcurrency) this.running += 1;
  }

  /** Whether a call is denied without asking: the store said a moment ago what remains, and it does not fit. */
  denies(units: number, at: Moment): boolean {
    if (units > this.rule.limit) return true;
    return at.monotonicMs < this.deniedUntilMs && units > this.available + Math.max(0, this.remaining);
  }

  /** Milliseconds until a denied call may fit; Infinity where it never will. */
  waitMs(units: number, at: Moment): number {
    if (units > this.rule.limit) return Number.POSITIVE_INFINITY;
    return Math.max(1, this.#fitsAtMs - at.monotonicMs);
  }

  /** Whether what is available has passed half its time: what is taken now would pass with it. */
  isOld(at: Moment): boolean {
    return !this.isConcurrency && this.available > 0 && this.#availableUntilMs - at.monotonicMs < this.leaseMs / 2;
  }

  /** Takes what is no longer wanted out of what can be handed out: the next question gives it back. */
  giveBack(): void {
    this.returning += this.available;
    this.available = 0;
  }

  /** Whether what is available is too old to be handed out, or nobody takes of it. */
  isStale(at: Moment): boolean {
    return this.available > 0 && (this.recent < 1 || (!this.isConcurrency && at.monotonicMs >= this.#availableUntilMs));
  }

  get mark(): number {
    return this.#mark;
  }

  /** The store's answer to a question sent at `sentMs`, monotonic. `isDenied`: calls wait that it does not let in. */
  answered(reply: readonly number[], sentMs: number, at: Moment, isDenied: boolean): void {
    const [granted = 0, remaining = 0, resetMs = 0, waitMs = 0, strict = 0, , mark = 0] = reply;
    const untilMs = sentMs + this.leaseMs;
    if (granted > 0) {
      // What is old is handed out by the time that is set for it, so all of it is.
      this.#availableUntilMs = this.available > 0 ? Math.min(this.#availableUntilMs, untilMs) : untilMs;
      this.#mark = this.available > 0 ? Math.min(this.#mark, mark) : mark;
      this.available += granted;
    }
    this.remaining = remaining;
    this.#resetAtMs = at.monotonicMs + resetMs;
    this.isStrict = strict === 1;
    if (this.isStrict) this.#strictUntilMs = at.monotonicMs + this.storeWindowMs(at);
    if (!isDenied) return;
    this.#fitsAtMs = at.monotonicMs + waitMs;
    this.deniedUntilMs = at.monotonicMs + Math.min(waitMs, deniedMsMax);
  }

  state(at: Moment): LimitState {
    const { name, limit } = this.rule;
    const known = this.remaining < 0 ? limit : this.remaining;
    const remaining = this.isConcurrency
      ? Math.min(known + this.available, limit - this.running)
      : known + this.available - this.owed;
    const resetMs = this.period === undefined ? this.#resetAtMs - at.monotonicMs : this.period.endMs - at.calendarMs;
    return {
      name,
      quota: limit,
      windowSeconds: this.windowSeconds,
      remaining: Math.max(0, Math.min(limit, remaining)),
      resetSeconds: this.isConcurrency ? 0 : Math.max(0, Math.ceil(resetMs / 1000)),
    };
  }

  /** The window as the store is told it; of a calendar period what is left of it. */
  storeWindowMs(at: Moment): number {
    if (this.period !== undefined) return Math.max(1, Math.ceil(this.period.endMs - at.calendarMs));
    return this.#windowMs(1000);
  }

  #windowMs(ofConcurrency: number): number {
    return this.isConcurrency ? ofConcurrency : windowMsOf(this.rule);
  }

  #credit(at: Moment, nodes: number): number {
    if (this.isConcurrency || nodes === 0 || this.isStrictAt(at) || at.monotonicMs < this.deniedUntilMs) return 0;
    const credit = Math.floor((this.rule.limit * creditShare) / nodes);
    // Where the store's last word was that nothing remains, nothing is handed out once more.
    return Math.max(0, Math.min(credit, this.remaining < 0 ? credit : this.remaining) - this.owed - this.owedSent);
  }

  /** A new calendar period: nothing is known of it, and what was held of the last one is of no use. */
  #begin(at: Moment): void {
    const { period } = this.rule;
    this.period = period === undefined ? undefined : periodAt(period, at.calendarMs);
    this.available = 0;
    this.returning = 0;
    this.owed = 0;
    this.local = undefined;
    this.remaining = -1;
    this.deniedUntilMs = 0;
    this.isStrict = false;
  }
}

/** How long an answer that denies is taken for the store's next one too. */
const deniedMsMax = 50;
