/**
 * A room that is being filled: which blocks stand where, which pieces are left, and the empty maximal spaces: every largest cuboid without
 * goods in it. Spaces may overlap. Nothing is allocated while it is filled.
 */
import type { Blocks, Room3 } from "./blocks.ts";
import type { Kinds } from "./kinds.ts";
import { Loads } from "./loads.ts";
import type { Reach } from "./reach.ts";
import { Support } from "./support.ts";

/** The numbers of a space: two corners; and of a placed block: which, and its corner. */
const spaceSize = 6;
const placedSize = 4;
const spacesMax = 1024;
/** The faces of a block: two along each axis. */
const faces = 6;
const facePieces = 512;

export interface Ground {
  readonly kinds: Kinds;
  readonly blocks: Blocks;
  readonly reach: Reach;
  readonly least: Float64Array;
  /** Where a part of a base may hang over. */
  readonly support: Support | undefined;
}

/** The numbers of a kind in `least`: its least sides along each axis, its volume and its middle side. */
const leastSize = 5;

/** What a search over rooms works with. */
export function groundOf(kinds: Kinds, blocks: Blocks, reach: Reach): Ground {
  const least = kinds.kinds.flatMap(({ stands, volume }) => {
    const [, middle = 0] = (stands[0] ?? []).toSorted((a, b) => a - b);
    const side = (axis: 0 | 1 | 2) => Math.min(...stands.map((stand) => stand[axis]));
    return [side(0), side(1), side(2), volume, middle];
  });
  const support = kinds.rests && kinds.support < 1 ? new Support(kinds, blocks) : undefined;
  return { kinds, blocks, reach, least: Float64Array.from(least), support };
}

export class Room {
  readonly ground: Ground;
  length = 0;
  width = 0;
  height = 0;
  volume = 0;
  weight = 0;
  maxWeight = Infinity;
  /** Pieces still to be placed. */
  left = 0;
  readonly remain: Int32Array;
  readonly placed: Int32Array;
  placedCount = 0;
  spaceCount = 0;
  /** The worth that the greedy completion of this room reached; for the search that keeps it. */
  score = 0;
  readonly #spaces = new Int32Array(spacesMax * spaceSize);
  readonly #keys = new Float64Array(spacesMax);
  /** What is cut from spaces, by the face of the block that it lies at; and the spaces that touch that face. */
  readonly #cut = new Int32Array(faces * facePieces * spaceSize);
  readonly #cutCount = new Int32Array(faces);
  readonly #touch = new Int32Array(faces * facePieces);
  readonly #touchCount = new Int32Array(faces);
  #leastVolume = 1;
  #leastMiddle = 1;
  #leastX = 1;
  #leastY = 1;
  #leastZ = 1;
  /** Where the chosen space puts a block: at its far end along an axis, where that end is nearer to a wall. */
  #space = 0;
  readonly #loads: Loads | undefined;
  /** Blocks that may still be placed, in their order: looked through again whenever a kind is used up. */
  readonly #active: Int32Array;
  #activeCount = 0;

  constructor(ground: Ground) {
    this.ground = ground;
    this.remain = new Int32Array(ground.kinds.kinds.length);
    this.placed = new Int32Array(ground.kinds.pieces * placedSize);
    this.#active = new Int32Array(ground.blocks.count);
    this.#loads = ground.kinds.loaded ? new Loads(ground.kinds, ground.blocks) : undefined;
  }

