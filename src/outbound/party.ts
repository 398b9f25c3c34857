/** A party outside, as one environment meets it: how many requests are under way, and whether it is left alone. */
import { OutboundError } from "./outbound-error.ts";

export const partyLimits = {
  atOnceMax: 8,
  failuresMax: 5,
  restMsMin: 1_000,
  restMsMax: 60_000,
  retryAfterMsMax: 300_000,
} as const;

/** Faults that tell of the party; all others are ours. */
const ofParty: ReadonlySet<string> = new Set([
  "unresolved",
  "unreachable",
  "certificate",
  "redirected",
  "too_large",
  "timed_out",
  "encoded",
]);

/** What `Retry-After` asks for (RFC 9110 section 10.2.3), in milliseconds; undefined where it asks for nothing that is understood. */
export const retryAfterMs = (header: string | null, nowMs: number): number | undefined => {
  const text = header?.trim() ?? "";
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1_000 : text.includes(",") ? Date.parse(text) - nowMs : Number.NaN;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), partyLimits.retryAfterMsMax);
};

export class Party {
  readonly #clock: () => number;
  readonly #queue: (() => void)[] = [];
  #underWay = 0;
  /** In a row. */
  #failures = 0;
  #restsUntilMs = 0;
  #isTried = false;

  constructor(clock: () => number) {
    this.#clock = clock;
  }

  /** Nothing would be lost with it. */
  get isIdle(): boolean {
    return this.#underWay === 0 && this.#queue.length === 0 && this.#restsUntilMs <= this.#clock();
  }

  async ask(signal: AbortSignal, request: () => Promise<Response>): Promise<Response> {
    await this.#slot(signal);
    try {
      signal.throwIfAborted();
      return await this.#tell(signal, request);
    } finally {
      const next = this.#queue.shift();
      if (next === undefined) this.#underWay--;
      else next();
    }
  }

  /** Waits for a slot. Rejects when the signal is aborted first. */
  #slot(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(signal.reason);
    if (this.#underWay < partyLimits.atOnceMax) {
      this.#underWay++;
      return Promise.resolve();
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const abort = (): void => {
      this.#queue.splice(this.#queue.indexOf(take), 1);
      reject(signal.reason);
    };
    const take = (): void => {
      signal.removeEventListener("abort", abort);
      resolve();
    };
    signal.addEventListener("abort", abort, { once: true });
    this.#queue.push(take);
    return promise;
  }

  /** Makes the request, unless the party rests, and draws the conclusions. */
  async #tell(signal: AbortSignal, request: () => Promise<Response>): Promise<Response> {
    const isResting = this.#restsUntilMs > this.#clock() || this.#isTried;
    if (isResting) throw new OutboundError("resting", "it has failed several times, or asked for a pause, and is left alone");
    const isTrial = this.#failures >= partyLimits.failuresMax;
    if (isTrial) this.#isTried = true;
    try {
      const response = await request();
      const asked = [429, 503].includes(response.status)
        ? retryAfterMs(response.headers.get("retry-after"), this.#clock())
        : undefined;
      if (response.status >= 500) this.#failed();
      else this.#failures = 0;
      if (asked !== undefined) this.#restsUntilMs = Math.max(this.#restsUntilMs, this.#clock() + asked);
      return response;
    } catch (error) {
      // Whoever gave up, or asked for what may not be asked, says nothing of the party.
      if (!signal.aborted && error instanceof OutboundError && ofParty.has(error.fault)) this.#failed();
      throw error;
    } finally {
      if (isTrial) this.#isTried = false;
    }
  }

  #failed(): void {
    this.#failures++;
    const beyond = this.#failures - partyLimits.failuresMax;
    if (beyond < 0) return;
    const restMs = Math.min(partyLimits.restMsMin * 2 ** Math.min(beyond, 10), partyLimits.restMsMax);
    this.#restsUntilMs = Math.max(this.#restsUntilMs, this.#clock() + restMs);
  }
}
