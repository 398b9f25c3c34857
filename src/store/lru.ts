/** A bounded map that forgets what was not used for the longest time, and says so. */
export class Lru<T> {
  readonly #entries = new Map<string, T>();
  readonly #countMax: number;
  readonly #evicted: (value: T) => void;

  constructor(countMax: number, evicted: (value: T) => void = () => {}) {
    this.#countMax = countMax;
    this.#evicted = evicted;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): T | undefined {
    return this.#entries.get(key);
  }

  /**
   * Marks an entry as used now. Apart from `get`, because moving costs more than looking up: a caller that is far from the bound may
   * leave it out.
   */
  touch(key: string, value: T): void {
    if (this.#entries.size * 2 < this.#countMax) return;
    this.#entries.delete(key);
    this.#entries.set(key, value);
  }

  set(key: string, value: T): void {
    this.#entries.set(key, value);
    if (this.#entries.size <= this.#countMax) return;
    for (const [oldest, old] of this.#entries) {
      this.#entries.delete(oldest);
      this.#evicted(old);
      return;
    }
  }

  clear(): void {
    for (const value of this.#entries.values()) this.#evicted(value);
    this.#entries.clear();
  }
}
