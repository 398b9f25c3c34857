/**
 * Never more than `limit` units in any window. A log of what was taken and when, in at most 128 entries.
 *
 * Up to a limit of 64 the log is exact: a call is refused only if it would be one too many. Beyond that, what is taken within 1/64 of the window
 * shares an entry that counts as of its latest instant: still never more than the limit in any window, and a refused call is let in at most
 * 1/64 of a window later than an endless log would. Two calls exactly one window apart are in one window.
 */
import { Counter } from "./counter.ts";
import { windowMsOf } from "./rule.ts";
import type { Moment } from "./steady-clock.ts";

/** Powers of two: places are found by a mask. */
const entriesMin = 4;
const entriesMax = 128;
const parts = 64;

export class SlidingWindow extends Counter {
  #times = new Float64Array(entriesMin);
  #units = new Float64Array(entriesMin);
  #first = 0;
  #count = 0;
  #total = 0;
  /** When the newest entry was begun. */
  #begunMs = 0;

  override waitMs(units: number, at: Moment): number {
    const { limit } = this.rule;
    if (units > limit) return Number.POSITIVE_INFINITY;
    this.#expire(at);
    let excess = this.#total + units - limit;
    if (excess <= 0 || units === 0) return 0;
    const mask = this.#times.length - 1;
    for (let index = 0; index < this.#count; index++) {
      const place = (this.#first + index) & mask;
      excess -= this.#units[place] ?? 0;
      if (excess <= 0) return this.#leavesMs(place) - at.monotonicMs;
    }
    throw new Error("a sliding window counts more than it has entries for");
  }

  override take(units: number, at: Moment): void {
    if (units === 0) return;
    this.#expire(at);
    const now = at.monotonicMs;
    this.#total += units;
    const partMs = this.rule.limit <= parts ? 0 : windowMsOf(this.rule) / parts;
    if (this.#count > 0 && (now - this.#begunMs <= partMs || this.#count === entriesMax)) {
      const newest = (this.#first + this.#count - 1) & (this.#times.length - 1);
      this.#times[newest] = now;
      this.#units[newest] = (this.#units[newest] ?? 0) + units;
      return;
    }
    if (this.#count === this.#times.length) this.#grow();
    const place = (this.#first + this.#count) & (this.#times.length - 1);
    this.#times[place] = now;
    this.#units[place] = units;
    this.#begunMs = now;
    this.#count += 1;
  }

  override used(at: Moment): number {
    this.#expire(at);
    return this.#total;
  }

  override resetMs(at: Moment): number {
    this.#expire(at);
    if (this.#count === 0) return 0;
    return this.#leavesMs((this.#first + this.#count - 1) & (this.#times.length - 1)) - at.monotonicMs;
  }

  override thresholdMs(at: Moment): { readonly nowMs: number; readonly untilMs: number } {
    return { nowMs: at.monotonicMs, untilMs: at.monotonicMs + windowMsOf(this.rule) };
  }

  /** The first millisecond in which an entry no longer counts. Instants are rounded down, so a window has a millisecond more. */
  #leavesMs(place: number): number {
    return (this.#times[place] ?? 0) + windowMsOf(this.rule) + 1;
  }

  #expire(at: Moment): void {
    const mask = this.#times.length - 1;
    while (this.#count > 0 && this.#leavesMs(this.#first) <= at.monotonicMs) {
      this.#total -= this.#units[this.#first] ?? 0;
      this.#first = (this.#first + 1) & mask;
      this.#count -= 1;
    }
  }

  #grow(): void {
    const length = this.#times.length;
    const [times, units] = [new Float64Array(length * 2), new Float64Array(length * 2)];
    for (let index = 0; index < length; index++) {
      const place = (this.#first + index) & (length - 1);
      times[index] = this.#times[place] ?? 0;
      units[index] = this.#units[place] ?? 0;
    }
    [this.#times, this.#units, this.#first] = [times, units, 0];
  }
}
