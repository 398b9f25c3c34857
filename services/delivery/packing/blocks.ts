/**
 * Blocks: cuboids of pieces that fill them to at least 98 %. Simple blocks repeat one piece in one way to stand, general blocks join two
 * blocks along an axis. A search that places blocks instead of pieces needs few steps.
 *
 * M. Eley, Solving container loading problems by block arrangement, EJOR 141 (2002); T. Fanslau and A. Bortfeldt, A tree search algorithm
 * for solving the container loading problem, INFORMS Journal on Computing 22 (2010).
 */
import type { Kinds } from "./kinds.ts";

export interface Room3 {
  readonly length: number;
  readonly width: number;
  readonly height: number;
}

/** Arrays with a place per block, in descending order of volume. */
export interface Blocks {
  readonly count: number;
  readonly length: Int32Array;
  readonly width: Int32Array;
  readonly height: Int32Array;
  readonly volume: Float64Array;
  readonly weight: Float64Array;
  readonly pieces: Int32Array;
  /** What its volume counts for: less where many small pieces make it up. */
  readonly worth: Float64Array;
  /** The part of its top that is whole, from its corner; 0 where something above would hang. */
  readonly topLength: Int32Array;
  readonly topWidth: Int32Array;
  /** Which kinds it takes and how many of each: pairs from `needsAt[block]` to `needsAt[block + 1]`. */
  readonly needs: Int32Array;
  readonly needsAt: Int32Array;
  readonly made: readonly Made[];
}

/** How a block is made: of one kind, so many along each axis, or of two blocks, the second beside the first. */
export type Made =
  | {
      readonly kind: number;
      readonly stand: readonly [number, number, number];
      readonly along: readonly [number, number, number];
    }
  | { readonly first: Made; readonly second: Made; readonly offset: readonly [number, number, number] };

interface Draft {
  readonly l: number;
  readonly w: number;
  readonly h: number;
  readonly volume: number;
  readonly need: Int32Array;
  readonly topL: number;
  readonly topW: number;
  readonly made: Made;
}

export interface BlockLimits {
  /** How many blocks are made at most. */
  readonly blocks: number;
  /** The least share of a general block that is filled. */
  readonly filled: number;
}

export function blocksOf(kinds: Kinds, room: Room3, limits: BlockLimits): Blocks {
  const drafts = new Drafts(kinds, room, limits);
  drafts.simple();
  if (!kinds.loaded) drafts.general();
  return packed(kinds, drafts.list);
}

class Drafts {
  readonly list: Draft[] = [];
  readonly #known = new Set<string>();
  readonly #kinds: Kinds;
  readonly #room: Room3;
  readonly #limits: BlockLimits;
  constructor(kinds: Kinds, room: Room3, limits: BlockLimits) {
    this.#kinds = kinds;
    this.#room = room;
    this.#limits = limits;
  }

