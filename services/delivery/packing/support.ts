/**
 * What the bases of a block rest on, where a part of a base may hang over: only kept for a support above 0 and below 1. Counted are the tops of
 * blocks as far as they are whole, so a base may rest on more than is counted, never on less.
 */
import type { Blocks, Made } from "./blocks.ts";
import type { Kinds } from "./kinds.ts";

const placedSize = 4;

export class Support {
  readonly #share: number;
  readonly #blocks: Blocks;
  /** The pieces at the bottom of every block: corner and sides, in fours. */
  readonly #bases: readonly Int32Array[];
  /** The tops at the height that is looked at: corner and end, in fours. */
  readonly #tops: Int32Array;
  #topsEnd = 0;

  constructor(kinds: Kinds, blocks: Blocks) {
    this.#share = kinds.support;
    this.#blocks = blocks;
    this.#bases = blocks.made.map((made) => {
      const bases: number[] = [];
      basesOf(made, 0, 0, bases);
      return Int32Array.from(bases);
    });
    this.#tops = new Int32Array(4 * kinds.pieces);
  }

  /** Looks at a height: what is asked then is about blocks at it. */
  look(placed: Int32Array, count: number, z: number): void {
    const { height, topLength, topWidth } = this.#blocks;
    const tops = this.#tops;
    let end = 0;
    for (let at = 0; at < count * placedSize; at += placedSize) {
      const block = placed[at] as number;
      const l = topLength[block] as number;
      const w = topWidth[block] as number;
      if ((placed[at + 3] as number) + (height[block] as number) !== z || l === 0 || w === 0) continue;
      tops[end] = placed[at + 1] as number;
      tops[end + 1] = placed[at + 2] as number;
      tops[end + 2] = (placed[at + 1] as number) + l;
      tops[end + 3] = (placed[at + 2] as number) + w;
      end += 4;
    }
    this.#topsEnd = end;
  }

  /** Whether every base of a block rests on enough, at a place of that height. */
  holds(block: number, x: number, y: number): boolean {
    const bases = this.#bases[block];
    if (bases === undefined) return false;
    if (this.#wholly(block, x, y)) return true;
    for (let at = 0; at < bases.length; at += 4) {
      const l = bases[at + 2] as number;
      const w = bases[at + 3] as number;
      const contact = this.#contact(x + (bases[at] as number), y + (bases[at + 1] as number), l, w);
      if (contact === 0 || contact < this.#share * l * w) return false;
    }
    return true;
  }

  #wholly(block: number, x: number, y: number): boolean {
    const x2 = x + (this.#blocks.length[block] as number);
    const y2 = y + (this.#blocks.width[block] as number);
    const tops = this.#tops;
    for (let at = 0; at < this.#topsEnd; at += 4) {
      const before = (tops[at] as number) <= x && (tops[at + 1] as number) <= y;
      if (before && (tops[at + 2] as number) >= x2 && (tops[at + 3] as number) >= y2) return true;
    }
    return false;
  }

  #contact(x: number, y: number, l: number, w: number): number {
    const tops = this.#tops;
    let contact = 0;
    for (let at = 0; at < this.#topsEnd; at += 4) {
      const across = Math.min(x + l, tops[at + 2] as number) - Math.max(x, tops[at] as number);
      const along = Math.min(y + w, tops[at + 3] as number) - Math.max(y, tops[at + 1] as number);
      if (across > 0 && along > 0) contact += across * along;
    }
    return contact;
  }
}

function basesOf(made: Made, x: number, y: number, into: number[]): void {
  if ("first" in made) {
    basesOf(made.first, x, y, into);
    const [dx, dy, dz] = made.offset;
    if (dz === 0) basesOf(made.second, x + dx, y + dy, into);
    return;
  }
  const [l, w] = made.stand;
  const [nx, ny] = made.along;
  for (let i = 0; i < nx; i++) for (let j = 0; j < ny; j++) into.push(x + i * l, y + j * w, l, w);
}
