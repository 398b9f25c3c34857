/** Whether a parcel is admitted by a way of delivery, and what keeps it out. */
import { excesses } from "../tariffs/parcels.ts";
import type { ExclusionReason, TariffVersion } from "../tariffs/index.ts";

export interface Measured {
  readonly length: number;
  readonly width: number;
  readonly height: number;
  readonly weight: number;
}

/** A limit that is exceeded: in grams or tenths of a millimetre. */
export interface Exceeded {
  readonly reason: ExclusionReason;
  readonly limit: number;
  readonly actual: number;
}

/**
 * Nothing where at least one way of delivery admits the parcel; else what is exceeded of the way that comes closest: the one whose worst excess, as a
 * share of its limit, is the least.
 */
export const exceededOf = (version: TariffVersion, { length, width, height, weight }: Measured): Exceeded | undefined => {
  let closest: { readonly share: number; readonly exceeded: Exceeded } | undefined;
  for (const { limits } of version.services) {
    const worst = excesses({ length, width, height, grossWeight: weight }, limits)
      .flatMap(({ reason, limit, actual }) => (limit === null || actual === null ? [] : [{ reason, limit, actual }]))
      .map((exceeded) => ({ share: exceeded.actual / Math.max(1, exceeded.limit), exceeded }))
      .toSorted((one, other) => other.share - one.share)[0];
    if (worst === undefined) return undefined;
    if (closest === undefined || worst.share < closest.share) closest = worst;
  }
  return closest?.exceeded;
};

/** Rooms that are tried at most. */
const roomsMax = 4;

/** Sides that ways of delivery take which carry the weight: longest, middle, shortest; each once, the roomiest first. */
export const roomsFor = (version: TariffVersion, weight: number): readonly (readonly [number, number, number])[] => {
  const rooms = version.services.flatMap(({ limits: { sidesMax, weightMax } }) =>
    sidesMax === undefined || (weightMax !== undefined && weight > weightMax) ? [] : [sidesMax],
  );
  return [...new Map(rooms.map((sides) => [sides.join(), sides])).values()]
    .toSorted((one, other) => other[0] * other[1] * other[2] - one[0] * one[1] * one[2])
    .slice(0, roomsMax);
};
