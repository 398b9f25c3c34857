/**
 * What the placed pieces bear while a room is filled. Every piece rests wholly, so its weight, and what lies on it, goes to the pieces under
 * it by their shares of its base. Only kept where some piece says what it bears; then every block is one piece.
 */
import type { Blocks } from "./blocks.ts";
import type { Kinds } from "./kinds.ts";

const placedSize = 4;
/** Shares are fractions: a load is too much when it is beyond its limit by more than this share of it. */
const slack = 1e-9;

export class Loads {
  readonly #bears: Float64Array;
  readonly #fragile: Uint8Array;
  readonly #kindOf: Int32Array;
  readonly #blocks: Blocks;
  readonly #burden: Float64Array;
  readonly #trial: Float64Array;

  constructor(kinds: Kinds, blocks: Blocks) {
    this.#blocks = blocks;
    this.#bears = Float64Array.from(kinds.kinds, ({ bears }) => bears);
    this.#fragile = Uint8Array.from(kinds.kinds, ({ fragile }) => (fragile ? 1 : 0));
    this.#kindOf = Int32Array.from(
      { length: blocks.count },
      (_, block) => blocks.needs[blocks.needsAt[block] as number] as number,
    );
    this.#burden = new Float64Array(kinds.pieces);
    this.#trial = new Float64Array(kinds.pieces);
  }

  open(): void {
    this.#burden.fill(0);
  }

  copy(from: Loads): void {
    this.#burden.set(from.#burden);
  }

  /** Whether what is placed bears a block at a place. */
  bear(placed: Int32Array, count: number, block: number, x: number, y: number, z: number): boolean {
    if (z === 0) return true;
    this.#trial.set(this.#burden);
    return this.#press(this.#trial, placed, count, block, x, y, z, this.#blocks.weight[block] as number, true);
  }

  /** Adds a block that was placed to what lies under it. */
  add(placed: Int32Array, count: number, block: number, x: number, y: number, z: number): void {
    if (z > 0) this.#press(this.#burden, placed, count, block, x, y, z, this.#blocks.weight[block] as number, true);
  }

  #press(
    burden: Float64Array,
    placed: Int32Array,
    count: number,
    block: number,
    x: number,
    y: number,
    z: number,
    grams: number,
    direct: boolean,
  ): boolean {
    const { length, width, height, weight } = this.#blocks;
    const l = length[block] as number;
    const w = width[block] as number;
    for (let index = 0; index < count; index++) {
      const at = index * placedSize;
      const under = placed[at] as number;
      const uz = placed[at + 3] as number;
      if (uz + (height[under] as number) !== z) continue;
      const ux = placed[at + 1] as number;
      const uy = placed[at + 2] as number;
      const across = Math.min(x + l, ux + (length[under] as number)) - Math.max(x, ux);
      const along = Math.min(y + w, uy + (width[under] as number)) - Math.max(y, uy);
      if (across <= 0 || along <= 0) continue;
      const kind = this.#kindOf[under] as number;
      if (this.#bears[kind] === 0) return false;
      if (direct && this.#fragile[kind] === 1 && (weight[block] as number) > (weight[under] as number)) return false;
      const share = grams * ((across * along) / (l * w));
      burden[index] = (burden[index] as number) + share;
      if ((burden[index] as number) > (this.#bears[kind] as number) * (1 + slack)) return false;
      if (uz > 0 && !this.#press(burden, placed, count, under, ux, uy, uz, share, false)) return false;
    }
    return true;
  }
}
