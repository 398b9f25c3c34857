/**
 * The cheapest cartons that hold all pieces. At every parcel it is tried whether one carton takes all that is left; then the carton that packs
 * most for its price is filled and the rest goes on. Every carton is tried as the first, because the best one by itself may leave a bad rest.
 */
import { fillOf, Names, type Piece, parcelOf, piecesOf, sunk } from "./answer.ts";
import { descending, inverse, turned, turnedRoom } from "./axes.ts";
import { Beam } from "./beam.ts";
import { type Blocks, blocksOf, type Room3 } from "./blocks.ts";
import { cartonsBound } from "./bound.ts";
import type { Effort, EffortOf } from "./budget.ts";
import { isSide, isWeight, type Kinds, kindsOf } from "./kinds.ts";
import { reachOf } from "./reach.ts";
import { groundOf } from "./room.ts";
import { type Carton, type Packing, PackingRefused, packingLimits, type PackMode, type PackRequest } from "./packing.ts";

const parcelsMax = 50;
const usualEffort = 3000;
/** Arrangements for one carton and one rest. */
const triesEach = { one: 200, some: 20 } as const;

interface Offer {
  readonly carton: Carton;
  /** Its sides in divided units, in the order of the search. */
  readonly room: Room3;
  readonly volume: number;
  readonly maxWeight: number;
}

interface Filled {
  readonly offer: Offer;
  readonly pieces: readonly Piece[];
  readonly volume: number;
  readonly remain: Int32Array;
  readonly left: number;
}

interface Plan {
  readonly price: number;
  readonly parcels: readonly Filled[];
}

export function packCartons(request: PackRequest, mode: PackMode & { kind: "cartons" }, effortOf: EffortOf): Packing {
  const most = mode.maxParcels ?? parcelsMax;
  checkCartons(mode.cartons, most);
  const kinds = kindsOf(
    request,
    mode.cartons.flatMap(({ length, width, height }) => [length, width, height]),
  );
  const search = new CartonSearch(kinds, mode.cartons, effortOf(usualEffort));
  search.run(most);
  const { best } = search;
  if (best === undefined) {
    throw new PackingRefused(
      "does_not_fit",
      `No way was found to pack the goods into ${most === 1 ? "one carton" : `${most} cartons`}.`,
    );
  }
  const names = new Names(kinds);
  const parcels = best.parcels.map(({ offer: { carton }, pieces }) => {
    const { id, length, width, height } = carton;
    return parcelOf(kinds, names, pieces, { carton: id, length, width, height });
  });
  const bound = cartonsBound(kinds, mode.cartons);
  return {
    parcels,
    left: [],
    fill: fillOf(parcels),
    bound,
    gap: best.price <= bound ? 0 : bound === 0 ? 1 : (best.price - bound) / bound,
  };
}

function checkCartons(cartons: readonly Carton[], most: number): void {
  if (cartons.length === 0 || cartons.length > packingLimits.cartons) {
    throw new PackingRefused("invalid_request", `Between 1 and ${packingLimits.cartons} cartons are offered.`);
  }
  if (!Number.isSafeInteger(most) || most < 1)
    throw new PackingRefused("invalid_request", "maxParcels is not a whole number from 1.");
  const ids = new Set<string>();
  for (const { id, length, width, height, weight, maxWeight, price } of cartons) {
    const valid = [length, width, height].every(isSide) && isWeight(weight) && (maxWeight === undefined || isWeight(maxWeight));
    if (!valid || !Number.isSafeInteger(price) || price < 0 || ids.has(id)) {
      throw new PackingRefused("invalid_carton", `Carton ${id} has no right sides, weights or price, or is given twice.`, id);
    }
    ids.add(id);
  }
}

class CartonSearch {
  best: Plan | undefined;
  readonly #kinds: Kinds;
  readonly #effort: Effort;
  readonly #offers: readonly Offer[];
  readonly #blocks: Blocks;
  readonly #beam: Beam;
  readonly #known = new Map<string, Filled>();