  /** Empties it: `remain` pieces of each kind are to be placed in it. */
  open({ length, width, height }: Room3, remain: Int32Array, maxWeight: number): void {
    this.length = length;
    this.width = width;
    this.height = height;
    this.volume = 0;
    this.weight = 0;
    this.maxWeight = maxWeight;
    this.remain.set(remain);
    this.left = 0;
    for (let kind = 0; kind < remain.length; kind++) this.left += remain[kind] as number;
    this.placedCount = 0;
    this.spaceCount = 0;
    this.#loads?.open();
    for (let block = 0; block < this.#active.length; block++) this.#active[block] = block;
    this.#activeCount = this.#active.length;
    this.#measure();
    this.#add(0, 0, 0, length, width, height);
  }

  copy(from: Room): void {
    this.length = from.length;
    this.width = from.width;
    this.height = from.height;
    this.volume = from.volume;
    this.weight = from.weight;
    this.maxWeight = from.maxWeight;
    this.left = from.left;
    this.remain.set(from.remain);
    this.placedCount = from.placedCount;
    for (let at = 0; at < from.placedCount * placedSize; at++) this.placed[at] = from.placed[at] as number;
    this.spaceCount = from.spaceCount;
    for (let at = 0; at < from.spaceCount * spaceSize; at++) this.#spaces[at] = from.#spaces[at] as number;
    for (let at = 0; at < from.spaceCount; at++) this.#keys[at] = from.#keys[at] as number;
    this.#leastX = from.#leastX;
    this.#leastY = from.#leastY;
    this.#leastZ = from.#leastZ;
    this.#leastVolume = from.#leastVolume;
    this.#active.set(from.#active);
    this.#activeCount = from.#activeCount;
    this.#leastMiddle = from.#leastMiddle;
    this.#space = from.#space;
    if (from.#loads !== undefined) this.#loads?.copy(from.#loads);
  }

  /**
   * Chooses the space nearest to a corner and writes the best blocks for it to `blocks`, best first; returns how many. Spaces that take no
   * block are dropped on the way. 0: the room is full.
   */
  candidates(blocks: Int32Array, scores: Float64Array, most: number): number {
    while (this.spaceCount > 0 && this.left > 0) {
      this.#space = this.#nearest();
      const found = this.#best(blocks, scores, most);
      if (found > 0) return found;
      this.#drop(this.#space);
    }
    return 0;
  }

  /** Places a block in the space that `candidates` chose. */
  place(block: number): void {
    const { blocks } = this.ground;
    const at = this.#space * spaceSize;
    const spaces = this.#spaces;
    const l = blocks.length[block] as number;
    const w = blocks.width[block] as number;
    const h = blocks.height[block] as number;
    const x1 = spaces[at] as number;
    const y1 = spaces[at + 1] as number;
    const z1 = spaces[at + 2] as number;
    const x2 = spaces[at + 3] as number;
    const y2 = spaces[at + 4] as number;
    const z2 = spaces[at + 5] as number;
    const { rests } = this.ground.kinds;
    const x = this.length - x2 < x1 && !rests ? x2 - l : x1;
    const y = this.width - y2 < y1 && !rests ? y2 - w : y1;
    const z = this.height - z2 < z1 && !rests ? z2 - h : z1;
    this.#loads?.add(block, x, y, z);
    const to = this.placedCount++ * placedSize;
    this.placed[to] = block;
    this.placed[to + 1] = x;
    this.placed[to + 2] = y;
    this.placed[to + 3] = z;
    this.volume += blocks.volume[block] as number;
    this.weight += blocks.weight[block] as number;
    const end = blocks.needsAt[block + 1] as number;
    let gone = false;
    for (let need = blocks.needsAt[block] as number; need < end; need += 2) {
      const kind = blocks.needs[need] as number;
      const count = blocks.needs[need + 1] as number;
      const rest = (this.remain[kind] as number) - count;
      this.remain[kind] = rest;
      this.left -= count;
      if (rest === 0) gone = true;
    }
    if (gone) {
      this.#measure();
      this.#sift();
    }
    if (this.left > 0) this.#carve(block, x, y, z, x + l, y + w, z + h);
  }

  /** The least sides that a piece still to be placed has along each axis, and the least volume and middle side. */
  #measure(): void {
    const { least } = this.ground;
    let x = Infinity;
    let y = Infinity;
    let z = Infinity;
    let volume = Infinity;
    let middle = Infinity;
    for (let kind = 0; kind < this.remain.length; kind++) {
      if (this.remain[kind] === 0) continue;
      const at = kind * leastSize;
      if ((least[at] as number) < x) x = least[at] as number;
      if ((least[at + 1] as number) < y) y = least[at + 1] as number;
      if ((least[at + 2] as number) < z) z = least[at + 2] as number;
      if ((least[at + 3] as number) < volume) volume = least[at + 3] as number;
      if ((least[at + 4] as number) < middle) middle = least[at + 4] as number;
    }
    this.#leastX = x;
    this.#leastY = y;
    this.#leastZ = z;
    this.#leastVolume = volume;
    this.#leastMiddle = middle;
  }

  #sift(): void {
    const active = this.#active;
    let kept = 0;
    for (let index = 0; index < this.#activeCount; index++) {
      const block = active[index] as number;
      if (this.#available(block)) active[kept++] = block;
    }
    this.#activeCount = kept;
  }

  #available(block: number): boolean {
    const { needs, needsAt } = this.ground.blocks;
    const end = needsAt[block + 1] as number;
    for (let need = needsAt[block] as number; need < end; need += 2) {
      if ((this.remain[needs[need] as number] as number) < (needs[need + 1] as number)) return false;
    }
    return true;
  }

