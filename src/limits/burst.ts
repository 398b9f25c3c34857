/**
 * A bucket of `limit` units that fills up evenly, whole in `windowSeconds`: the generic cell rate algorithm with an emission interval of
 * window / limit and a tolerance of one window (ITU-T I.371). In any time T at most limit · (1 + T / window) units are admitted.
 *
 * Kept as units taken since an instant, both whole, instead of the theoretical arrival time: nothing is rounded, however long it runs.
 */
import { Counter } from "./counter.ts";
import { type LimitRule, windowMsOf } from "./rule.ts";
import type { Moment } from "./steady-clock.ts";

export class Burst extends Counter {
  #sinceMs = 0;
  /** Units taken since, less what whole windows gave back. */
  #taken = 0;

  override adopt(rule: LimitRule, at: Moment): void {
    if (rule.limit !== this.rule.limit || rule.windowSeconds !== this.rule.windowSeconds) {
      this.#taken = this.used(at);
      this.#sinceMs = at.monotonicMs;
    }
    super.adopt(rule, at);
  }

  override waitMs(units: number, at: Moment): number {
    const { limit } = this.rule;
    if (units > limit) return Number.POSITIVE_INFINITY;
    if (units === 0 || limit === 0) return 0;
    const windowMs = windowMsOf(this.rule);
    const excess = (this.#taken + units - limit) * windowMs - (at.monotonicMs - this.#sinceMs) * limit;
    return excess <= 0 ? 0 : Math.ceil(excess / limit);
  }

  override take(units: number, at: Moment): void {
    const { limit } = this.rule;
    const windowMs = windowMsOf(this.rule);
    const elapsedMs = at.monotonicMs - this.#sinceMs;
    if (this.#taken * windowMs <= elapsedMs * limit) {
      this.#sinceMs = at.monotonicMs;
      this.#taken = units;
      return;
    }
    // Some of it is still used, so whole windows gave back fewer units than were taken.
    const windows = Math.floor(elapsedMs / windowMs);
    this.#sinceMs += windows * windowMs;
    this.#taken += units - windows * limit;
  }

  override used(at: Moment): number {
    const { limit } = this.rule;
    const back = ((at.monotonicMs - this.#sinceMs) * limit) / windowMsOf(this.rule);
    return this.#taken <= back ? 0 : Math.ceil(this.#taken - back);
  }

  override resetMs(at: Moment): number {
    if (this.#taken === 0) return 0;
    const wholeMs = (this.#taken * windowMsOf(this.rule)) / Math.max(1, this.rule.limit);
    return Math.max(0, wholeMs - (at.monotonicMs - this.#sinceMs));
  }

  override thresholdMs(at: Moment): { readonly nowMs: number; readonly untilMs: number } {
    return { nowMs: at.monotonicMs, untilMs: at.monotonicMs + windowMsOf(this.rule) };
  }
}
