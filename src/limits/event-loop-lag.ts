/**
 * How long work waits for the event loop: how late timers fire. Sampled ten times a second.
 *
 * One late sample tells of a pause (a collection of garbage, a burst that is over, a machine that slept): whoever waited is being answered, and refusing
 * others would not have helped. Load is what stays: the least lateness of the last samples, as CoDel takes the least delay within an interval
 * (RFC 8289 section 3.1). It halves with every sample of quiet.
 */
const sampleMs = 100;
/** Samples of which the least counts. */
const sampleCount = 3;

/** The delay that stays, of samples in milliseconds. */
export class StandingDelay {
  readonly #samples = new Float64Array(sampleCount);
  #next = 0;
  #ms = 0;

  /** Milliseconds; 0 until there are enough samples. */
  get ms(): number {
    return this.#ms;
  }

  add(lateMs: number): void {
    this.#samples[this.#next] = Math.max(lateMs, 0);
    this.#next = (this.#next + 1) % sampleCount;
    this.#ms = Math.max(Math.min(...this.#samples), this.#ms / 2);
  }
}

export class EventLoopLag implements Disposable {
  readonly #delay = new StandingDelay();
  #dueMs: number;
  readonly #timer: Timer;

  constructor() {
    this.#dueMs = performance.now() + sampleMs;
    this.#timer = setInterval(() => this.#sample(), sampleMs);
    // Measuring is no reason for a process to go on.
    this.#timer.unref();
  }

  /** Milliseconds. */
  get ms(): number {
    return this.#delay.ms;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #sample(): void {
    const now = performance.now();
    this.#delay.add(now - this.#dueMs);
    this.#dueMs = now + sampleMs;
  }
}
