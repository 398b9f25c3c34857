/**
 * A tariff: what a way of delivery costs, as plain data that survives JSON. A version never changes; a new price is a new version.
 *
 * Units: money in whole minor units of the version's currency, lengths in 0.1 mm, weights in grams, shares in basis points (hundredths of a per
 * cent), times of day in minutes after midnight, weekdays 1 (Monday) to 7 as ISO 8601 has them, dates `2026-03-09`, instants RFC 3339 in UTC.
 * All numbers are safe integers of zero or more; `limits.ts` bounds them so that no sum leaves the safe range.
 */

/** From the dearest service to the plainest; what a service is, for who shows it. */
export const serviceKinds = ["courier", "express", "post", "servicePoint", "locker", "packet", "freight"] as const;
export type ServiceKind = (typeof serviceKinds)[number];

/** How the goods are sealed in their parcel: none, bubble wrap, filler. */
export const sealTypes = [1, 2, 3] as const;
export type SealType = (typeof sealTypes)[number];

/** A place by name, within a region and district where names repeat. Compared without regard to case and space. */
export interface Place {
  readonly name: string;
  readonly region?: string;
  readonly district?: string;
}

/** An address is in the zone of its longest postal prefix; else in that of its settlement or city; else in that of its region. */
export interface Zone {
  readonly id: string;
  readonly name: string;
  readonly prefixes: readonly string[];
  readonly settlements: readonly Place[];
  readonly regions: readonly string[];
}

/** What the goods are put into. Sides are inner ones; outside each is greater by twice the wall. */
export interface Container {
  readonly id: string;
  readonly kind: "carton" | "envelope";
  readonly name: string;
  readonly length: number;
  readonly width: number;
  readonly height: number;
  readonly wall: number;
  /** Its own weight. */
  readonly weight: number;
  /** Greatest weight of goods in it. */
  readonly maxWeight: number;
  readonly price: number;
}

/** Charged, and weighing, once a parcel. */
export interface Material {
  readonly price: number;
  readonly weight: number;
}

export interface Packaging {
  readonly containers: readonly Container[];
  /** A box made to measure, for parcels that name no container. */
  readonly custom: Material & { readonly wall: number };
  /** By type of seal; a type that is not listed is not offered, type 1 (none) is free where not listed. */
  readonly seals: readonly (Material & { readonly type: SealType })[];
  readonly sturdy: Material;
  /** Work: a parcel, and each piece of goods in it. */
  readonly labour: { readonly perParcel: number; readonly perItem: number };
  /** One a parcel. */
  readonly label: number;
}

/** Absent: no limit. Sides, girth and weight are those of one parcel as it is handed over. */
export interface Limits {
  readonly weightMax: number;
  /** Longest, middle and shortest side, each at most. */
  readonly sidesMax?: readonly [number, number, number];
  /** Longest side + 2 × (the two others). */
  readonly girthMax?: number;
  /** Length + width + height. */
  readonly sidesSumMax?: number;
  readonly declaredValueMax?: number;
  /** Zero: cash on delivery is not offered. */
  readonly cashOnDeliveryMax?: number;
  readonly parcelsMax?: number;
}

interface SurchargeBase {
  /** Unique within the service: `fuel`, `remote`. The line's code. */
  readonly code: string;
}

/** A share of the carriage, or of the carriage and the surcharges declared before it (cash on delivery and insurance left out). */
export interface FuelSurcharge extends SurchargeBase {
  readonly kind: "fuel";
  readonly basisPoints: number;
  readonly of: "carriage" | "before";
}

/** A price a parcel where the postal code begins with a prefix or the place is listed. */
export interface RemoteSurcharge extends SurchargeBase {
  readonly kind: "remote";
  readonly prefixes: readonly string[];
  readonly settlements: readonly Place[];
  readonly price: number;
}

/** A price for each parcel beyond any of these. */
export interface OversizeSurcharge extends SurchargeBase {
  readonly kind: "oversize";
  readonly sideOver?: number;
  readonly girthOver?: number;
  readonly weightOver?: number;
  readonly price: number;
}

/** A share of the cash to be collected, at least `min`, at most `max`. */
export interface CashOnDeliverySurcharge extends SurchargeBase {
  readonly kind: "cashOnDelivery";
  readonly basisPoints: number;
  readonly min: number;
  readonly max?: number;
}

/** A share of the declared value beyond what is insured free of charge. */
export interface InsuranceSurcharge extends SurchargeBase {
  readonly kind: "insurance";
  readonly basisPoints: number;
  readonly freeUpTo: number;
}

export type Surcharge = FuelSurcharge | RemoteSurcharge | OversizeSurcharge | CashOnDeliverySurcharge | InsuranceSurcharge;

export interface Transit {
  readonly zone: string;
  /** Days from the hand-over to the delivery. */
  readonly minDays: number;
  readonly maxDays: number;
}

/** A way of delivery. */
export interface Service {
  readonly id: string;
  /** Number on the wire: 3 is the post parcel, 4 the express post. */
  readonly typeId: number;
  readonly kind: ServiceKind;
  readonly name: string;
  readonly description: string;
  /** Cubic centimetres that count as a kilogram; absent: the volume does not count. */
  readonly dimensionFactor?: number;
  /** Chargeable weight is rounded up to a multiple of this. */
  readonly weightStep: number;
  readonly limits: Limits;
  /** Ids of the containers it takes; absent: all within its limits. */
  readonly containers?: readonly string[];
  /** Applied in this order. */
  readonly surcharges: readonly Surcharge[];
  readonly transit: readonly Transit[];
  /** Which days count on the way: the working days of the calendar or every day. */
  readonly transitDays: "working" | "calendar";
  /** Weekdays on which it delivers, never on a holiday. */
  readonly deliversOn: readonly number[];
  /** Times of day a buyer may choose from. */
  readonly windows?: readonly { readonly from: number; readonly to: number }[];
}

/** One cell of the price grid: a parcel with weightFrom < chargeable weight ≤ weightTo costs the price. */
export interface Bracket {
  readonly service: string;
  readonly zone: string;
  readonly weightFrom: number;
  readonly weightTo: number;
  readonly price: number;
}

export interface Calendar {
  /** IANA name of the house's time zone. */
  readonly timeZone: string;
  /** What is ordered at or after this minute counts for the next working day. */
  readonly cutOff: number;
  /** Working days from the order to the hand-over. */
  readonly leadDays: number;
  readonly workdays: readonly number[];
  readonly holidays: readonly string[];
}

export interface TariffVersion {
  readonly id: string;
  /** Counts up within the tariff. */
  readonly number: number;
  readonly name: string;
  readonly effectiveFrom: string;
  /** From here on it does not count any more; null: until a later one does. */
  readonly effectiveTo: string | null;
  readonly currency: string;
  readonly zones: readonly Zone[];
  readonly services: readonly Service[];
  readonly grid: readonly Bracket[];
  readonly packaging: Packaging;
  /** Of every line before it, but those whose code is exempt. */
  readonly tax: { readonly basisPoints: number; readonly exempt: readonly string[] };
  readonly calendar: Calendar;
}
