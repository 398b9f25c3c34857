/**
 * The smallest box around all pieces. Boxes smaller than the best so far, with sides that sums of pieces can reach, are tried one after the
 * other: one that holds all becomes the best. Boxes that nearly held all are varied, so that the tries gather where a better one may be.
 */
import { type Piece, piecesOf, sunk } from "./answer.ts";
import { turned } from "./axes.ts";
import { Beam } from "./beam.ts";
import { type Blocks, blocksOf, type Room3 } from "./blocks.ts";
import type { Effort } from "./budget.ts";
import type { Kinds } from "./kinds.ts";
import { Random } from "./random.ts";
import { type Reach, reachOf } from "./reach.ts";
import { groundOf } from "./room.ts";
import { Sums } from "./sums.ts";

export interface Box extends Room3 {
  readonly pieces: readonly Piece[];
}

/** The sides a box may have at most, in descending order, in divided units. */
export type BoxLimits = readonly [number, number, number];

interface Try extends Room3 {
  /** Volume that found no place. */
  readonly missed: number;
}

const elitesMax = 6;
/** A box that missed this share of the goods, or less, is tried with a beam of this many arrangements. */
const nearly = 0.01;
const nearTries = 12;
/** Rooms as large as the best box and nearer to a cube: looked for among so many sums of sides at most, and so many are tried. */
const sumsMost = 300;
const rounderMost = 24;

export class BoxSearch {
  best: Box | undefined;
  readonly #kinds: Kinds;
  readonly #limits: BoxLimits;
  readonly #effort: Effort;
  readonly #remain: Int32Array;
  readonly #blocks: Blocks;
  readonly #reach: Reach;
  readonly #beam: Beam;
  readonly #sums: Sums;
  readonly #random: Random;
  readonly #longest: number;
  readonly #elites: Try[] = [];
  readonly #tried = new Set<number>();

