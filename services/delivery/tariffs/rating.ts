/** What is asked of a tariff and what it answers: offers of services, itemized, and the reasons why others are not offered. */
import type { Container, SealType } from "./tariff.ts";

/** Null and absent say the same. */
export interface Address {
  /** Postal code. */
  readonly index?: string | null | undefined;
  readonly region?: string | null | undefined;
  readonly district?: string | null | undefined;
  readonly city?: string | null | undefined;
  readonly settlement?: string | null | undefined;
}

/** Goods packed together. In a container: its sides count, and the parcel's own are ignored. */
export interface RateParcel {
  readonly container?: string;
  readonly length: number;
  readonly width: number;
  readonly height: number;
  /** Of the goods. */
  readonly weight: number;
  /** Pieces of goods in it. */
  readonly items: number;
}

export const exclusionReasons = [
  "zone_unknown",
  "zone_not_served",
  "weight",
  "longest_side",
  "middle_side",
  "shortest_side",
  "girth",
  "sides_sum",
  "declared_value",
  "cash_on_delivery",
  "parcels",
  "chargeable_weight",
  "seal",
  "container",
  "packing",
  "service_point_weight",
  "service_point_longest_side",
  "service_point_middle_side",
  "service_point_shortest_side",
  "service_point_kind",
  "calendar",
] as const;
export type ExclusionReason = (typeof exclusionReasons)[number];

/** Why a service is not offered. Limit and actual value are of one unit; null where there is no number to tell. */
export interface Exclusion {
  readonly service: string;
  readonly typeId: number;
  readonly reason: ExclusionReason;
  readonly limit: number | null;
  readonly actual: number | null;
  readonly unit: "g" | "0.1 mm" | "minor" | "parcels" | null;
  /** Which parcel, from 0; of several that exceed it, the one that does so most. */
  readonly parcel?: number;
}

/**
 * What a packer is told: the containers that the service takes, with the greatest weight of goods that each may hold there, and the greatest weight
 * of goods in a box made to measure. What is around the goods is subtracted already.
 */
export interface PackerTask {
  /** The same for services that ask for the same. */
  readonly key: string;
  readonly containers: readonly Container[];
  readonly weightMax: number;
  /** Inner sides of a box made to measure, longest first. */
  readonly sidesMax?: readonly [number, number, number];
  readonly parcelsMax?: number;
}

/** The parcels; or why there are none. Called once for each key. */
export type Packer = (task: PackerTask) => readonly RateParcel[] | Pick<Exclusion, "reason" | "limit" | "actual" | "unit">;

/** The point the buyer chose: what it takes, by kind. */
export interface ServicePointLimits {
  readonly kind: "servicePoint" | "locker";
  readonly weightMax?: number;
  readonly sidesMax?: readonly [number, number, number];
}

export interface RateRequest {
  readonly address: Address;
  /** The same parcels for every service, or who packs them for each. */
  readonly parcels: readonly RateParcel[] | Packer;
  readonly declaredValue: number;
  /** To be collected on delivery; absent or zero: nothing. */
  readonly cashOnDelivery?: number;
  readonly seal: SealType;
  readonly sturdy: boolean;
  /** When the order is placed. */
  readonly at: string;
  readonly servicePoint?: ServicePointLimits;
}

export type LineGroup = "packaging" | "carriage" | "surcharge" | "insurance" | "tax";

/** Fixed prices: amount = quantity × price. Shares: quantity 1, price = amount = basisPoints of `base`, rounded half up, within bounds. */
export interface Line {
  /** `container`, `seal`, `carriage`, the code of a surcharge, `tax`. */
  readonly code: string;
  readonly group: LineGroup;
  /** Key of a message: `delivery.line.carriage`. `subject` names what it is about: the container, the seal. */
  readonly description: string;
  readonly subject?: string;
  readonly quantity: number;
  readonly price: number;
  readonly amount: number;
  readonly base?: number;
  readonly basisPoints?: number;
}

/** Days from the order's local date; the dates themselves. */
export interface Period {
  readonly min: number;
  readonly max: number;
  /** When the parcels are handed over. */
  readonly handOver: string;
  readonly earliest: string;
  readonly latest: string;
}

/** A parcel as it is handed over. */
export interface RatedParcel {
  readonly container?: string;
  /** Outer sides. */
  readonly length: number;
  readonly width: number;
  readonly height: number;
  readonly grossWeight: number;
  readonly chargeableWeight: number;
  readonly price: number;
}

/** An offer: the sum of the lines is the total. */
export interface Rate {
  readonly service: string;
  readonly typeId: number;
  readonly zone: string;
  readonly currency: string;
  readonly lines: readonly Line[];
  readonly total: number;
  readonly period: Period;
  readonly parcels: readonly RatedParcel[];
  readonly grossWeight: number;
  readonly chargeableWeight: number;
}

export interface Rating {
  /** Cheapest first; of one price, by type id. */
  readonly rates: readonly Rate[];
  /** Every limit that is exceeded, once for each service, by type id. */
  readonly excluded: readonly Exclusion[];
}
