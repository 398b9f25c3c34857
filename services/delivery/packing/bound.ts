/** Bounds: what no arrangement can beat. */
import type { Kinds } from "./kinds.ts";
import type { Reach } from "./reach.ts";
import type { Carton } from "./packing.ts";

/**
 * The greatest volume of goods a container can hold: not above its own volume, nor above the goods, nor above the cuboid that sums of sides
 * reach (a packing can be pushed into a corner until every coordinate is such a sum), nor above what its load allows of the lightest goods.
 */
export function containerBound(
  kinds: Kinds,
  room: { readonly length: number; readonly width: number; readonly height: number; readonly maxWeight: number },
  reach: Reach,
): number {
  let bound = room.length * room.width * room.height;
  if (reach.exact) bound = Math.min(bound, reach.level(room.length) * reach.level(room.width) * reach.upright(room.height));
  let volume = 0;
  let spare = room.maxWeight;
  const lightest = kinds.kinds.toSorted((a, b) => a.weight * b.volume - b.weight * a.volume);
  for (const { weight, volume: each, count } of lightest) {
    const some = weight === 0 ? count : Math.min(count, spare / weight);
    volume += some * each;
    if (weight > 0) spare -= some * weight;
  }
  return Math.min(bound, volume);
}

/**
 * The least volume of a box around all pieces: not below the goods, nor below the smallest box around any one or any two of them. More goods
 * never make it less.
 */
export function boxBound({ kinds, volume }: Kinds): number {
  let bound = volume;
  for (const [at, a] of kinds.entries()) {
    for (const b of kinds.slice(at)) {
      if (a === b && a.count < 2) continue;
      bound = Math.max(bound, pairVolume(a.stands, b.stands, bound));
    }
  }
  return bound;
}

type Stands = readonly (readonly [number, number, number])[];

/** The smallest box around two pieces: in every arrangement some axis parts them. Ends when it is not above `enough`. */
function pairVolume(first: Stands, second: Stands, enough: number): number {
  let least = Infinity;
  for (const [l, w, h] of first) {
    for (const [m, v, i] of second) {
      const x = Math.max(l, m);
      const y = Math.max(w, v);
      const z = Math.max(h, i);
      const volume = Math.min((l + m) * y * z, x * (w + v) * z, x * y * (h + i));
      if (volume < least) least = volume;
      if (least <= enough) return least;
    }
  }
  return least;
}

/** Into how many parts the largest carton is divided where cartons are counted. */
const cells = 200;

/** The least price of cartons whose volumes, and whose loads, hold the goods: any number of each, as if goods were liquid. */
export function cartonsBound(kinds: Kinds, cartons: readonly Carton[]): number {
  const { unit } = kinds;
  const volumes = cartons.map(({ length, width, height }) => (length / unit) * (width / unit) * (height / unit));
  const prices = cartons.map(({ price }) => price);
  const byVolume = coverPrice(kinds.volume, volumes, prices);
  const loads = cartons.map(({ maxWeight }) => maxWeight ?? Infinity);
  return loads.includes(Infinity) ? byVolume : Math.max(byVolume, coverPrice(kinds.weight, loads, prices));
}

/** The least price of sizes that add up to `size`: in cells, rounded so that it is never above the true one. */
function coverPrice(size: number, sizes: readonly number[], prices: readonly number[]): number {
  const cell = Math.max(...sizes) / cells;
  if (size === 0 || cell === 0) return Math.min(...prices);
  const held = sizes.map((each) => Math.ceil(each / cell));
  const end = Math.ceil(size / cell);
  const least = new Float64Array(end + 1).fill(Infinity);
  least[0] = 0;
  for (let at = 1; at <= end; at++) {
    for (const [index, cellsHeld] of held.entries()) {
      if (cellsHeld === 0) continue;
      const price = (least[Math.max(0, at - cellsHeld)] as number) + (prices[index] as number);
      if (price < (least[at] as number)) least[at] = price;
    }
  }
  return least[end] as number;
}
