/** What a kind of limit counts for one key, in memory. Used by one process, synchronously. */
import type { LimitRule, LimitState, ThresholdListener } from "./rule.ts";
import type { Moment } from "./steady-clock.ts";

export abstract class Counter {
  /** The rule as it was handed in last. */
  rule: LimitRule;
  /** Another limit of the same key. */
  next: Counter | undefined;
  /** Percentages that were told are not told again before these instants, by the clock of `thresholdMs`. */
  #quiet80Ms = Number.NEGATIVE_INFINITY;
  #quiet100Ms = Number.NEGATIVE_INFINITY;

  constructor(rule: LimitRule) {
    this.rule = rule;
  }

  /** Counts go on under another limit or window of the same kind, name and key. */
  adopt(rule: LimitRule, _at: Moment): void {
    this.rule = rule;
  }

  /** Milliseconds until `units` fit: 0 if they do now; Infinity if they never will. */
  abstract waitMs(units: number, at: Moment): number;
  /** Takes units that fit, directly after `waitMs` said so. */
  abstract take(units: number, at: Moment): void;
  abstract used(at: Moment): number;
  /** Milliseconds until nothing is used any more, if nothing more is taken. */
  abstract resetMs(at: Moment): number;
  /** The instant until which a threshold that was told now is not told again, and the present one, by the same clock. */
  abstract thresholdMs(at: Moment): { readonly nowMs: number; readonly untilMs: number };

  /** The part in use: 0 is a counter that may be forgotten, Infinity one that must not. */
  load(at: Moment): number {
    const used = this.used(at);
    return used === 0 ? 0 : used / Math.max(1, this.rule.limit);
  }

  get windowSeconds(): number {
    return this.rule.windowSeconds;
  }

  state(at: Moment): LimitState {
    const { name, limit } = this.rule;
    return {
      name,
      quota: limit,
      windowSeconds: this.windowSeconds,
      remaining: Math.max(0, limit - this.used(at)),
      resetSeconds: Math.ceil(this.resetMs(at) / 1000),
    };
  }

  /** Tells of 80 % and 100 %, where reached and not yet told. `isFull`: a call was denied. */
  tellThresholds(at: Moment, isFull: boolean, tell: ThresholdListener): void {
    const { key, name, limit } = this.rule;
    const used = this.used(at);
    if (!isFull && used * 5 < limit * 4) return;
    const { nowMs, untilMs } = this.thresholdMs(at);
    if (nowMs >= this.#quiet80Ms) {
      this.#quiet80Ms = untilMs;
      tell(key, name, 80, used, limit);
    }
    if ((isFull || used >= limit) && nowMs >= this.#quiet100Ms) {
      this.#quiet100Ms = untilMs;
      tell(key, name, 100, used, limit);
    }
  }
}
