/**
 * How a receiver is doing. One that fails several times in a row is left alone for a while, longer each time, and then tried with one delivery at a time,
 * until it takes one. One that asks to be left alone is.
 */
import { breakerFailures, breakMs } from "../../events/webhooks/index.ts";

export interface HealthState {
  readonly failures: number;
  readonly openMs: number;
  readonly succeededMs: number | null;
  readonly failedMs: number | null;
}

export class Health {
  #state: HealthState;
  readonly #random: () => number;

  constructor(state: HealthState, random: () => number = Math.random) {
    this.#state = state;
    this.#random = random;
  }

  get state(): HealthState {
    return this.#state;
  }

  /** Deliveries that may be under way at the same time now. */
  room(nowMs: number, concurrency: number): number {
    if (nowMs < this.#state.openMs) return 0;
    return this.#state.failures >= breakerFailures ? 1 : concurrency;
  }

  /** Whether it was left alone until now: what waits need not wait any more. */
  succeeded(nowMs: number): boolean {
    const wasOpen = this.#state.failures >= breakerFailures;
    this.#state = { ...this.#state, failures: 0, openMs: 0, succeededMs: nowMs };
    return wasOpen;
  }

  failed(nowMs: number, retryAfterMs = 0): void {
    const failures = this.#state.failures + 1;
    const openMs = nowMs + Math.max(breakMs(failures, this.#random()), retryAfterMs);
    this.#state = { ...this.#state, failures, openMs, failedMs: nowMs };
  }

  /** Begins anew, as when its owner has changed something. */
  forgive(): void {
    this.#state = { ...this.#state, failures: 0, openMs: 0 };
  }
}
