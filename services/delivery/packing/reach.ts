/**
 * How much of a length can be filled by sides of the pieces: the greatest sum of sides not above it. A search multiplies it over the axes to
 * see which room a block wastes beside it.
 *
 * I. Araya and M.-C. Riff, A beam search approach to the container loading problem, Computers & Operations Research 43 (2014).
 */
import type { Kinds } from "./kinds.ts";

/** Longer rooms are looked at in so many parts. */
const parts = 4096;

export interface Reach {
  /** Whether every length was looked at, not parts of several units. */
  readonly exact: boolean;
  /** The greatest sum of sides that may lie along x or y, at most `length`. */
  level(length: number): number;
  /** The same along z. */
  upright(length: number): number;
}

export function reachOf(kinds: Kinds, longest: number): Reach {
  const step = Math.max(1, Math.ceil(longest / parts));
  const level = table(kinds, longest, step, ([l, w]) => [l, w]);
  const upright = kinds.free ? level : table(kinds, longest, step, ([, , h]) => [h]);
  if (step === 1)
    return {
      exact: true,
      level: (length) => level[Math.min(length, longest)] as number,
      upright: (length) => upright[Math.min(length, longest)] as number,
    };
  return {
    exact: false,
    level: (length) => level[Math.floor(Math.min(length, longest) / step)] as number,
    upright: (length) => upright[Math.floor(Math.min(length, longest) / step)] as number,
  };
}

type Stand = readonly [number, number, number];

function table(kinds: Kinds, longest: number, step: number, sidesOf: (stand: Stand) => number[]): Int32Array {
  const size = Math.floor(longest / step) + 1;
  const reached = new Uint8Array(size);
  reached[0] = 1;
  const used = new Int32Array(size);
  for (const kind of kinds.kinds) {
    // Each piece may lend any of its sides, so the sides share its count: `used` is how many pieces of the kind a sum took at least.
    used.fill(0);
    const sides = [...new Set(kind.stands.flatMap(sidesOf))].map((side) => Math.ceil(side / step));
    for (let sum = 0; sum < size; sum++) {
      if (reached[sum] === 1) continue;
      let least = Infinity;
      for (const side of sides) {
        if (sum >= side && reached[sum - side] !== 0 && (used[sum - side] as number) + 1 < least)
          least = (used[sum - side] as number) + 1;
      }
      if (least > kind.count) continue;
      used[sum] = least;
      reached[sum] = 2;
    }
    for (let sum = 0; sum < size; sum++) if (reached[sum] === 2) reached[sum] = 1;
  }
  const best = new Int32Array(size);
  let last = 0;
  for (let sum = 0; sum < size; sum++) {
    if (reached[sum] === 1) last = sum * step;
    best[sum] = last;
  }
  return best;
}
