/**
 * The exact search for few pieces. For every choice of how the pieces stand, each is put as near to the corner as what was decided allows. Where
 * two of them overlap, one must come before the other along some axis: six ways, each tried. What is in no such order is in no packing, and
 * sides only grow on the way, so a branch ends when its box is no smaller than the best. Saw cuts are not assumed.
 */
import type { Piece } from "./answer.ts";
import type { Kinds } from "./kinds.ts";

export const exactPieces = 6;

export interface ExactAnswer {
  /** Smaller than the volume asked for; undefined: none was found. */
  readonly pieces: readonly Piece[] | undefined;
  /** Whether the search came to its end: then nothing smaller exists. */
  readonly proven: boolean;
}

export interface ExactOptions {
  /** Only boxes below it are looked for. */
  readonly volume: number;
  /** How many arrangements are looked at, at most. */
  readonly nodes: number;
  readonly admits: (l: number, w: number, h: number) => boolean;
}

export function exactBox(kinds: Kinds, options: ExactOptions): ExactAnswer {
  const search = new ExactSearch(kinds, options);
  search.stand(0);
  return { pieces: search.found, proven: !search.spent };
}

class ExactSearch {
  found: readonly Piece[] | undefined;
  spent = false;
  readonly #kinds: Kinds;
  readonly #admits: ExactOptions["admits"];
  readonly #kindOf: readonly number[];
  /** Sides, and least places, along the three axes: one row of pieces after the other. */
  readonly #sides: Float64Array;
  readonly #standOf: Int32Array;
  #volume: number;
  #nodes: number;

  constructor(kinds: Kinds, { volume, nodes, admits }: ExactOptions) {
    this.#kinds = kinds;
    this.#admits = admits;
    this.#volume = volume;
    this.#nodes = nodes;
    this.#kindOf = kinds.kinds.flatMap(({ count }, kind) => Array.from({ length: count }, () => kind));
    this.#sides = new Float64Array(3 * this.#kindOf.length);
    this.#standOf = new Int32Array(this.#kindOf.length);
  }

  /** Chooses how the pieces from `index` on stand. */
  stand(index: number): void {
    const count = this.#kindOf.length;
    if (index === count) return this.#part(new Float64Array(3 * count), [], true);
    const kind = this.#kindOf[index] ?? 0;
    const { stands = [] } = this.#kinds.kinds[kind] ?? {};
    // Equal pieces in ascending order of their stands; and where no axis differs from another, the first piece in one way only.
    const from = index > 0 && this.#kindOf[index - 1] === kind ? (this.#standOf[index - 1] ?? 0) : 0;
    const until = index === 0 && this.#kinds.free ? 1 : stands.length;
    for (let at = from; at < until && !this.spent; at++) {
      const stand = stands[at];
      if (stand === undefined) continue;
      this.#standOf[index] = at;
      for (const axis of [0, 1, 2] as const) this.#sides[axis * count + index] = stand[axis];
      if (this.#least(index + 1) < this.#volume) this.stand(index + 1);
    }
  }

  /** The least volume of a box around the first pieces, by their longest sides and by any two of them. */
  #least(until: number): number {
    const count = this.#kindOf.length;
    const sides = this.#sides;
    let [x, y, z] = [0, 0, 0];
    for (let index = 0; index < until; index++) {
      x = Math.max(x, sides[index] as number);
      y = Math.max(y, sides[count + index] as number);
      z = Math.max(z, sides[2 * count + index] as number);
    }
    let least = x * y * z;
    for (let a = 0; a < until; a++) {
      for (let b = a + 1; b < until; b++) {
        const along = Math.max(x, (sides[a] as number) + (sides[b] as number)) * y * z;
        const across = x * Math.max(y, (sides[count + a] as number) + (sides[count + b] as number)) * z;
        const up = x * y * Math.max(z, (sides[2 * count + a] as number) + (sides[2 * count + b] as number));
        least = Math.max(least, Math.min(along, across, up));
      }
    }
    return least;
  }

  /** Parts the first two pieces that overlap; `before` holds, per axis and in threes, which piece comes before which. */
  #part(at: Float64Array, before: readonly (readonly [0 | 1 | 2, number, number])[], first: boolean): void {
    if (this.#nodes-- <= 0) {
      this.spent = true;
      return;
    }
    const count = this.#kindOf.length;
    const sides = this.#sides;
    const box = [0, 0, 0];
    for (const axis of [0, 1, 2] as const) {
      for (let index = 0; index < count; index++) {
        box[axis] = Math.max(box[axis] ?? 0, (at[axis * count + index] as number) + (sides[axis * count + index] as number));
      }
    }
    const [x = 0, y = 0, z = 0] = box;
    if (x * y * z >= this.#volume) return;
    for (let a = 0; a < count; a++) {
      for (let b = a + 1; b < count; b++) {
        if (!this.#overlap(at, a, b)) continue;
        for (const axis of [0, 1, 2] as const) {
          this.#order(at, before, axis, a, b);
          // A packing can be mirrored: whichever pair is parted first, one comes before the other.
          if (!first) this.#order(at, before, axis, b, a);
        }
        return;
      }
    }
    if (!this.#admits(x, y, z)) return;
    this.#volume = x * y * z;
    this.found = this.#kindOf.map((kind, index) => ({
      kind,
      x: at[index] as number,
      y: at[count + index] as number,
      z: at[2 * count + index] as number,
      length: sides[index] as number,
      width: sides[count + index] as number,
      height: sides[2 * count + index] as number,
    }));
  }

  #overlap(at: Float64Array, a: number, b: number): boolean {
    const count = this.#kindOf.length;
    for (let row = 0; row < 3 * count; row += count) {
      const [p, q] = [at[row + a] as number, at[row + b] as number];
      if (p + (this.#sides[row + a] as number) <= q || q + (this.#sides[row + b] as number) <= p) return false;
    }
    return true;
  }

  #order(
    at: Float64Array,
    before: readonly (readonly [0 | 1 | 2, number, number])[],
    axis: 0 | 1 | 2,
    a: number,
    b: number,
  ): void {
    if (this.spent) return;
    const orders = [...before, [axis, a, b] as const];
    const moved = at.slice();
    const row = axis * this.#kindOf.length;
    // Pushes what comes after until nothing moves; more rounds than pieces mean that a piece comes before itself.
    for (let round = 0; ; round++) {
      let still = true;
      for (const [along, one, other] of orders) {
        if (along !== axis) continue;
        const end = (moved[row + one] as number) + (this.#sides[row + one] as number);
        if ((moved[row + other] as number) < end) {
          moved[row + other] = end;
          still = false;
        }
      }
      if (still) break;
      if (round > this.#kindOf.length) return;
    }
    this.#part(moved, orders, false);
  }
}
