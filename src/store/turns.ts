/**
 * Turns of the event loop for work that can wait, such as exports: one of those that wait goes on per turn, in the order in which they came. However many there
 * are, nobody else waits for more than one of them.
 */
export class Turns {
  readonly #bytes: number;
  #sharers = 0;
  readonly #waiting = new Set<() => void>();
  #isDue = false;

  /** `bytes`: what all that take turns may hold together, where that is more than each may hold in any case. */
  constructor(bytes = 0) {
    this.#bytes = bytes;
  }

  /** One more takes turns, until it leaves. */
  enter(): void {
    this.#sharers++;
  }

  leave(): void {
    this.#sharers--;
  }

  /** How many bytes each may hold: few where many take turns, since they may all wait for slow readers. */
  share(least: number): number {
    return Math.max(least, Math.floor(this.#bytes / Math.max(this.#sharers, 1)));
  }

  /** Resolves when it is the caller's turn. */
  next(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.add(resolve);
    this.#arrange();
    return promise;
  }

  #arrange(): void {
    if (this.#isDue || this.#waiting.size === 0) return;
    this.#isDue = true;
    setImmediate(() => {
      this.#isDue = false;
      const [first] = this.#waiting;
      if (first === undefined) return;
      this.#waiting.delete(first);
      this.#arrange();
      first();
    });
  }
}
