/** Orders of 1 to 50 pieces, drawn with a seed. */
import type { PackItem } from "../../services/delivery/packing/index.ts";

/**
 * `shop`: a shop of 40 goods with sides of 30 to 300 mm in steps of 10 mm; an order has 1, 2, 3 … lines, each more with a chance of 3 in 4, and
 * each line 1, 2, 3 … pieces, each more with a chance of 3 in 5; no more than 50 pieces. `varied`: 1 to 50 pieces, all equally likely, no two
 * alike, sides of 10 to 309 mm in steps of 1 mm: harder than what is ordered anywhere.
 */
export const draws = ["shop", "varied"] as const;
export type Draw = (typeof draws)[number];

const piecesMax = 50;

export function ordersOf(draw: Draw, count: number): PackItem[][] {
  const below = randomBelow(draw === "shop" ? 1 : 2);
  const goods = Array.from({ length: 40 }, () => sidesFrom(() => 300 + 100 * below(28)));
  return Array.from({ length: count }, () => (draw === "shop" ? shopOrder(below, goods) : variedOrder(below)));
}

type Sides = Pick<PackItem, "length" | "width" | "height">;

const sidesFrom = (side: () => number): Sides => ({ length: side(), width: side(), height: side() });

function shopOrder(below: (end: number) => number, goods: readonly Sides[]): PackItem[] {
  const items: PackItem[] = [];
  let pieces = 0;
  do {
    let quantity = 1;
    while (below(5) < 3) quantity++;
    quantity = Math.min(quantity, piecesMax - pieces);
    const sides = goods[below(goods.length)];
    if (sides !== undefined) items.push({ id: `line ${items.length}`, ...sides, weight: 500, quantity });
    pieces += quantity;
  } while (pieces < piecesMax && below(4) < 3);
  return items;
}

function variedOrder(below: (end: number) => number): PackItem[] {
  const pieces = 1 + below(piecesMax);
  return Array.from({ length: pieces }, (_, line) => ({
    id: `line ${line}`,
    ...sidesFrom(() => 100 + 10 * below(300)),
    weight: 500,
    quantity: 1,
  }));
}

/** A linear congruential generator modulo 2^31, of which the upper bits are used. */
function randomBelow(seed: number): (end: number) => number {
  let state = seed;
  return (end) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (state >>> 8) % end;
  };
}