  constructor(kinds: Kinds, cartons: readonly Carton[], effort: Effort) {
    this.#kinds = kinds;
    this.#effort = effort;
    this.#offers = cartons
      .map((carton) => {
        const { unit } = kinds;
        const given = { length: carton.length / unit, width: carton.width / unit, height: carton.height / unit };
        const room = turnedRoom(given, descending(kinds, given));
        return { carton, room, volume: given.length * given.width * given.height, maxWeight: carton.maxWeight ?? Infinity };
      })
      .toSorted((a, b) => a.carton.price - b.carton.price || a.volume - b.volume || (a.carton.id < b.carton.id ? -1 : 1));
    const widest = (side: keyof Room3) => Math.max(...this.#offers.map(({ room }) => room[side]));
    const room = { length: widest("length"), width: widest("width"), height: widest("height") };
    this.#blocks = blocksOf(kinds, room, { blocks: 800, filled: 0.98 });
    const reach = reachOf(kinds, Math.max(room.length, room.width, room.height));
    this.#beam = new Beam(groundOf(kinds, this.#blocks, reach));
  }

  run(most: number): void {
    const { kinds } = this.#kinds;
    for (const { stands, weight, items } of kinds) {
      const fits = this.#offers.some(
        ({ room, maxWeight }) =>
          weight <= maxWeight && stands.some(([l, w, h]) => l <= room.length && w <= room.width && h <= room.height),
      );
      if (!fits) throw new PackingRefused("does_not_fit", `No carton holds item ${items[0]?.id}.`, items[0]?.id);
    }
    const { volume, weight } = this.#kinds;
    const roomiest = Math.max(...this.#offers.map((offer) => offer.volume));
    const strongest = Math.max(...this.#offers.map(({ maxWeight }) => maxWeight));
    if (volume > most * roomiest || weight > most * strongest) return;
    const all = Int32Array.from(kinds, ({ count }) => count);
    this.#finish({ price: 0, parcels: [] }, all, most);
    if (most === 1) return;
    for (const first of this.#byWorth(all)) {
      if (!this.#worthGoingOn(first.offer.carton.price)) continue;
      this.#goOn({ price: first.offer.carton.price, parcels: [first] }, most);
    }
  }

  /** Fills the carton that packs most for its price, again and again. */
  #goOn(plan: Plan, most: number): void {
    let now = plan;
    for (;;) {
      const last = now.parcels.at(-1);
      if (last === undefined || now.parcels.length > most) return;
      if (last.left === 0) {
        if (this.best === undefined || now.price < this.best.price) this.best = now;
        return;
      }
      if (now.parcels.length === most || !this.#worthGoingOn(now.price)) return;
      this.#finish(now, last.remain, most);
      const [next] = this.#byWorth(last.remain);
      if (next === undefined) return;
      now = { price: now.price + next.offer.carton.price, parcels: [...now.parcels, next] };
    }
  }

  #worthGoingOn(price: number): boolean {
    return this.best === undefined || price < this.best.price;
  }

  /** The cheapest carton that takes all that is left, if it makes a better plan. */
  #finish(plan: Plan, remain: Int32Array, most: number): void {
    if (plan.parcels.length >= most) return;
    let volume = 0;
    let weight = 0;
    for (const [kind, of] of this.#kinds.kinds.entries()) {
      volume += of.volume * (remain[kind] ?? 0);
      weight += of.weight * (remain[kind] ?? 0);
    }
    for (const offer of this.#offers) {
      const price = plan.price + offer.carton.price;
      if (!this.#worthGoingOn(price)) return;
      if (offer.volume < volume || offer.maxWeight < weight) continue;
      const filled = this.#fill(offer, remain, triesEach.one);
      if (filled.left > 0) continue;
      this.best = { price, parcels: [...plan.parcels, filled] };
      return;
    }
  }

  /** Every carton filled from what is left, most volume for its price first. */
  #byWorth(remain: Int32Array): Filled[] {
    return this.#offers
      .map((offer) => this.#fill(offer, remain, triesEach.some))
      .filter(({ volume }) => volume > 0)
      .toSorted((a, b) => b.volume * a.offer.carton.price - a.volume * b.offer.carton.price || b.volume - a.volume);
  }

  #fill(offer: Offer, remain: Int32Array, tries: number): Filled {
    const key = `${offer.carton.id} ${tries} ${remain.join()}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const beam = this.#beam;
    // One arrangement is always tried, so that there is an answer when the effort is used up.
    beam.greedy(offer.room, remain, offer.maxWeight);
    if (beam.best.left > 0) beam.improve(offer.room, remain, offer.maxWeight, this.#effort.part(tries));
    const { unit } = this.#kinds;
    const { carton } = offer;
    const order = descending(this.#kinds, {
      length: carton.length / unit,
      width: carton.width / unit,
      height: carton.height / unit,
    });
    const found = turned(piecesOf(beam.best, this.#blocks), inverse(order));
    const filled = {
      offer,
      pieces: this.#kinds.rests ? found : sunk(found),
      volume: beam.best.volume,
      remain: Int32Array.from(beam.best.remain),
      left: beam.best.left,
    };
    this.#known.set(key, filled);
    return filled;
  }
}
