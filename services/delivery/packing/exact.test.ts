import { expect, test } from "bun:test";
import { exactBox } from "./exact.ts";
import { halvedBox } from "./halves.ts";
import { kindsOf } from "./kinds.ts";
import { pack } from "./pack.ts";
import type { Piece } from "./answer.ts";
import { Random } from "./random.ts";
import { goods } from "./test-goods.ts";
import type { PackItem, Packing } from "./packing.ts";
import { validate } from "./validate.ts";

const box = { kind: "box" } as const;
const anywhere = () => true;
const unbounded = { take: () => true };

function around(pieces: readonly Piece[] | undefined): number {
  const end = (at: "x" | "y" | "z", side: "length" | "width" | "height") =>
    Math.max(...(pieces ?? []).map((piece) => piece[at] + piece[side]));
  return pieces === undefined ? Infinity : end("x", "length") * end("y", "width") * end("z", "height");
}

const exact = (items: readonly PackItem[]) => {
  const kinds = kindsOf({ items, mode: box }, [1]);
  return { kinds, ...exactBox(kinds, { volume: Infinity, budget: unbounded, admits: anywhere }) };
};

const volumeOf = ({ parcels: [parcel] }: Packing): number => (parcel?.length ?? 0) * (parcel?.width ?? 0) * (parcel?.height ?? 0);

/** Pieces, and their longest side, that a search of cells can bear. */
const cases = [
  [1, 9],
  [2, 8],
  [3, 6],
  [4, 6],
  [5, 4],
  [6, 3],
] as const;

/** Pieces with sides of a few units, some of them equal. */
function cubes(seed: number, pieces: number, longest: number): PackItem[] {
  const random = new Random(seed * 7919);
  for (let warm = 0; warm < 8; warm++) random.below(2);
  const side = () => 1 + random.below(longest);
  const items: PackItem[] = [];
  for (let left = pieces; left > 0;) {
    const quantity = Math.min(left, 1 + random.below(2));
    items.push({ id: `item ${items.length}`, length: side(), width: side(), height: side(), weight: 1, quantity });
    left -= quantity;
  }
  return items;
}

/**
 * The least volume of a box, at most `most`: every box of whole sides, from the volume of the goods on, cell by cell. The first cell that
 * nothing is decided about holds the corner of a piece, or stays empty while the box has room to spare.
 */
function leastByCells(items: readonly PackItem[], most: number): number {
  const goods = items.reduce((sum, { length, width, height, quantity }) => sum + length * width * height * quantity, 0);
  const rooms: [number, number, number][] = [];
  for (let h = 1; h ** 3 < most; h++) {
    for (let w = h; h * w * w < most; w++) {
      for (let l = Math.max(w, Math.ceil(goods / (w * h))); l * w * h < most; l++) rooms.push([l, w, h]);
    }
  }
  rooms.sort(([a, b, c], [d, e, f]) => a * b * c - d * e * f);
  const found = rooms.find((room) => holdsAll(room, items, goods));
  return found === undefined ? most : found[0] * found[1] * found[2];
}

function holdsAll([l, w, h]: readonly [number, number, number], items: readonly PackItem[], goods: number): boolean {
  const taken = new Uint8Array(l * w * h);
  const left = items.map(({ quantity }) => quantity);
  const fits = (at: number, [a, b, c]: readonly [number, number, number], mark: 0 | 1 | undefined): boolean => {
    const [x, y, z] = [Math.floor(at / (w * h)), Math.floor(at / h) % w, at % h];
    if (x + a > l || y + b > w || z + c > h) return false;
    for (let i = x; i < x + a; i++) {
      for (let j = y; j < y + b; j++) {
        for (let k = z; k < z + c; k++) {
          const cell = (i * w + j) * h + k;
          if (mark !== undefined) taken[cell] = mark;
          else if (taken[cell] === 1) return false;
        }
      }
    }
    return true;
  };
  const from = (start: number, pieces: number, spare: number): boolean => {
    if (pieces === 0) return true;
    let at = start;
    while (at < taken.length && taken[at] === 1) at++;
    if (at === taken.length) return false;
    for (const [index, { length, width, height }] of items.entries()) {
      if (left[index] === 0) continue;
      const stands = new Map(
        [
          [length, width, height],
          [length, height, width],
          [width, length, height],
          [width, height, length],
          [height, length, width],
          [height, width, length],
        ].map(([a = 0, b = 0, c = 0]) => [`${a} ${b} ${c}`, [a, b, c] as const]),
      );
      for (const stand of stands.values()) {
        if (!fits(at, stand, undefined)) continue;
        fits(at, stand, 1);
        left[index] = (left[index] ?? 0) - 1;
        if (from(at, pieces - 1, spare)) return true;
        left[index] = (left[index] ?? 0) + 1;
        fits(at, stand, 0);
      }
    }
    return spare > 0 && from(at + 1, pieces, spare - 1);
  };
  return from(
    0,
    left.reduce((sum, quantity) => sum + quantity, 0),
    l * w * h - goods,
  );
}

