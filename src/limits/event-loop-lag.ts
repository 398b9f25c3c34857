/** How late timers fire: the time that a process needs for what it has begun. Sampled ten times a second; halves within 100 ms of quiet. */
const sampleMs = 100;
/** Later than that the process was not busy but stopped, as by a debugger or a sleeping machine: it tells nothing of the load. */
const pauseMsMin = 3_000;

export class EventLoopLag implements Disposable {
  #lagMs = 0;
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
    return this.#lagMs;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #sample(): void {
    const now = performance.now();
    const lateMs = now - this.#dueMs;
    this.#lagMs = Math.max(lateMs > pauseMsMin ? 0 : lateMs, this.#lagMs / 2, 0);
    this.#dueMs = now + sampleMs;
  }
}
