/** One at a time: runs what is given in order, at once and synchronously when nothing runs. Bounded. */
import { StoreError } from "./store-error.ts";
import type { MaybePromise } from "./store.ts";

export class Queue {
  #tail: Promise<unknown> | undefined;
  #waitingCount = 0;
  #running = false;
  readonly #waitingCountMax: number;

  constructor(waitingCountMax: number) {
    this.#waitingCountMax = waitingCountMax;
  }

  /** Whether something runs now. */
  get running(): boolean {
    return this.#running || this.#tail !== undefined;
  }

  run<T>(work: () => MaybePromise<T>): MaybePromise<T> {
    // A work that calls run itself would wait for its own end.
    if (this.#tail === undefined) {
      if (this.#running) throw new Error("a write was asked for inside a write");
      this.#running = true;
      let result: MaybePromise<T>;
      try {
        result = work();
      } finally {
        this.#running = false;
      }
      return result instanceof Promise ? this.#hold(result) : result;
    }
    if (this.#waitingCount >= this.#waitingCountMax)
      throw new StoreError("unavailable", `${this.#waitingCount} writes are waiting`);
    this.#waitingCount += 1;
    const next = this.#tail.then(() => {
      this.#waitingCount -= 1;
      return work();
    });
    return this.#hold(next);
  }

  /** Resolves when nothing runs or waits. */
  async idle(): Promise<void> {
    while (this.#tail !== undefined) await this.#tail;
  }

  #hold<T>(result: Promise<T>): Promise<T> {
    const settled = result.then(
      () => undefined,
      () => undefined,
    );
    const tail = settled.then(() => {
      if (this.#tail === tail) this.#tail = undefined;
    });
    this.#tail = tail;
    return result;
  }
}
