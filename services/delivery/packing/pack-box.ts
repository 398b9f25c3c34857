/** One box, made to measure: as small as possible around all pieces. */
import { fillOf, Names, parcelOf } from "./answer.ts";
import { descending, turned, turnedRoom } from "./axes.ts";
import { boxBound } from "./bound.ts";
import { type BoxLimits, BoxSearch } from "./box.ts";
import type { Effort } from "./budget.ts";
import { isSide, isWeight, kindsOf } from "./kinds.ts";
import { type Packing, PackingRefused, packingLimits, type PackMode, type PackRequest } from "./types.ts";

export function packBox(request: PackRequest, mode: PackMode & { kind: "box" }, effort: Effort): Packing {
  const given = [mode.maxLength, mode.maxWidth, mode.maxHeight].map((side) => side ?? packingLimits.side);
  if (!given.every(isSide) || (mode.maxWeight !== undefined && !isWeight(mode.maxWeight))) {
    throw new PackingRefused("invalid_request", "The box's limits are no lengths or no weight.");
  }
  const kinds = kindsOf(request, []);
  if (kinds.weight > (mode.maxWeight ?? Infinity)) {
    throw new PackingRefused("does_not_fit", `The goods weigh ${kinds.weight} g, more than ${mode.maxWeight} g.`);
  }
  const [a = 0, b = 0, c = 0] = given.map((side) => Math.floor(side / kinds.unit)).toSorted((p, q) => q - p);
  const limits: BoxLimits = [a, b, c];
  for (const { stands, items } of kinds.kinds) {
    const sides = (stands[0] ?? []).toSorted((p, q) => q - p);
    if (sides.some((side, axis) => side > (limits[axis] ?? 0))) {
      throw new PackingRefused("does_not_fit", `Item ${items[0]?.id} is larger than a box may be.`, items[0]?.id);
    }
  }
  const search = new BoxSearch(kinds, limits, effort);
  search.run();
  const { best } = search;
  if (best === undefined) throw new PackingRefused("does_not_fit", "No box within the limits was found that holds all.");
  const order = descending(kinds, best);
  const { length, width, height } = turnedRoom(best, order);
  const { unit } = kinds;
  const outside = { length: length * unit, width: width * unit, height: height * unit };
  const parcels = [parcelOf(kinds, new Names(kinds), turned(best.pieces, order), outside)];
  const bound = boxBound(kinds);
  return {
    parcels,
    left: [],
    fill: fillOf(parcels),
    bound: bound * unit ** 3,
    gap: Math.max(0, (length * width * height - bound) / bound),
  };
}
