/** Units per calendar day or month in UTC: quotas and spend. What was used before this process counted is loaded at first use. */
import { type CalendarPeriod, periodAt } from "./calendar.ts";
import { Counter } from "./counter.ts";
import type { LimitPeriod, LimitRule } from "./rule.ts";
import type { Moment } from "./steady-clock.ts";

export class CalendarQuota extends Counter {
  #period: CalendarPeriod;
  #used = 0;
  /** Set while what was used before is being asked for. */
  loading: Promise<void> | undefined;
  /** Whether what was used before this process counted is in `used`. */
  isLoaded: boolean;
  /** Whether `used` of this period holds an answer. */
  #wasAsked = false;
  /** After a failure, not asked for again before this monotonic instant. */
  loadAgainMs = Number.NEGATIVE_INFINITY;

  constructor(rule: LimitRule, at: Moment, isLoaded: boolean) {
    super(rule);
    this.#period = periodAt(periodOf(rule), at.calendarMs);
    this.isLoaded = isLoaded;
  }

  override adopt(rule: LimitRule, at: Moment): void {
    if (rule.period !== this.rule.period) throw new Error(`limit ${rule.name}: its period changed`);
    super.adopt(rule, at);
  }

  /** The label of the period that is counted now. */
  period(at: Moment): string {
    this.#turn(at);
    return this.#period.label;
  }

  /** Adds what was used before, if the period is still the one it was asked for. */
  loaded(label: string, used: number): void {
    if (!Number.isSafeInteger(used) || used < 0) throw new RangeError(`limit ${this.rule.name}: ${used} cannot have been used`);
    if (label === this.#period.label) this.#used += used;
    this.#wasAsked = true;
    this.isLoaded = true;
  }

  override waitMs(units: number, at: Moment): number {
    if (units > this.rule.limit) return Number.POSITIVE_INFINITY;
    this.#turn(at);
    return units === 0 || this.#used + units <= this.rule.limit ? 0 : Math.ceil(this.#period.endMs - at.calendarMs);
  }

  override take(units: number, at: Moment): void {
    this.#turn(at);
    this.#used += units;
  }

  refund(units: number, at: Moment): void {
    this.#turn(at);
    this.#used = Math.max(0, this.#used - units);
  }

  override used(at: Moment): number {
    this.#turn(at);
    return this.#used;
  }

  override resetMs(at: Moment): number {
    this.#turn(at);
    return this.#period.endMs - at.calendarMs;
  }

  override thresholdMs(at: Moment): { readonly nowMs: number; readonly untilMs: number } {
    this.#turn(at);
    return { nowMs: at.calendarMs, untilMs: this.#period.endMs };
  }

  /** What had to be asked for, or could not be answered a moment ago, is worth keeping though nothing was used. */
  override load(at: Moment): number {
    if (this.loading !== undefined) return Number.POSITIVE_INFINITY;
    const load = super.load(at);
    return load === 0 && (this.#wasAsked || at.monotonicMs < this.loadAgainMs) ? Number.MIN_VALUE : load;
  }

  override get windowSeconds(): number {
    return (this.#period.endMs - this.#period.startMs) / 1000;
  }

  /** Begins the next period when it is there. Nothing was used of it before: this process has counted since its first instant. */
  #turn(at: Moment): void {
    if (at.calendarMs < this.#period.endMs) return;
    this.#period = periodAt(periodOf(this.rule), at.calendarMs);
    this.#used = 0;
    this.#wasAsked = false;
    this.isLoaded = true;
  }
}

function periodOf(rule: LimitRule): LimitPeriod {
  if (rule.period === undefined) throw new RangeError(`limit ${rule.name}: it needs a period, day or month`);
  return rule.period;
}
