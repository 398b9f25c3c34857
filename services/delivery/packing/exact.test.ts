import { expect, test } from "bun:test";
import { exactBox } from "./exact.ts";
import { halvedBox } from "./halves.ts";
import { kindsOf } from "./kinds.ts";
import { pack } from "./pack.ts";
import type { Piece } from "./answer.ts";
import { goods } from "./test-goods.ts";
import type { PackItem } from "./packing.ts";

const box = { kind: "box" } as const;
const anywhere = () => true;

function around(pieces: readonly Piece[] | undefined): number {
  const end = (at: "x" | "y" | "z", side: "length" | "width" | "height") =>
    Math.max(...(pieces ?? []).map((piece) => piece[at] + piece[side]));
  return pieces === undefined ? Infinity : end("x", "length") * end("y", "width") * end("z", "height");
}

const exact = (items: readonly PackItem[], nodes: number) => {
  const kinds = kindsOf({ items, mode: box }, [1]);
  return { kinds, ...exactBox(kinds, { volume: Infinity, nodes, admits: anywhere }) };
};

test("up to three pieces every packing has a saw cut: two searches that share nothing agree", () => {
  for (let seed = 1; seed <= 25; seed++) {
    const { kinds, pieces, proven } = exact(goods(seed, 1 + (seed % 3)), 1e6);
    expect(proven).toBe(true);
    expect(around(halvedBox(kinds, Infinity, anywhere))).toBe(around(pieces));
  }
});

test("up to four pieces the answer is within a tenth of the exact one, never below it, and told to be exact where it is", () => {
  for (let seed = 1; seed <= 12; seed++) {
    const items = goods(seed, 2 + (seed % 3));
    const { pieces, proven } = exact(items, 3e6);
    expect(proven).toBe(true);
    const least = around(pieces);
    const packing = pack({ items, mode: box });
    const [parcel] = packing.parcels;
    const volume = (parcel?.length ?? 0) * (parcel?.width ?? 0) * (parcel?.height ?? 0);
    expect(volume).toBeGreaterThanOrEqual(least);
    expect(volume / least).toBeLessThan(1.1);
    if (packing.gap === 0) expect(volume).toBe(least);
    expect(packing.bound).toBeLessThanOrEqual(least);
  }
});

test("of five and six pieces the exact search finds nothing smaller than it was asked for, and says when it did not end", () => {
  for (let seed = 1; seed <= 6; seed++) {
    const items = goods(seed, 5 + (seed % 2));
    const packing = pack({ items, mode: box, effort: 200 });
    const [parcel] = packing.parcels;
    const volume = (parcel?.length ?? 0) * (parcel?.width ?? 0) * (parcel?.height ?? 0);
    const kinds = kindsOf({ items, mode: box }, [1]);
    const within = exactBox(kinds, { volume, nodes: 30_000, admits: anywhere });
    expect(around(within.pieces) < volume || within.pieces === undefined).toBe(true);
    const short = exactBox(kinds, { volume: Infinity, nodes: 10, admits: anywhere });
    expect(short.proven).toBe(false);
  }
});

test("limits of the box are kept by the exact search", () => {
  const items = [{ id: "brick", length: 240, width: 115, height: 71, weight: 1, quantity: 4 }];
  const kinds = kindsOf({ items, mode: box }, [1]);
  const found = exactBox(kinds, { volume: Infinity, nodes: 1e6, admits: (l, w, h) => Math.max(l, w, h) <= 300 });
  const longest = Math.max(
    ...(found.pieces ?? []).flatMap(({ x, y, z, length, width, height }) => [x + length, y + width, z + height]),
  );
  expect(longest).toBeLessThanOrEqual(300);
});