test("up to three pieces every packing has a saw cut: two searches that share nothing agree", () => {
  for (let seed = 1; seed <= 25; seed++) {
    const { kinds, pieces, proven } = exact(goods(seed, 1 + (seed % 3)));
    expect(proven).toBe(true);
    expect(around(halvedBox(kinds, Infinity, anywhere))).toBe(around(pieces));
  }
});

test("up to six pieces the answer is the one that going through every cell of every box finds, and is told to be", () => {
  let proven = 0;
  for (let seed = 1; seed <= cases.length * 6; seed++) {
    const [pieces, side] = cases[seed % cases.length] ?? [1, 1];
    const items = cubes(seed, pieces, side);
    const packing = pack({ items, mode: box });
    expect(validate({ items, mode: box }, packing)).toEqual([]);
    const volume = volumeOf(packing);
    const least = leastByCells(items, volume);
    expect(packing.bound).toBeLessThanOrEqual(least);
    if (packing.gap === 0) {
      expect({ seed, volume }).toEqual({ seed, volume: least });
      proven++;
    } else expect(pieces).toBe(6);
  }
  // Of six different pieces, one in ten may need more than the usual effort.
  expect(proven).toBeGreaterThan(cases.length * 6 * 0.9);
});

test("up to five pieces of any sides the usual effort proves the answer; of six, most", () => {
  let six = 0;
  for (let seed = 1; seed <= 60; seed++) {
    const pieces = 1 + (seed % 6);
    const { gap } = pack({ items: goods(seed, pieces), mode: box });
    if (pieces === 6) six += gap === 0 ? 1 : 0;
    else expect({ seed, gap }).toEqual({ seed, gap: 0 });
  }
  expect(six).toBeGreaterThan(5);
});

test("pieces that may not stand on every side: the search of all orders agrees with the one of saw cuts, where that is all there is", () => {
  for (let seed = 1; seed <= 24; seed++) {
    const items = goods(seed, 1 + (seed % 3)).map((item, at): PackItem => ({
      ...item,
      upright: at % 2 === 0 ? ["height"] : ["length", "height"],
    }));
    const { kinds, pieces, proven } = exact(items);
    expect(proven).toBe(true);
    expect(around(halvedBox(kinds, Infinity, anywhere))).toBe(around(pieces));
  }
});

test("a search that was ended does not say that it proved anything, and finds nothing that is larger than it was asked for", () => {
  for (let seed = 1; seed <= 6; seed++) {
    const items = goods(seed, 5 + (seed % 2));
    const kinds = kindsOf({ items, mode: box }, []);
    const all = exactBox(kinds, { volume: Infinity, budget: unbounded, admits: anywhere });
    const least = around(all.pieces);
    expect(all.proven).toBe(true);
    expect(exactBox(kinds, { volume: least, budget: unbounded, admits: anywhere })).toEqual({ pieces: undefined, proven: true });
    expect(around(exactBox(kinds, { volume: least + 1, budget: unbounded, admits: anywhere }).pieces)).toBe(least);
    expect(exactBox(kinds, { volume: Infinity, budget: { take: () => false }, admits: anywhere }).proven).toBe(false);
  }
});

test("limits of the box are kept by the exact search", () => {
  const items = [{ id: "brick", length: 240, width: 115, height: 71, weight: 1, quantity: 4 }];
  const kinds = kindsOf({ items, mode: box }, [1]);
  const found = exactBox(kinds, { volume: Infinity, budget: unbounded, admits: (l, w, h) => Math.max(l, w, h) <= 300 });
  const longest = Math.max(
    ...(found.pieces ?? []).flatMap(({ x, y, z, length, width, height }) => [x + length, y + width, z + height]),
  );
  expect(found.proven).toBe(true);
  expect(longest).toBeLessThanOrEqual(300);
});
