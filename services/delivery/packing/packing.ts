/**
 * What is asked of the packing engine and what it answers.
 *
 * Lengths are in 0.1 mm and weights in grams: safe integers, so that no sum or comparison depends on rounding. The same request gives the
 * same answer on every machine. x runs along the length, y along the width, z upwards; the corner 0, 0, 0 is at the bottom.
 */

/** What may be asked for at most; more is refused. Sides to 20 m keep every volume below 2^53. */
export const packingLimits = {
  /** Pieces of a box and of cartons. */
  items: 200,
  /** Pieces offered to one container: those of a sea container are several hundred. */
  containerItems: 500,
  lines: 200,
  side: 200_000,
  weight: 1_000_000_000,
  cartons: 200,
  effort: 100_000,
} as const;

export type Side = "length" | "width" | "height";

export interface PackItem {
  readonly id: string;
  readonly length: number;
  readonly width: number;
  readonly height: number;
  /** Grams of one piece; 0 is allowed. */
  readonly weight: number;
  readonly quantity: number;
  /** Which of its sides may stand upright; absent: each of them. */
  readonly upright?: readonly Side[];
  /** Nothing heavier than itself may rest on it. */
  readonly fragile?: boolean;
  /** Nothing may rest on it. */
  readonly noStack?: boolean;
  /** Grams it bears on top; what rests on several pieces burdens each by its share of the area of contact. */
  readonly maxLoad?: number;
}

export interface Carton {
  readonly id: string;
  /** Inner sides. */
  readonly length: number;
  readonly width: number;
  readonly height: number;
  /** Grams of the empty carton. */
  readonly weight: number;
  /** Grams of goods it holds at most. */
  readonly maxWeight?: number;
  /** Minor units; what the choice of cartons keeps low. */
  readonly price: number;
}

export type PackMode =
  /** The smallest box around all of it. The sides of the box are sorted: the largest one within `maxLength`, and so on; absent: 20 m. */
  | {
      readonly kind: "box";
      readonly maxLength?: number;
      readonly maxWidth?: number;
      readonly maxHeight?: number;
      readonly maxWeight?: number;
    }
  /** The cheapest cartons that hold all of it: one, or as many as `maxParcels` (absent: 50) allows. */
  | { readonly kind: "cartons"; readonly cartons: readonly Carton[]; readonly maxParcels?: number }
  /** As much volume of it as possible in one container; what finds no place is in `left`. */
  | {
      readonly kind: "container";
      readonly length: number;
      readonly width: number;
      readonly height: number;
      readonly maxWeight?: number;
    };

export interface PackRequest {
  readonly items: readonly PackItem[];
  readonly mode: PackMode;
  /**
   * The share of every base that must rest on the floor or on goods, 0 to 1. Absent: 0, or 1 where an item is fragile, bears a limited load
   * or must not be stacked on. With such items nothing floats, also at 0: a load needs something to rest on.
   */
  readonly support?: number;
  /** How many arrangements are tried at most; absent: a number suited to the mode. Never more than `packingLimits.effort`. */
  readonly effort?: number;
}

/** One piece in its place. `index` counts the pieces of an item from 0; `step` counts the pieces of a parcel from 1, in the order of packing. */
export interface Placement {
  readonly item: string;
  readonly index: number;
  readonly x: number;
  readonly y: number;
  readonly z: number;
  /** The sides as it stands, along x, y and z. */
  readonly length: number;
  readonly width: number;
  readonly height: number;
  readonly step: number;
}

export interface Parcel {
  /** The id of the carton, where cartons were offered. */
  readonly carton?: string;
  readonly length: number;
  readonly width: number;
  readonly height: number;
  /** Grams of the goods in it, without the carton. */
  readonly weight: number;
  readonly placements: readonly Placement[];
  /** Volume of the goods by volume of the parcel, 0 to 1. */
  readonly fill: number;
}

export interface Packing {
  readonly parcels: readonly Parcel[];
  /** Pieces that found no place; only a container leaves any. */
  readonly left: readonly { readonly item: string; readonly quantity: number }[];
  /** Volume of the packed goods by volume of the parcels, 0 to 1. */
  readonly fill: number;
  /**
   * What no arrangement can beat, in what the mode optimises: box: the least volume of a box (cubic 0.1 mm); cartons: the least price (minor
   * units); container: the greatest volume of goods it can hold (cubic 0.1 mm).
   */
  readonly bound: number;
  /** How far the answer may be from the best, as a share of the bound; 0: proven best, by the bound or because all others were looked at. */
  readonly gap: number;
}

export type PackingRefusal =
  "no_items" | "too_many_items" | "invalid_item" | "invalid_carton" | "invalid_request" | "does_not_fit" | "busy" | "cancelled";

/** A request that is not served. `item` names the item or carton that is the reason, where one is. */
export class PackingRefused extends Error {
  override readonly name = "PackingRefused";
  readonly code: PackingRefusal;
  readonly item: string | undefined;
  constructor(code: PackingRefusal, message: string, item?: string) {
    super(message);
    this.code = code;
    this.item = item;
  }
}

export type ViolationKind = "bounds" | "overlap" | "orientation" | "support" | "load" | "weight" | "count" | "figures";

/** A rule that a packing breaks; `parcel` is its position in the answer, -1 for the answer as a whole. */
export interface Violation {
  readonly kind: ViolationKind;
  readonly parcel: number;
  readonly item: string;
  readonly index: number;
  readonly detail: string;
}

/** Asked between two arrangements; an AbortSignal is one. */
export interface Stop {
  readonly aborted: boolean;
}

/**
 * `deadline`: milliseconds of `clock` (absent: `performance.now()`) at which the best so far is the answer; then the answer depends on the
 * machine.
 */
export interface PackOptions {
  readonly signal?: Stop;
  readonly deadline?: number;
  readonly clock?: () => number;
}

/** What `pack`, `packOffLoop`, `validate` and `picture` are. */
export type Pack = (request: PackRequest, options?: PackOptions) => Packing;
export type PackOffLoop = (request: PackRequest, options?: { readonly signal?: AbortSignal }) => Promise<Packing>;
export type Validate = (request: PackRequest, packing: Packing) => readonly Violation[];
