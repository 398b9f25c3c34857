/** How late timers fire: the time that a process needs for what it has begun. Sampled ten times a second; halves within 100 ms of quiet. */
const sampleMs = 100;

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
    this.#lagMs = Math.max(now - this.#dueMs, this.#lagMs / 2, 0);
    this.#dueMs = now + sampleMs;
  }
}
