/**
 * A map of at most `entriesMax` parsed headers, keyed by the header as it came.
 *
 * Header values repeat, so nearly every request is one look-up. When the cache is full it is emptied: a client that
 * sends ever new headers costs its parsing and cannot grow memory, and the common ones are back after one miss each.
 * Keys longer than `keyLengthMax` are never kept.
 */
export class BoundedCache<Value> {
  readonly #entries = new Map<string, Value>();
  readonly #entriesMax: number;
  readonly #keyLengthMax: number;

  constructor({ entriesMax = 256, keyLengthMax = 512 }: { entriesMax?: number; keyLengthMax?: number } = {}) {
    this.#entriesMax = entriesMax;
    this.#keyLengthMax = keyLengthMax;
  }

  get(key: string): Value | undefined {
    return this.#entries.get(key);
  }

  set(key: string, value: Value): void {
    if (key.length > this.#keyLengthMax) return;
    if (this.#entries.size >= this.#entriesMax) this.#entries.clear();
    this.#entries.set(key, value);
  }

  get size(): number {
    return this.#entries.size;
  }
}
