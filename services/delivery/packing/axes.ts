/** Which axis is which: the search sees rooms with their sides in descending order, so that a turned room is packed the same. */
import type { Piece } from "./answer.ts";
import type { Room3 } from "./blocks.ts";
import type { Kinds } from "./kinds.ts";

/** Axis k of the turned room is axis `order[k]` of the room before. */
export type AxisOrder = readonly [number, number, number];

/** The order that sorts the sides descending: all of them where no axis differs from another, else the two level ones. */
export function descending(kinds: Kinds, room: Room3): AxisOrder {
  const sides = sidesOf(room);
  const order = (kinds.free ? [0, 1, 2] : [0, 1]).toSorted((a, b) => (sides[b] ?? 0) - (sides[a] ?? 0));
  return [order[0] ?? 0, order[1] ?? 1, order[2] ?? 2];
}

export function inverse(order: AxisOrder): AxisOrder {
  return [order.indexOf(0), order.indexOf(1), order.indexOf(2)];
}

export function turnedRoom(room: Room3, order: AxisOrder): Room3 {
  const sides = sidesOf(room);
  const [length = 0, width = 0, height = 0] = order.map((axis) => sides[axis] ?? 0);
  return { length, width, height };
}

export function turned(pieces: readonly Piece[], order: AxisOrder): Piece[] {
  return pieces.map((piece) => {
    const at = [piece.x, piece.y, piece.z];
    const [x = 0, y = 0, z = 0] = order.map((axis) => at[axis] ?? 0);
    return { kind: piece.kind, x, y, z, ...turnedRoom(piece, order) };
  });
}

function sidesOf({ length, width, height }: Room3): readonly number[] {
  return [length, width, height];
}
