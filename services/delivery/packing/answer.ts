/** From what the search placed to the answer: blocks become pieces, pieces get their names, their places in the given unit and their order. */
import type { Blocks, Made } from "./blocks.ts";
import type { Kinds } from "./kinds.ts";
import type { Room } from "./room.ts";
import type { Parcel, Placement } from "./packing.ts";

/** A piece in its place, in divided units. */
export interface Piece {
  readonly kind: number;
  readonly x: number;
  readonly y: number;
  readonly z: number;
  readonly length: number;
  readonly width: number;
  readonly height: number;
}

export function piecesOf(room: Room, blocks: Blocks): Piece[] {
  const pieces: Piece[] = [];
  for (let at = 0; at < room.placedCount * 4; at += 4) {
    const [block = 0, x = 0, y = 0, z = 0] = room.placed.subarray(at, at + 4);
    const made = blocks.made[block];
    if (made !== undefined) unfold(made, x, y, z, pieces);
  }
  return pieces;
}

function unfold(made: Made, x: number, y: number, z: number, into: Piece[]): void {
  if ("first" in made) {
    unfold(made.first, x, y, z, into);
    unfold(made.second, x + made.offset[0], y + made.offset[1], z + made.offset[2], into);
    return;
  }
  const { kind, along } = made;
  const [length, width, height] = made.stand;
  for (let k = 0; k < along[2]; k++) {
    for (let j = 0; j < along[1]; j++) {
      for (let i = 0; i < along[0]; i++)
        into.push({ kind, x: x + i * length, y: y + j * width, z: z + k * height, length, width, height });
    }
  }
}

/** Lets every piece sink until it rests on another or on the floor: a search without a rule of support also packs from the top. */
export function sunk(pieces: readonly Piece[]): Piece[] {
  const resting: Piece[] = [];
  for (const piece of pieces.toSorted((a, b) => a.z - b.z || a.y - b.y || a.x - b.x)) {
    let z = 0;
    for (const other of resting) {
      const top = other.z + other.height;
      const above = piece.x < other.x + other.length && other.x < piece.x + piece.length;
      if (top > z && above && piece.y < other.y + other.width && other.y < piece.y + piece.width) z = top;
    }
    resting.push({ ...piece, z });
  }
  return resting;
}

/** Hands out the pieces of every kind, item by item in the order of the request: over all parcels of an answer. */
export class Names {
  readonly #queues: { id: string; next: number; end: number }[][];
  readonly #given = new Map<string, number>();
  constructor(kinds: Kinds) {
    this.#queues = kinds.kinds.map(({ items }) => items.map(({ id, quantity }) => ({ id, next: 0, end: quantity })));
  }
  take(kind: number): { item: string; index: number } {
    const queue = this.#queues[kind] ?? [];
    const item = queue.find(({ next, end }) => next < end);
    if (item === undefined) throw new Error(`more pieces of kind ${kind} were placed than there are`);
    const index = item.next++;
    this.#given.set(item.id, item.next);
    return { item: item.id, index };
  }
  /** What was not handed out. */
  rest(items: readonly { readonly id: string; readonly quantity: number }[]): { item: string; quantity: number }[] {
    return items
      .map(({ id, quantity }) => ({ item: id, quantity: quantity - (this.#given.get(id) ?? 0) }))
      .filter(({ quantity }) => quantity > 0);
  }
}

/** The parcel around pieces; its sides are in the given unit, the pieces in divided ones. */
export function parcelOf(
  kinds: Kinds,
  names: Names,
  pieces: readonly Piece[],
  outside: { readonly carton?: string; readonly length: number; readonly width: number; readonly height: number },
): Parcel {
  const { unit } = kinds;
  // Whatever lies under a piece begins lower, so this is an order in which it can be packed from above.
  const ordered = pieces.toSorted((a, b) => a.z - b.z || a.y - b.y || a.x - b.x);
  const placements = ordered.map(({ kind, x, y, z, length, width, height }, at): Placement => ({
    ...names.take(kind),
    x: x * unit,
    y: y * unit,
    z: z * unit,
    length: length * unit,
    width: width * unit,
    height: height * unit,
    step: at + 1,
  }));
  const goods = placements.reduce((sum, { length, width, height }) => sum + length * width * height, 0);
  return {
    ...outside,
    weight: pieces.reduce((sum, { kind }) => sum + (kinds.kinds[kind]?.weight ?? 0), 0),
    placements,
    fill: goods / (outside.length * outside.width * outside.height),
  };
}

/** Volume of the goods by volume of the parcels. */
export function fillOf(parcels: readonly Parcel[]): number {
  const outer = parcels.reduce((sum, { length, width, height }) => sum + length * width * height, 0);
  const goods = parcels.reduce(
    (sum, { placements }) => placements.reduce((part, { length, width, height }) => part + length * width * height, sum),
    0,
  );
  return outer === 0 ? 0 : goods / outer;
}