  constructor(kinds: Kinds, limits: BoxLimits, effort: Effort, first: Box | undefined) {
    this.best = first;
    this.#kinds = kinds;
    this.#limits = limits;
    this.#effort = effort;
    this.#remain = Int32Array.from(kinds.kinds, ({ count }) => count);
    const sides = kinds.kinds.flatMap(({ stands }) => stands.flat());
    const cube = Math.ceil(Math.cbrt(kinds.volume));
    this.#longest = Math.min(limits[0], Math.max(...sides, 3 * cube) * (kinds.pieces <= 8 ? 2 : 1));
    const room = { length: this.#longest, width: this.#longest, height: this.#longest };
    this.#blocks = blocksOf(kinds, room, { blocks: kinds.pieces <= 12 ? 150 : 400, filled: 0.97 });
    this.#reach = reachOf(kinds, this.#longest);
    this.#beam = new Beam(groundOf(kinds, this.#blocks, this.#reach));
    this.#random = new Random(kinds.pieces);
    this.#sums = new Sums(kinds, this.#longest, this.#random);
  }

  run(): void {
    if (this.best === undefined) this.#start();
    if (this.best === undefined) return;
    this.#shrink();
    this.#round();
  }

  #shrink(): void {
    // A try costs nothing when its sides cannot hold the pieces: such ones are counted apart.
    let idle = 0;
    while (idle < 20_000 && this.#volume() > this.#kinds.volume) {
      const room = this.#next();
      if (room === undefined) {
        idle++;
        continue;
      }
      if (!this.#effort.take()) return;
      idle = 0;
      this.#try(room);
    }
  }

  /** Of boxes of one volume the one nearest to a cube: five cases of glasses as a stack or side by side, not in a row on their longest sides. */
  #round(): void {
    const { best } = this;
    const sums = this.#sums.all;
    if (best === undefined || sums.length > sumsMost) return;
    const volume = this.#volume();
    const most = aroundOf(best);
    const rooms: Room3[] = [];
    for (const length of sums) {
      for (const width of sums) {
        if (width > length) break;
        const height = volume / (length * width);
        if (!Number.isInteger(height) || height > this.#longest || length + width + height >= most) continue;
        if (this.#kinds.free && height > width) continue;
        const room = { length, width, height };
        if (admits(this.#limits, room) && this.#holdsEach(room)) rooms.push(room);
      }
    }
    rooms.sort((a, b) => aroundOf(a) - aroundOf(b) || a.length - b.length || a.width - b.width);
    for (const room of rooms.slice(0, rounderMost)) {
      if (!this.#effort.take()) return;
      if (this.#beam.greedy(room, this.#remain, Infinity)) return this.#keep();
    }
  }

  /** Boxes in the shape of a cube, larger and larger, until one holds all. */
  #start(): void {
    const [a, b, c] = this.#least();
    for (let factor = 1.12; this.best === undefined; factor *= 1.1) {
      // Always tried, whatever the effort, so that there is an answer.
      this.#effort.take();
      const volume = this.#kinds.volume * factor;
      const length = Math.min(this.#limits[0], Math.max(a, Math.ceil(Math.cbrt(volume))));
      const width = Math.min(this.#limits[1], Math.max(b, Math.ceil(Math.sqrt(volume / length))));
      const height = Math.min(this.#limits[2], Math.max(c, Math.ceil(volume / length / width)));
      this.#try({ length, width, height });
      if (length === this.#limits[0] && width === this.#limits[1] && height === this.#limits[2]) break;
    }
    if (this.best !== undefined) return;
    const [length, width, height] = this.#limits;
    const turns: Room3[] = [
      { length, width, height },
      { length, width: height, height: width },
      { length: width, width: height, height: length },
    ];
    for (const room of this.#kinds.free ? turns.slice(0, 1) : turns) {
      this.#beam.fill(room, this.#remain, Infinity, this.#effort.part(Math.ceil(this.#effort.left / 4)));
      if (this.#beam.best.left === 0) this.#keep();
    }
  }

  /** What the sides of a box are at least, in descending order. */
  #least(): [number, number, number] {
    const least: [number, number, number] = [0, 0, 0];
    for (const { stands } of this.#kinds.kinds) {
      const sides = (stands[0] ?? []).toSorted((p, q) => q - p);
      for (const axis of [0, 1, 2] as const) least[axis] = Math.max(least[axis], sides[axis] ?? 0);
    }
    return least;
  }

  #volume(): number {
    return this.best === undefined ? Infinity : this.best.length * this.best.width * this.best.height;
  }

  /** A box that was not tried, is smaller than the best and could hold all by its sides and volume. */
  #next(): Room3 | undefined {
    const random = this.#random;
    const { volume: goods } = this.#kinds;
    let length: number;
    let width: number;
    const elite = this.#elites[random.below(elitesMax)];
    if (elite !== undefined && random.below(3) > 0) {
      const sides = [elite.length, elite.width, elite.height];
      const kept = random.below(3);
      const turnedTo = this.#kinds.free ? (kept + 1 + random.below(2)) % 3 : random.below(2);
      length = this.#sums.near(sides[kept] ?? 0, random.below(9) - 4);
      width = this.#sums.near(sides[turnedTo] ?? 0, random.below(9) - 4);
    } else {
      length = this.#sums.any();
      width = this.#sums.any();
    }
    if (width > length) [length, width] = [width, length];
    const best = this.#volume();
    // Mostly just below the best, at times far below.
    const eased = [0, 0, 0, 0.1, 0.25, 0.5][random.below(6)] ?? 0;
    const aim = best - 1 - Math.floor((best - goods) * eased);
    let height = Math.floor(aim / (length * width));
    if (height > this.#longest) height = this.#longest;
    if (this.#reach.exact) height = this.#reach.upright(height);
    if (height < 1 || length * width * height < goods) return undefined;
    let room = { length, width, height };
    if (this.#kinds.free) {
      const [a = 0, b = 0, c = 0] = [length, width, height].toSorted((p, q) => q - p);
      room = { length: a, width: b, height: c };
    }
    if (!admits(this.#limits, room) || !this.#holdsEach(room)) return undefined;
    const key = (room.length * 200_003 + room.width) * 200_003 + room.height;
    if (this.#tried.has(key)) return undefined;
    this.#tried.add(key);
    return room;
  }

  #holdsEach({ length, width, height }: Room3): boolean {
    return this.#kinds.kinds.every(({ stands }) => stands.some(([l, w, h]) => l <= length && w <= width && h <= height));
  }

  #try(room: Room3): void {
    const beam = this.#beam;
    if (beam.greedy(room, this.#remain, Infinity)) {
      return this.#keep();
    }
    let missed = this.#kinds.volume - beam.best.volume;
    const worst = this.#elites.at(-1)?.missed ?? Infinity;
    if (missed <= this.#kinds.volume * nearly) {
      beam.fill(room, this.#remain, Infinity, this.#effort.part(nearTries));
      if (beam.best.left === 0) return this.#keep();
      missed = Math.min(missed, this.#kinds.volume - beam.best.volume);
    }
    if (this.#elites.length === elitesMax && missed >= worst) return;
    this.#elites.push({ ...room, missed });
    this.#elites.sort((a, b) => a.missed - b.missed);
    if (this.#elites.length > elitesMax) this.#elites.pop();
  }

  #keep(): void {
    const box = boxAround(this.#kinds, piecesOf(this.#beam.best, this.#blocks));
    const volume = box.length * box.width * box.height;
    const least = this.#volume();
    if (this.best === undefined || volume < least || (volume === least && aroundOf(box) < aroundOf(this.best))) this.best = box;
  }
}

/** Its sides together: of boxes of one volume the cube has the least. */
function aroundOf({ length, width, height }: Room3): number {
  return length + width + height;
}

/** Pieces pushed together, where they need not rest, and the box around them. */
export function boxAround(kinds: Kinds, found: readonly Piece[]): Box {
  let pieces = found;
  if (!kinds.rests) {
    for (let round = 0; round < 2; round++) {
      // Along every axis in turn; each turn makes the next axis the upright one.
      for (let axis = 0; axis < 3; axis++) pieces = turned(sunk(pieces), [1, 2, 0]);
    }
    pieces = sunk(pieces);
  }
  let [length, width, height] = [0, 0, 0];
  for (const piece of pieces) {
    length = Math.max(length, piece.x + piece.length);
    width = Math.max(width, piece.y + piece.width);
    height = Math.max(height, piece.z + piece.height);
  }
  return { length, width, height, pieces };
}

export function admits(limits: BoxLimits, { length, width, height }: Room3): boolean {
  const [a = 0, b = 0, c = 0] = [length, width, height].toSorted((p, q) => q - p);
  return a <= limits[0] && b <= limits[1] && c <= limits[2];
}
