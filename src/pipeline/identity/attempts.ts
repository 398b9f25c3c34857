/**
 * Failed attempts to authenticate, by address. Past a bound the answer is 429 in place of 401, so that guessing gets slower and is seen; whoever has the
 * right credential is never held up, from whichever address: a failure of others must not lock him out.
 */
import { type Refusal, refuse } from "../refusal.ts";

const attemptsMax = 30;
const windowMs = 60_000;
const addressesMax = 50_000;

interface Counted {
  count: number;
  sinceMs: number;
}

export class Attempts {
  readonly #byAddress = new Map<string, Counted>();

  /** Counts a failure; the refusal once there are too many of them. `nowMs` is of a clock that never steps. */
  failed(address: string, nowMs: number): Refusal | undefined {
    let counted = this.#byAddress.get(address);
    if (counted === undefined || nowMs - counted.sinceMs >= windowMs) {
      if (this.#byAddress.size >= addressesMax) this.#byAddress.clear();
      counted = { count: 0, sinceMs: nowMs };
      this.#byAddress.set(address, counted);
    }
    counted.count++;
    if (counted.count <= attemptsMax) return undefined;
    return refuse("too_many_attempts", { retryAfter: Math.ceil((counted.sinceMs + windowMs - nowMs) / 1_000) });
  }
}
