/** Calls at once. */
import { Counter } from "./counter.ts";
import type { Moment } from "./steady-clock.ts";

/** A place may be free at any moment: when to look again. */
const waitMs = 1000;
/** How long a threshold that was told is not told again. */
const quietMs = 60_000;

export class Concurrency extends Counter {
  #held = 0;

  override waitMs(units: number, _at: Moment): number {
    if (units > this.rule.limit) return Number.POSITIVE_INFINITY;
    return this.#held + units <= this.rule.limit ? 0 : waitMs;
  }

  override take(units: number, _at: Moment): void {
    this.#held += units;
  }

  release(): void {
    if (this.#held === 0) throw new Error(`limit ${this.rule.name}: a call was released that was not admitted`);
    this.#held -= 1;
  }

  override used(_at: Moment): number {
    return this.#held;
  }

  override resetMs(_at: Moment): number {
    return 0;
  }

  override thresholdMs(at: Moment): { readonly nowMs: number; readonly untilMs: number } {
    return { nowMs: at.monotonicMs, untilMs: at.monotonicMs + quietMs };
  }

  override load(_at: Moment): number {
    return this.#held === 0 ? 0 : Number.POSITIVE_INFINITY;
  }

  override get windowSeconds(): number {
    return 0;
  }
}

/** The size of one call: nothing is counted. */
export class Payload extends Counter {
  override waitMs(units: number, _at: Moment): number {
    return units > this.rule.limit ? Number.POSITIVE_INFINITY : 0;
  }

  override take(_units: number, _at: Moment): void {}

  override used(_at: Moment): number {
    return 0;
  }

  override resetMs(_at: Moment): number {
    return 0;
  }

  override thresholdMs(at: Moment): { readonly nowMs: number; readonly untilMs: number } {
    return { nowMs: at.monotonicMs, untilMs: at.monotonicMs };
  }
}
