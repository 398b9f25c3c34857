/** Whether goods are admitted by a way of delivery, and what keeps them out. */
import type { Parcel } from "../packing/index.ts";
import { rateParcelOf } from "../pricing/pack-parcels.ts";
import {
  excesses,
  type ExclusionReason,
  grossParcel,
  type PackerTask,
  packerTask,
  type Service,
  takes,
  type TariffVersion,
} from "../tariffs/index.ts";

interface Measured {
  readonly length: number;
  readonly width: number;
  readonly height: number;
  readonly weight: number;
}

/** A limit that is exceeded: in grams or tenths of a millimetre. */
interface Exceeded {
  readonly reason: ExclusionReason;
  readonly limit: number;
  readonly actual: number;
}

/**
 * Nothing where at least one way of delivery admits the parcel; else what is exceeded of the way that comes closest: the one whose worst excess, as a
 * share of its limit, is the least.
 */
const exceededOf = (version: TariffVersion, { length, width, height, weight }: Measured): Exceeded | undefined => {
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

/** The least that is around goods. */
const wrapping = { seal: 1, sturdy: false } as const;

const sidesOf = ({ limits: { sidesMax } }: Service): number => (sidesMax ?? []).reduce((product, side) => product * side, 1);

/** Whether a way of delivery takes the parcels, with what is around the goods in them. */
const isTaken = (version: TariffVersion, service: Service, parcels: readonly Parcel[]): boolean =>
  takes(version, service, { ...wrapping, parcels: parcels.map(rateParcelOf) });

/**
 * The parcels that some way of delivery takes, packed as a quote packs them, the roomiest way first; undefined where none does. `box` is the smallest box
 * around all: the answer where it is taken.
 */
export const admittedOf = async (
  version: TariffVersion,
  box: Parcel,
  pack: (task: PackerTask) => Promise<readonly Parcel[] | undefined>,
): Promise<readonly Parcel[] | undefined> => {
  if (version.services.some((service) => isTaken(version, service, [box]))) return [box];
  for (const service of version.services.toSorted((one, other) => sidesOf(other) - sidesOf(one))) {
    const parcels = await pack(packerTask(version.packaging, service, wrapping));
    if (parcels !== undefined && isTaken(version, service, parcels)) return parcels;
  }
  return undefined;
};

/** What is exceeded by a box that no way of delivery takes: as it is, or else with its packaging. */
export const exceededBy = (version: TariffVersion, box: Parcel): Exceeded => {
  const packed = grossParcel(version.packaging, rateParcelOf(box), wrapping);
  const exceeded = exceededOf(version, box) ?? exceededOf(version, { ...packed, weight: packed.grossWeight });
  if (exceeded === undefined) throw new Error("a box that nothing takes exceeds nothing");
  return exceeded;
};
