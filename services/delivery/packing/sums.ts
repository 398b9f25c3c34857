/** Lengths that a few sides of pieces add up to: what the sides of a tight box are. */
import type { Kinds } from "./kinds.ts";
import type { Random } from "./random.ts";

const sumsMax = 1500;

export class Sums {
  readonly #sums: readonly number[];
  readonly #random: Random;

  constructor(kinds: Kinds, longest: number, random: Random) {
    this.#random = random;
    const sides = kinds.kinds.map(({ stands, count }) => ({ sides: [...new Set(stands.flat())], count }));
    const least = Math.min(...sides.map(({ sides }) => Math.min(...sides)));
    const found = new Set<number>();
    // All sums of one and two sides, and multiples of one.
    for (const a of sides) {
      for (const side of a.sides) {
        for (let times = 1; times <= a.count && times * side <= longest; times++) found.add(times * side);
        if (found.size > sumsMax) break;
        for (const b of sides) {
          if (a === b && a.count < 2) continue;
          for (const other of b.sides) if (side + other <= longest) found.add(side + other);
        }
      }
    }
    // Of the longer ones, some.
    const terms = Math.min(kinds.pieces, 5);
    for (let tries = 0; terms > 2 && tries < 3 * sumsMax && found.size < sumsMax; tries++) {
      let sum = 0;
      for (let more = 3 + random.below(terms - 2); more > 0; more--) {
        const of = sides[random.below(sides.length)];
        if (of !== undefined) sum += of.sides[random.below(of.sides.length)] ?? 0;
      }
      if (sum <= longest) found.add(sum);
    }
    this.#sums = [...found].filter((sum) => sum >= least && sum <= longest).toSorted((a, b) => a - b);
  }

  /** All of them, ascending. */
  get all(): readonly number[] {
    return this.#sums;
  }

  any(): number {
    return this.#sums[this.#random.below(this.#sums.length)] ?? 0;
  }

  /** The sum so many places after the one nearest to a length. */
  near(length: number, places: number): number {
    let low = 0;
    let high = this.#sums.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#sums[middle] ?? 0) < length) low = middle + 1;
      else high = middle;
    }
    return this.#sums[Math.min(this.#sums.length - 1, Math.max(0, low + places))] ?? 0;
  }
}
