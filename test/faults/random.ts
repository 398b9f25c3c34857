/** Numbers that follow from a seed (Mulberry32), so that what failed can be done again. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 to less than 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** From 0 to `last`, both possible. */
  upTo(last: number): number {
    return Math.floor(this.next() * (last + 1));
  }

  pick<T>(list: readonly T[]): T {
    const one = list[this.upTo(list.length - 1)];
    if (one === undefined) throw new RangeError("nothing to pick from");
    return one;
  }
}
