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
