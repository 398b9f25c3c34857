/**
 * Seeded random whole numbers: the same seed gives the same ones on every machine.
 *
 * G. Marsaglia, Xorshift RNGs, Journal of Statistical Software 8 (2003): the 32-bit generator with shifts 13, 17, 5.
 */
export class Random {
  #state: number;
  constructor(seed: number) {
    this.#state = seed >>> 0 || 0x9e3779b9;
  }
  /** A whole number from 0 to below `end`, at most 2^31. */
  below(end: number): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state >>> 0;
    return this.#state % end;
  }
}