  #carve(block: number, bx1: number, by1: number, bz1: number, bx2: number, by2: number, bz2: number): void {
    const spaces = this.#spaces;
    const keys = this.#keys;
    const { rests } = this.ground.kinds;
    const topX = bx1 + (this.ground.blocks.topLength[block] as number);
    const topY = by1 + (this.ground.blocks.topWidth[block] as number);
    const { support } = this.ground;
    this.#cutCount.fill(0);
    this.#touchCount.fill(0);
    let kept = 0;
    for (let index = 0; index < this.spaceCount; index++) {
      const at = index * spaceSize;
      const x1 = spaces[at] as number;
      const y1 = spaces[at + 1] as number;
      const z1 = spaces[at + 2] as number;
      const x2 = spaces[at + 3] as number;
      const y2 = spaces[at + 4] as number;
      const z2 = spaces[at + 5] as number;
      if (bx1 < x2 && bx2 > x1 && by1 < y2 && by2 > y1 && bz1 < z2 && bz2 > z1) {
        if (bx1 > x1) this.#piece(0, x1, y1, z1, bx1, y2, z2);
        if (bx2 < x2) this.#piece(1, bx2, y1, z1, x2, y2, z2);
        if (by1 > y1) this.#piece(2, x1, y1, z1, x2, by1, z2);
        if (by2 < y2) this.#piece(3, x1, by2, z1, x2, y2, z2);
        if (bz1 > z1) this.#piece(4, x1, y1, z1, x2, y2, bz1);
        if (bz2 < z2) {
          if (support !== undefined) {
            // What stands there may hang over on the far sides.
            const x = Math.max(x1, bx1);
            const y = Math.max(y1, by1);
            if (x < topX && y < topY) this.#piece(5, x, y, bz2, x2, y2, z2);
          } else if (rests) {
            this.#piece(5, x1 > bx1 ? x1 : bx1, y1 > by1 ? y1 : by1, bz2, x2 < topX ? x2 : topX, y2 < topY ? y2 : topY, z2);
          } else this.#piece(5, x1, y1, bz2, x2, y2, z2);
        }
        continue;
      }
      if (kept !== index) {
        const to = kept * spaceSize;
        spaces[to] = x1;
        spaces[to + 1] = y1;
        spaces[to + 2] = z1;
        spaces[to + 3] = x2;
        spaces[to + 4] = y2;
        spaces[to + 5] = z2;
        keys[kept] = keys[index] as number;
      }
      if (x2 === bx1) this.#touches(0, kept);
      if (x1 === bx2) this.#touches(1, kept);
      if (y2 === by1) this.#touches(2, kept);
      if (y1 === by2) this.#touches(3, kept);
      if (z2 === bz1) this.#touches(4, kept);
      if (z1 === bz2) this.#touches(5, kept);
      kept++;
    }
    this.spaceCount = kept;
    for (let face = 0; face < faces; face++) this.#settleCut(face);
  }

  #touches(face: number, space: number): void {
    const count = this.#touchCount[face] as number;
    if (count === facePieces) return;
    this.#touch[face * facePieces + count] = space;
    this.#touchCount[face] = count + 1;
  }

  /** Keeps what is cut from a space unless no piece can be in it. */
  #piece(face: number, x1: number, y1: number, z1: number, x2: number, y2: number, z2: number): void {
    const l = x2 - x1;
    const w = y2 - y1;
    const h = z2 - z1;
    if (l < this.#leastX || w < this.#leastY || h < this.#leastZ || l * w * h < this.#leastVolume) return;
    const middle = this.#leastMiddle;
    if ((l < middle ? 1 : 0) + (w < middle ? 1 : 0) + (h < middle ? 1 : 0) > 1) return;
    const count = this.#cutCount[face] as number;
    if (count === facePieces) return;
    this.#cutCount[face] = count + 1;
    const at = (face * facePieces + count) * spaceSize;
    const cut = this.#cut;
    cut[at] = x1;
    cut[at + 1] = y1;
    cut[at + 2] = z1;
    cut[at + 3] = x2;
    cut[at + 4] = y2;
    cut[at + 5] = z2;
  }

  /**
   * Adds what was cut at a face and lies in no other space. What contains it can only be a space that touches the same face, or another cut
   * there: it reaches along the whole face, and beyond the face is the block.
   */
  #settleCut(face: number): void {
    const cut = this.#cut;
    const from = face * facePieces;
    const count = this.#cutCount[face] as number;
    const touching = this.#touchCount[face] as number;
    const hangs = this.ground.support !== undefined;
    next: for (let index = 0; index < count; index++) {
      const at = (from + index) * spaceSize;
      const x1 = cut[at] as number;
      const y1 = cut[at + 1] as number;
      const z1 = cut[at + 2] as number;
      const x2 = cut[at + 3] as number;
      const y2 = cut[at + 4] as number;
      const z2 = cut[at + 5] as number;
      // Above the floor, what rests at one corner of a space may hang in the air at another.
      const anchored = hangs && z1 > 0;
      for (let touch = 0; touch < touching; touch++) {
        const there = (this.#touch[from + touch] as number) * spaceSize;
        if (holds(this.#spaces, there, x1, y1, z1, x2, y2, z2) && !(anchored && !sameCorner(this.#spaces, there, x1, y1, z1))) {
          continue next;
        }
      }
      for (let other = 0; other < count; other++) {
        const there = (from + other) * spaceSize;
        if (other === index || !holds(cut, there, x1, y1, z1, x2, y2, z2)) continue;
        if (anchored && !sameCorner(cut, there, x1, y1, z1)) continue;
        // Of two equal ones the first stays.
        if (other < index || !equal(cut, at, there)) continue next;
      }
      this.#add(x1, y1, z1, x2, y2, z2);
    }
  }

  #add(x1: number, y1: number, z1: number, x2: number, y2: number, z2: number): void {
    if (this.spaceCount === spacesMax) return;
    const index = this.spaceCount++;
    const at = index * spaceSize;
    const spaces = this.#spaces;
    spaces[at] = x1;
    spaces[at + 1] = y1;
    spaces[at + 2] = z1;
    spaces[at + 3] = x2;
    spaces[at + 4] = y2;
    spaces[at + 5] = z2;
    const { rests } = this.ground.kinds;
    let a = rests ? x1 : Math.min(x1, this.length - x2);
    let b = rests ? y1 : Math.min(y1, this.width - y2);
    let c = rests ? z1 : Math.min(z1, this.height - z2);
    // The distances to the nearest corner, the least first, as one number.
    if (a > b) [a, b] = [b, a];
    if (b > c) [b, c] = [c, b];
    if (a > b) [a, b] = [b, a];
    const base = 200_001;
    this.#keys[index] = (a * base + b) * base + c;
  }

  #drop(index: number): void {
    const last = --this.spaceCount;
    if (index === last) return;
    this.#spaces.copyWithin(index * spaceSize, last * spaceSize, (last + 1) * spaceSize);
    this.#keys[index] = this.#keys[last] as number;
  }

  #nearest(): number {
    const keys = this.#keys;
    let best = 0;
    let least = keys[0] as number;
    for (let index = 1; index < this.spaceCount; index++) {
      const key = keys[index] as number;
      if (key < least || (key === least && this.#size(index) > this.#size(best))) {
        best = index;
        least = key;
      }
    }
    return best;
  }

  #size(index: number): number {
    const at = index * spaceSize;
    const spaces = this.#spaces;
    return (
      ((spaces[at + 3] as number) - (spaces[at] as number)) *
      ((spaces[at + 4] as number) - (spaces[at + 1] as number)) *
      ((spaces[at + 5] as number) - (spaces[at + 2] as number))
    );
  }

  #best(found: Int32Array, scores: Float64Array, most: number): number {
    const { blocks, reach } = this.ground;
    const at = this.#space * spaceSize;
    const spaces = this.#spaces;
    const bx = spaces[at] as number;
    const by = spaces[at + 1] as number;
    const bz = spaces[at + 2] as number;
    const sx = (spaces[at + 3] as number) - bx;
    const sy = (spaces[at + 4] as number) - by;
    const sz = (spaces[at + 5] as number) - bz;
    const size = sx * sy * sz;
    const { volume, length, width, height, worth } = blocks;
    const active = this.#active;
    const loads = this.#loads;
    const support = bz > 0 ? this.ground.support : undefined;
    support?.look(this.placed, this.placedCount, bz);
    const spare = this.maxWeight - this.weight;
    let count = 0;
    let low = 0;
    let high = this.#activeCount;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((volume[active[middle] as number] as number) > size) low = middle + 1;
      else high = middle;
    }
    for (let index = low; index < this.#activeCount; index++) {
      const block = active[index] as number;
      const v = volume[block] as number;
      if (count === most && v <= (scores[count - 1] as number)) break;
      const l = length[block] as number;
      const w = width[block] as number;
      const h = height[block] as number;
      if (l > sx || w > sy || h > sz) continue;
      if (!this.#available(block)) continue;
      if (spare !== Infinity && (blocks.weight[block] as number) > spare) continue;
      const used = (l + reach.level(sx - l)) * (w + reach.level(sy - w)) * (h + reach.upright(sz - h));
      const score = v * (used / size) * (worth[block] as number);
      if (count === most && score <= (scores[count - 1] as number)) continue;
      if (support !== undefined && !support.holds(block, bx, by)) continue;
      if (loads !== undefined && !loads.bear(block, bx, by, bz)) continue;
      let to = count < most ? count++ : count - 1;
      while (to > 0 && (scores[to - 1] as number) < score) {
        scores[to] = scores[to - 1] as number;
        found[to] = found[to - 1] as number;
        to--;
      }
      scores[to] = score;
      found[to] = block;
    }
    return count;
  }
}

function holds(of: Int32Array, at: number, x1: number, y1: number, z1: number, x2: number, y2: number, z2: number): boolean {
  return (
    (of[at] as number) <= x1 &&
    (of[at + 1] as number) <= y1 &&
    (of[at + 2] as number) <= z1 &&
    (of[at + 3] as number) >= x2 &&
    (of[at + 4] as number) >= y2 &&
    (of[at + 5] as number) >= z2
  );
}

function sameCorner(of: Int32Array, at: number, x: number, y: number, z: number): boolean {
  return of[at] === x && of[at + 1] === y && of[at + 2] === z;
}

function equal(of: Int32Array, a: number, b: number): boolean {
  for (let at = 0; at < spaceSize; at++) if (of[a + at] !== of[b + at]) return false;
  return true;
}
