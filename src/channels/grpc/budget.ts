/** So many at once, and one more every `everyMs`: a bucket that is filled by looking at the time. */
export class Budget {
  readonly #max: number;
  readonly #everyMs: number;
  #left: number;
  #atMs = 0;

  constructor({ max, everyMs }: { readonly max: number; readonly everyMs: number }) {
    this.#max = max;
    this.#everyMs = everyMs;
    this.#left = max;
  }

  /** Takes one; false where none is left. */
  take(nowMs: number): boolean {
    this.#left = Math.min(this.#max, this.#left + Math.max(0, nowMs - this.#atMs) / this.#everyMs);
    this.#atMs = nowMs;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }

  refill(): void {
    this.#left = this.#max;
  }
}
