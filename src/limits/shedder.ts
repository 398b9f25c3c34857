/**
 * What a process under more load than it can carry does not begin. Calls of the lowest priority go first, and no tenant takes the place of
 * the others.
 *
 *   const refused = shedder.enter("acme", priority);
 *   if (refused !== undefined) … 503, Retry-After: refused.retryAfterSeconds
 *   try { … } finally { shedder.leave("acme"); }
 *
 * Pressure is the highest of: calls in flight of the most there may be, event-loop lag that stays of the most that is borne, waiting work of
 * the most that may wait. A call of priority p = 0 … 9 is begun while pressure is below 0.73 + 0.03 · p. Once more than half of the places are taken,
 * a tenant may hold its equal share among those with calls in flight, of seven eighths of what its priority may fill: the last eighth is
 * for whom comes next.
 */

export interface ShedderOptions {
  /** Calls in flight. */
  readonly inFlightMax: number;
  /** Event-loop lag, milliseconds; absent: not looked at. */
  readonly lag?: { readonly now: () => number; readonly maxMs: number };
  /** Work that waits, as of a queue; absent: not looked at. */
  readonly queue?: { readonly now: () => number; readonly max: number };
}

export interface Shed {
  /** `overload`: this priority is not served now; `fair_share`: others are, this tenant has its share. */
  readonly reason: "overload" | "fair_share";
  readonly retryAfterSeconds: number;
}

export const priorityMax = 9;

/** The pressure at which a priority is no longer begun. */
const thresholdOf = (priority: number): number => 0.73 + (0.27 * priority) / priorityMax;
/** Fairness is asked for once this part is taken. */
const busy = 0.5;
/** The part that those who have places may share. */
const shared = 7 / 8;

export class Shedder {
  readonly #options: ShedderOptions;
  readonly #inFlight = new Map<string, number>();
  #count = 0;

  constructor(options: ShedderOptions) {
    if (!Number.isSafeInteger(options.inFlightMax) || options.inFlightMax < 1)
      throw new RangeError(`${options.inFlightMax} calls in flight are no bound`);
    this.#options = options;
  }

  /** Calls in flight. */
  get inFlight(): number {
    return this.#count;
  }

  /** From 0, idle; at 1 and beyond only what runs goes on. */
  get pressure(): number {
    const { inFlightMax, lag, queue } = this.#options;
    const late = Math.max(lag === undefined ? 0 : lag.now() / lag.maxMs, queue === undefined ? 0 : queue.now() / queue.max);
    // Only full places stop everything: what is measured afterwards must not.
    return Math.max(this.#count / inFlightMax, Math.min(late, lateMax));
  }

  /** Begins a call, or says why not. Whatever was begun must `leave`. */
  enter(tenant: string, priority: number): Shed | undefined {
    const { inFlightMax } = this.#options;
    const threshold = thresholdOf(Math.max(0, Math.min(priorityMax, Math.trunc(priority))));
    const own = this.#inFlight.get(tenant) ?? 0;
    if (this.#count >= inFlightMax || this.pressure >= threshold)
      return { reason: "overload", retryAfterSeconds: wait(priority) };
    if (this.#count >= inFlightMax * busy) {
      const tenants = this.#inFlight.size + (own === 0 ? 1 : 0);
      if (own >= Math.max(1, Math.floor((inFlightMax * threshold * shared) / tenants)))
        return { reason: "fair_share", retryAfterSeconds: 1 };
    }
    this.#inFlight.set(tenant, own + 1);
    this.#count += 1;
    return undefined;
  }

  leave(tenant: string): void {
    const own = this.#inFlight.get(tenant);
    if (own === undefined) throw new Error(`a call of ${tenant} ended that was not begun`);
    if (own === 1) this.#inFlight.delete(tenant);
    else this.#inFlight.set(tenant, own - 1);
    this.#count -= 1;
  }
}

/** Just below the threshold of the highest priority. */
const lateMax = 0.999;

/** Seconds: those who were sent away first come back last. */
const wait = (priority: number): number => 1 + Math.ceil((priorityMax - Math.max(0, Math.min(priorityMax, priority))) / 3);
