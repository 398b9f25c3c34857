/**
 * Steps of a batch that stand alone still run in the order in which they came: a payment out of an account comes after the one into it. What happens before they
 * run, such as finding out who calls, may take one of them longer than the next; the next waits for it then.
 */
import type { MaybePromise } from "./pipeline.ts";

export class InOrder {
  #last: Promise<unknown> | undefined;

  /** What `ready` gives, once those before are ready too. At once where nothing has to be waited for. */
  next<T>(ready: MaybePromise<T>): MaybePromise<T> {
    if (this.#last === undefined && !(ready instanceof Promise)) return ready;
    const mine = Promise.all([ready, this.#last]).then(([value]) => value);
    this.#last = mine.catch(() => undefined);
    return mine;
  }
}
