/**
 * What the placed pieces bear: the weight of everything that rests on them, directly or through others. A piece passes its load to the pieces
 * under it by their shares of what it rests on. Only kept where some piece says what it bears; then every block is of one kind.
 */
import type { Blocks } from "./blocks.ts";
import type { Kinds } from "./kinds.ts";

/** Shares are fractions: a load is too much when it is beyond its limit by more than this share of it. */
const slack = 1e-9;
/** The numbers of a piece: corner, sides, kind. */
const pieceSize = 7;

export class Loads {
  readonly #kinds: Kinds;
  /** The pieces of every block, from its corner, the lowest first. */
  readonly #made: readonly Int32Array[];
  readonly #pieces: Int32Array;
  #count = 0;
  readonly #burden: Float64Array;
  readonly #trial: Float64Array;
  /** What a trial adds to a piece, to be passed on to those under it. */
  readonly #more: Float64Array;

  constructor(kinds: Kinds, blocks: Blocks) {
    this.#kinds = kinds;
    this.#made = blocks.made.map((made) => {
      if ("first" in made) throw new Error("a block of several kinds bears no limited load");
      const [l, w, h] = made.stand;
      const [nx, ny, nz] = made.along;
      const pieces: number[] = [];
      for (let k = 0; k < nz; k++) {
        for (let j = 0; j < ny; j++) for (let i = 0; i < nx; i++) pieces.push(i * l, j * w, k * h, l, w, h, made.kind);
      }
      return Int32Array.from(pieces);
    });
    this.#pieces = new Int32Array(kinds.pieces * pieceSize);
    this.#burden = new Float64Array(kinds.pieces);
    this.#trial = new Float64Array(kinds.pieces);
    this.#more = new Float64Array(kinds.pieces);
  }

  open(): void {
    this.#count = 0;
  }

  copy(from: Loads): void {
    this.#count = from.#count;
    this.#pieces.set(from.#pieces);
    this.#burden.set(from.#burden);
  }

  /** Whether what is placed bears a block at a place. */
  bear(block: number, x: number, y: number, z: number): boolean {
    const count = this.#count;
    this.#trial.set(this.#burden);
    const borne = this.#put(block, x, y, z);
    this.#count = count;
    return borne;
  }

  /** Adds a block that can be borne. */
  add(block: number, x: number, y: number, z: number): void {
    this.#trial.set(this.#burden);
    this.#put(block, x, y, z);
    this.#burden.set(this.#trial);
  }

  #put(block: number, x: number, y: number, z: number): boolean {
    const made = this.#made[block] ?? new Int32Array(0);
    const pieces = this.#pieces;
    for (let at = 0; at < made.length; at += pieceSize) {
      const index = this.#count++;
      const to = index * pieceSize;
      for (let number = 0; number < pieceSize; number++) pieces[to + number] = made[at + number] as number;
      pieces[to] = (pieces[to] as number) + x;
      pieces[to + 1] = (pieces[to + 1] as number) + y;
      pieces[to + 2] = (pieces[to + 2] as number) + z;
      this.#trial[index] = 0;
      if (this.#bearsAbove(index) || !this.#press(index)) return false;
    }
    return true;
  }

  /** Whether a piece would come under one that already rests on others: their shares would change. */
  #bearsAbove(index: number): boolean {
    const top = this.#end(index, 2);
    for (let other = 0; other < index; other++) {
      if (this.#pieces[other * pieceSize + 2] === top && this.#contact(index, other) > 0) return true;
    }
    return false;
  }

  /** Lets a piece rest on those under it, and these on theirs: from the top down, so that each passes on all that it bears. */
  #press(index: number): boolean {
    const more = this.#more;
    more.fill(0, 0, this.#count);
    const grams = this.#kindOf(index).weight;
    more[index] = grams;
    for (let now = index; now >= 0; now = this.#highest()) {
      const passed = more[now] as number;
      more[now] = 0;
      const z = this.#pieces[now * pieceSize + 2] as number;
      if (z === 0) continue;
      let whole = 0;
      for (let under = 0; under < this.#count; under++) if (this.#end(under, 2) === z) whole += this.#contact(now, under);
      for (let under = 0; whole > 0 && under < this.#count; under++) {
        if (this.#end(under, 2) !== z) continue;
        const contact = this.#contact(now, under);
        if (contact === 0) continue;
        const { bears, fragile, weight } = this.#kindOf(under);
        if (bears === 0 || (now === index && fragile && grams > weight)) return false;
        const share = passed * (contact / whole);
        const burden = (this.#trial[under] as number) + share;
        if (burden > bears * (1 + slack)) return false;
        this.#trial[under] = burden;
        more[under] = (more[under] as number) + share;
      }
    }
    return true;
  }

  /** The highest piece that has something to pass on; -1: none. */
  #highest(): number {
    let found = -1;
    let top = -1;
    for (let index = 0; index < this.#count; index++) {
      const z = this.#pieces[index * pieceSize + 2] as number;
      if ((this.#more[index] as number) > 0 && z > top) {
        found = index;
        top = z;
      }
    }
    return found;
  }

  #kindOf(index: number): Kinds["kinds"][number] {
    const kind = this.#kinds.kinds[this.#pieces[index * pieceSize + 6] as number];
    if (kind === undefined) throw new Error("a piece of no kind was placed");
    return kind;
  }

  #end(index: number, axis: 0 | 1 | 2): number {
    const at = index * pieceSize + axis;
    return (this.#pieces[at] as number) + (this.#pieces[at + 3] as number);
  }

  #contact(one: number, other: number): number {
    const a = one * pieceSize;
    const b = other * pieceSize;
    const pieces = this.#pieces;
    const across = Math.min(this.#end(one, 0), this.#end(other, 0)) - Math.max(pieces[a] as number, pieces[b] as number);
    const along = Math.min(this.#end(one, 1), this.#end(other, 1)) - Math.max(pieces[a + 1] as number, pieces[b + 1] as number);
    return across > 0 && along > 0 ? across * along : 0;
  }
}
