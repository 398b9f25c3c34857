/** One container, filled with as much volume as possible. */
import { fillOf, Names, parcelOf, piecesOf, sunk } from "./answer.ts";
import { descending, inverse, turned, turnedRoom } from "./axes.ts";
import { Beam } from "./beam.ts";
import { blocksOf } from "./blocks.ts";
import { containerBound } from "./bound.ts";
import type { EffortOf } from "./budget.ts";
import { isSide, isWeight, kindsOf } from "./kinds.ts";
import { reachOf } from "./reach.ts";
import { groundOf } from "./room.ts";
import { type Packing, PackingRefused, type PackMode, type PackRequest } from "./packing.ts";

/** More blocks make each arrangement slower than they make it better. */
const blockLimits = { blocks: 2000, filled: 0.98 };

/** About a second of arrangements. */
const usualEffort = 3000;

export function packContainer(request: PackRequest, mode: PackMode & { kind: "container" }, effortOf: EffortOf): Packing {
  for (const side of [mode.length, mode.width, mode.height]) {
    if (!isSide(side)) throw new PackingRefused("invalid_request", "The container's sides are no lengths.");
  }
  if (mode.maxWeight !== undefined && !isWeight(mode.maxWeight)) {
    throw new PackingRefused("invalid_request", "The container's maxWeight is no weight.");
  }
  const kinds = kindsOf(request, [mode.length, mode.width, mode.height]);
  const { unit } = kinds;
  const given = { length: mode.length / unit, width: mode.width / unit, height: mode.height / unit };
  const order = descending(kinds, given);
  const room = turnedRoom(given, order);
  const maxWeight = mode.maxWeight ?? Infinity;
  const reach = reachOf(kinds, Math.max(room.length, room.width, room.height));
  const blocks = blocksOf(kinds, room, blockLimits);
  const beam = new Beam(groundOf(kinds, blocks, reach));
  const bound = containerBound(kinds, { ...room, maxWeight }, reach);
  beam.fill(
    room,
    Int32Array.from(kinds.kinds, ({ count }) => count),
    maxWeight,
    effortOf(usualEffort),
  );
  const found = turned(piecesOf(beam.best, blocks), inverse(order));
  const names = new Names(kinds);
  const outside = { length: mode.length, width: mode.width, height: mode.height };
  const parcel = parcelOf(kinds, names, kinds.rests ? found : sunk(found), outside);
  const parcels = parcel.placements.length === 0 ? [] : [parcel];
  return {
    parcels,
    left: names.rest(request.items),
    fill: fillOf(parcels),
    bound: bound * unit ** 3,
    gap: bound === 0 ? 0 : Math.max(0, (bound - beam.best.volume) / bound),
  };
}
