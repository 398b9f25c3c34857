/**
 * Turns of the event loop for work that can wait, such as exports: one of those that wait goes on per turn, in the order in which they came. However many there
 * are, nobody else waits for more than one of them.
 */
export class Turns {
  readonly #waiting = new Set<() => void>();
  #isDue = false;

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
