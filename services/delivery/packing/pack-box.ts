/** One box, made to measure: as small as possible around all pieces. */
import { fillOf, Names, parcelOf } from "./answer.ts";
import { descending, turned, turnedRoom } from "./axes.ts";
import { boxBound } from "./bound.ts";
import { admits, type Box, type BoxLimits, BoxSearch, boxAround } from "./box.ts";
import type { EffortOf } from "./budget.ts";
import { exactBox, exactPieces } from "./exact.ts";
import { halvedBox, halvesLimits, partsOf } from "./halves.ts";
import { isSide, isWeight, type Kinds, kindsOf } from "./kinds.ts";
import { type Packing, PackingRefused, packingLimits, type PackMode, type PackRequest } from "./packing.ts";

/** Boxes put together from halves are looked for up to this multiple of the goods. */
const wastedMost = 2;

export function packBox(request: PackRequest, mode: PackMode & { kind: "box" }, effortOf: EffortOf): Packing {
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
  const bound = boxBound(kinds);
  const { best, proven } = smallest(kinds, limits, effortOf, bound);
  if (best === undefined) throw new PackingRefused("does_not_fit", "No box within the limits was found that holds all.");
  const order = descending(kinds, best);
  const { length, width, height } = turnedRoom(best, order);
  const { unit } = kinds;
  const outside = { length: length * unit, width: width * unit, height: height * unit };
  const parcels = [parcelOf(kinds, new Names(kinds), turned(best.pieces, order), outside)];
  return {
    parcels,
    left: [],
    fill: fillOf(parcels),
    bound: bound * unit ** 3,
    gap: proven ? 0 : Math.max(0, (length * width * height - bound) / bound),
  };
}

/**
 * A few milliseconds of arrangements; none beside boxes that are put together from halves, where they add next to nothing. Otherwise many small
 * steps pay, and an arrangement of many pieces takes long.
 */
function usualEffort(kinds: Kinds, halved: Box | undefined): number {
  if (kinds.pieces <= exactPieces) return 20;
  if (halved !== undefined) return 0;
  return kinds.pieces <= 20 ? 100 : 60;
}

/** The smallest box found, and whether none is smaller. */
function smallest(
  kinds: Kinds,
  limits: BoxLimits,
  effortOf: EffortOf,
  bound: number,
): { best: Box | undefined; proven: boolean } {
  const within = (length: number, width: number, height: number) => admits(limits, { length, width, height });
  const halves = !kinds.rests && partsOf(kinds) <= halvesLimits.parts;
  const halved = halves ? halvedBox(kinds, kinds.volume * wastedMost, within) : undefined;
  const first = halved === undefined ? undefined : boxAround(kinds, halved);
  if (first !== undefined && volumeOf(first) <= bound) return { best: first, proven: true };
  const effort = effortOf(usualEffort(kinds, first));
  // From a good box on, the exact search is short.
  const exact =
    !kinds.rests && kinds.pieces <= exactPieces
      ? exactBox(kinds, {
          volume: first === undefined ? Infinity : volumeOf(first),
          budget: effort,
          admits: within,
        })
      : { pieces: undefined, proven: false };
  const start = exact.pieces === undefined ? first : boxAround(kinds, exact.pieces);
  if (exact.proven) return { best: start, proven: true };
  if (start !== undefined && effort.left === 0) return { best: start, proven: false };
  const search = new BoxSearch(kinds, limits, effort, start);
  search.run();
  return { best: search.best, proven: false };
}

function volumeOf({ length, width, height }: Box): number {
  return length * width * height;
}