  simple(): void {
    const { kinds, loaded } = this.#kinds;
    const room = this.#room;
    const singles: Draft[] = [];
    const many: Draft[] = [];
    for (const [index, kind] of kinds.entries()) {
      for (const stand of kind.stands) {
        const most = kind.count;
        // On the lowest of a column lie all others.
        const high = !loaded ? most : kind.bears === 0 ? 1 : 1 + Math.floor(kind.weight === 0 ? most : kind.bears / kind.weight);
        const nx = Math.min(most, Math.floor(room.length / stand[0]));
        for (let x = 1; x <= nx; x++) {
          const ny = Math.min(Math.floor(most / x), Math.floor(room.width / stand[1]));
          for (let y = 1; y <= ny; y++) {
            const nz = Math.min(high, Math.floor(most / (x * y)), Math.floor(room.height / stand[2]));
            for (let z = 1; z <= nz; z++) {
              const need = new Int32Array(kinds.length);
              need[index] = x * y * z;
              const [l, w, h] = [stand[0] * x, stand[1] * y, stand[2] * z];
              const draft = {
                l,
                w,
                h,
                volume: l * w * h,
                need,
                topL: l,
                topW: w,
                made: { kind: index, stand, along: [x, y, z] },
              } as const;
              (x * y * z === 1 ? singles : many).push(draft);
            }
          }
        }
      }
    }
    for (const draft of singles) this.#keep(draft);
    // Every piece on its own stays; of the others, the largest.
    many.sort((a, b) => b.volume - a.volume || b.l - a.l || b.w - a.w);
    for (const draft of many) {
      if (this.list.length >= this.#limits.blocks * 0.7 + singles.length) break;
      this.#keep(draft);
    }
  }

  general(): void {
    let from = 0;
    while (from < this.list.length && this.list.length < this.#limits.blocks) {
      const until = this.list.length;
      for (let second = from; second < until; second++) {
        for (let first = 0; first < until; first++) {
          const a = this.list[first];
          const b = this.list[second];
          if (a === undefined || b === undefined) continue;
          this.#join(a, b);
          if (first < from) this.#join(b, a);
          if (this.list.length >= this.#limits.blocks) return;
        }
      }
      from = until;
    }
  }

  #join(a: Draft, b: Draft): void {
    const room = this.#room;
    const volume = a.volume + b.volume;
    const least = volume / this.#limits.filled;
    const l = Math.max(a.l, b.l);
    const w = Math.max(a.w, b.w);
    const h = Math.max(a.h, b.h);
    const alongX = a.l + b.l <= room.length && (a.l + b.l) * w * h <= least;
    const alongY = a.w + b.w <= room.width && l * (a.w + b.w) * h <= least;
    const { rests } = this.#kinds;
    const alongZ = a.h + b.h <= room.height && l * w * (a.h + b.h) <= least && (!rests || (b.l <= a.topL && b.w <= a.topW));
    if (!alongX && !alongY && !alongZ) return;
    const need = new Int32Array(a.need.length);
    for (const [kind, { count }] of this.#kinds.kinds.entries()) {
      need[kind] = (a.need[kind] ?? 0) + (b.need[kind] ?? 0);
      if ((need[kind] ?? 0) > count) return;
    }
    const made = (offset: readonly [number, number, number]) => ({ first: a.made, second: b.made, offset });
    const whole = a.h === b.h && a.topL === a.l && a.topW === a.w && b.topL === b.l && b.topW === b.w;
    const higher = a.h >= b.h;
    if (alongX) {
      const level = whole && a.w === b.w;
      const topL = level ? a.l + b.l : higher ? a.topL : 0;
      this.#keep({ l: a.l + b.l, w, h, volume, need, topL, topW: higher ? a.topW : 0, made: made([a.l, 0, 0]) });
    }
    if (alongY) {
      const level = whole && a.l === b.l;
      const topW = level ? a.w + b.w : higher ? a.topW : 0;
      this.#keep({ l, w: a.w + b.w, h, volume, need, topL: higher ? a.topL : 0, topW, made: made([0, a.w, 0]) });
    }
    if (alongZ) this.#keep({ l, w, h: a.h + b.h, volume, need, topL: b.topL, topW: b.topW, made: made([0, 0, a.h]) });
  }

  #keep(draft: Draft): void {
    const key = `${draft.l},${draft.w},${draft.h},${draft.topL},${draft.topW};${draft.need.join()}`;
    if (this.#known.has(key)) return;
    this.#known.add(key);
    this.list.push(draft);
  }
}

function packed(kinds: Kinds, list: readonly Draft[]): Blocks {
  const pieces = (draft: Draft) => draft.need.reduce((sum, count) => sum + count, 0);
  const order = list.toSorted((a, b) => b.volume - a.volume || b.l - a.l || b.w - a.w || b.h - a.h);
  const needs: number[] = [];
  const needsAt = new Int32Array(order.length + 1);
  for (const [index, draft] of order.entries()) {
    for (const [kind, count] of draft.need.entries()) if (count > 0) needs.push(kind, count);
    needsAt[index + 1] = needs.length;
  }
  const weight = (draft: Draft) => draft.need.reduce((sum, count, kind) => sum + count * (kinds.kinds[kind]?.weight ?? 0), 0);
  return {
    count: order.length,
    length: Int32Array.from(order, ({ l }) => l),
    width: Int32Array.from(order, ({ w }) => w),
    height: Int32Array.from(order, ({ h }) => h),
    volume: Float64Array.from(order, ({ volume }) => volume),
    weight: Float64Array.from(order, weight),
    pieces: Int32Array.from(order, pieces),
    worth: Float64Array.from(order, (draft) => 1 / Math.sqrt(Math.sqrt(pieces(draft)))),
    topLength: Int32Array.from(order, ({ topL }) => topL),
    topWidth: Int32Array.from(order, ({ topW }) => topW),
    needs: Int32Array.from(needs),
    needsAt,
    made: order.map(({ made }) => made),
  };
}
