/**
 * Time that neither jumps nor goes back: it runs with a monotonic clock and follows another clock, which may jump, by at most a quarter of
 * the time that passes. When the wall clock is set forward an hour, a calendar day ends up to an hour early, four hours later; it does not
 * end now. The first reading takes the other clock as it is.
 */
const slewMax = 0.25;

export class SteadyClock {
  #offsetMs: number | undefined;
  #readMs = 0;

  /** `followedMs` and `monotonicMs` are of the same instant; `monotonicMs` never goes back. */
  read(followedMs: number, monotonicMs: number): number {
    const difference = followedMs - monotonicMs;
    if (this.#offsetMs === undefined) {
      this.#offsetMs = difference;
    } else if (difference !== this.#offsetMs) {
      const most = (monotonicMs - this.#readMs) * slewMax;
      this.#offsetMs += Math.max(-most, Math.min(most, difference - this.#offsetMs));
    }
    this.#readMs = monotonicMs;
    return monotonicMs + this.#offsetMs;
  }
}

/** What counters are told of the time. `monotonicMs` is whole. */
export interface Moment {
  readonly monotonicMs: number;
  /** Milliseconds since 1970, steady. */
  readonly calendarMs: number;
}
