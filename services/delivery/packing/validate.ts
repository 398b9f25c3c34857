/**
 * The independent check of an answer: it shares nothing with the search and reads only the request and the packing. It names every rule that
 * is broken: inside the parcel, no two pieces in one place, an allowed way to stand, support, load, weights, every piece once, right figures.
 */
import {
  type PackItem,
  type Packing,
  type PackRequest,
  type Parcel,
  type Placement,
  type Side,
  type Violation,
  type ViolationKind,
} from "./packing.ts";

/** Shares are fractions of integers: what two ways of computing them may differ by. */
const slack = 1e-9;

export function validate(request: PackRequest, packing: Packing): readonly Violation[] {
  const violations: Violation[] = [];
  const items = new Map(request.items.map((item) => [item.id, item]));
  const limited = request.items.some(
    ({ fragile, noStack, maxLoad }) => fragile === true || noStack === true || maxLoad !== undefined,
  );
  const support = request.support ?? (limited ? 1 : 0);
  for (const [at, parcel] of packing.parcels.entries()) {
    const broken = (kind: ViolationKind, detail: string, of?: Placement) =>
      violations.push({ kind, parcel: at, item: of?.item ?? "", index: of?.index ?? 0, detail });
    checkPlaces(parcel, broken);
    checkStands(parcel, items, broken);
    checkRest(parcel, items, { support, limited }, broken);
    checkFigures(parcel, items, broken);
    checkOutside(request, parcel, broken);
  }
  checkWhole(request, packing, (kind, item, index, detail) => violations.push({ kind, parcel: -1, item, index, detail }));
  return violations;
}

type Broken = (kind: ViolationKind, detail: string, of?: Placement) => void;

function checkPlaces({ placements, ...parcel }: Parcel, broken: Broken): void {
  for (const [at, a] of placements.entries()) {
    const numbers = [a.x, a.y, a.z, a.length, a.width, a.height];
    if (!numbers.every(Number.isSafeInteger) || a.x < 0 || a.y < 0 || a.z < 0 || a.length < 1 || a.width < 1 || a.height < 1) {
      broken("bounds", "is not at whole lengths inside the parcel", a);
    }
    if (a.x + a.length > parcel.length || a.y + a.width > parcel.width || a.z + a.height > parcel.height) {
      broken("bounds", "reaches out of the parcel", a);
    }
    for (const b of placements.slice(at + 1)) {
      const apart =
        a.x + a.length <= b.x ||
        b.x + b.length <= a.x ||
        a.y + a.width <= b.y ||
        b.y + b.width <= a.y ||
        a.z + a.height <= b.z ||
        b.z + b.height <= a.z;
      if (!apart) broken("overlap", `is where ${b.item} ${b.index} is`, a);
    }
  }
}

function checkStands({ placements }: Parcel, items: ReadonlyMap<string, PackItem>, broken: Broken): void {
  for (const placement of placements) {
    const item = items.get(placement.item);
    if (item === undefined) continue;
    const upright: readonly Side[] = item.upright ?? ["length", "width", "height"];
    const stands = upright.some((side) => {
      const others = (["length", "width", "height"] as const).filter((name) => name !== side).map((name) => item[name]);
      const [a = 0, b = 0] = others;
      if (placement.height !== item[side]) return false;
      return (placement.length === a && placement.width === b) || (placement.length === b && placement.width === a);
    });
    if (!stands) broken("orientation", `stands as ${placement.length} × ${placement.width} × ${placement.height}`, placement);
  }
}

/** What each piece rests on, and what it bears. */
function checkRest(
  { placements }: Parcel,
  items: ReadonlyMap<string, PackItem>,
  { support, limited }: { readonly support: number; readonly limited: boolean },
  broken: Broken,
): void {
  if (support === 0 && !limited) return;
  const burden = new Map<Placement, number>();
  // From the top down: when a piece is looked at, all that lies on it has been.
  for (const piece of placements.toSorted((a, b) => b.z - a.z)) {
    const area = piece.length * piece.width;
    const under = placements
      .filter((other) => other !== piece && other.z + other.height === piece.z)
      .map((other) => ({ other, contact: contactOf(piece, other) }))
      .filter(({ contact }) => contact > 0);
    const contact = piece.z === 0 ? area : under.reduce((sum, one) => sum + one.contact, 0);
    if (contact < support * area * (1 - slack) || contact === 0) {
      broken("support", `rests with ${((100 * contact) / area).toFixed(1)} % of its base`, piece);
    }
    const item = items.get(piece.item);
    const borne = burden.get(piece) ?? 0;
    const most = item?.noStack === true ? 0 : (item?.maxLoad ?? Infinity);
    if (borne > most * (1 + 10 * slack)) broken("load", `bears ${Math.ceil(borne)} g`, piece);
    if (piece.z === 0) continue;
    const grams = (item?.weight ?? 0) + borne;
    for (const { other, contact: shared } of under) {
      burden.set(other, (burden.get(other) ?? 0) + grams * (shared / contact));
      const below = items.get(other.item);
      if (below?.noStack === true) broken("load", `${piece.item} ${piece.index} stands on it`, other);
      if (below?.fragile === true && (item?.weight ?? 0) > below.weight) {
        broken("load", `the heavier ${piece.item} ${piece.index} stands on it`, other);
      }
    }
  }
}

function contactOf(a: Placement, b: Placement): number {
  const across = Math.min(a.x + a.length, b.x + b.length) - Math.max(a.x, b.x);
  const along = Math.min(a.y + a.width, b.y + b.width) - Math.max(a.y, b.y);
  return across > 0 && along > 0 ? across * along : 0;
}

function checkFigures(parcel: Parcel, items: ReadonlyMap<string, PackItem>, broken: Broken): void {
  const weight = parcel.placements.reduce((sum, { item }) => sum + (items.get(item)?.weight ?? 0), 0);
  if (weight !== parcel.weight) broken("figures", `weighs ${weight} g, not ${parcel.weight} g`);
  const fill = volumeOf(parcel.placements) / (parcel.length * parcel.width * parcel.height);
  if (!(Math.abs(fill - parcel.fill) <= slack)) broken("figures", `is filled to ${fill}, not ${parcel.fill}`);
  const steps = new Set(parcel.placements.map(({ step }) => step));
  const last = parcel.placements.length;
  if (steps.size !== last || parcel.placements.some(({ step }) => !(step >= 1 && step <= last))) {
    broken("figures", `has no step from 1 to ${last} for every piece`);
  }
  for (const piece of parcel.placements) {
    const early = parcel.placements.find(
      (other) => other.step < piece.step && other.z >= piece.z + piece.height && contactOf(piece, other) > 0,
    );
    if (early !== undefined) broken("figures", `is packed after ${early.item} ${early.index}, which lies above it`, piece);
  }
}

function volumeOf(placements: readonly Placement[]): number {
  return placements.reduce((sum, { length, width, height }) => sum + length * width * height, 0);
}

function checkOutside({ mode }: PackRequest, parcel: Parcel, broken: Broken): void {
  const sides = [parcel.length, parcel.width, parcel.height];
  if (mode.kind === "container") {
    if (parcel.length !== mode.length || parcel.width !== mode.width || parcel.height !== mode.height) {
      broken("bounds", "is not the container");
    }
    if (parcel.weight > (mode.maxWeight ?? Infinity)) broken("weight", `weighs ${parcel.weight} g`);
  } else if (mode.kind === "box") {
    const [a = 0, b = 0, c = 0] = sides.toSorted((p, q) => q - p);
    const most = [mode.maxLength, mode.maxWidth, mode.maxHeight].map((side) => side ?? Infinity).toSorted((p, q) => q - p);
    if (a > (most[0] ?? 0) || b > (most[1] ?? 0) || c > (most[2] ?? 0)) broken("bounds", "is larger than a box may be");
    if (parcel.weight > (mode.maxWeight ?? Infinity)) broken("weight", `weighs ${parcel.weight} g`);
  } else {
    const carton = mode.cartons.find(({ id }) => id === parcel.carton);
    if (carton === undefined) broken("bounds", "is none of the cartons");
    else {
      const own = [carton.length, carton.width, carton.height];
      if (own.some((side, axis) => side !== sides[axis])) broken("bounds", `is not as large as carton ${carton.id}`);
      if (parcel.weight > (carton.maxWeight ?? Infinity)) broken("weight", `weighs ${parcel.weight} g`);
    }
  }
}

function checkWhole(
  { items, mode }: PackRequest,
  { parcels, left, fill, bound, gap }: Packing,
  broken: (kind: ViolationKind, item: string, index: number, detail: string) => void,
): void {
  const seen = new Map<string, Set<number>>();
  for (const { item, index } of parcels.flatMap(({ placements }) => placements)) {
    const indices = seen.get(item) ?? new Set();
    if (indices.has(index)) broken("count", item, index, "is packed twice");
    indices.add(index);
    seen.set(item, indices);
  }
  const known = new Set(items.map(({ id }) => id));
  for (const id of [...seen.keys(), ...left.map(({ item }) => item)])
    if (!known.has(id)) broken("count", id, 0, "was not asked for");
  for (const { id, quantity } of items) {
    const indices = seen.get(id) ?? new Set();
    for (const index of indices)
      if (!(Number.isInteger(index) && index >= 0 && index < quantity)) broken("count", id, index, "does not exist");
    const over = left.filter(({ item }) => item === id).reduce((sum, one) => sum + one.quantity, 0);
    if (indices.size + over !== quantity) broken("count", id, 0, `${indices.size} packed and ${over} left of ${quantity}`);
  }
  if (mode.kind !== "container" && left.length > 0) broken("count", left[0]?.item ?? "", 0, "is left, though all must be packed");
  const most = mode.kind === "cartons" ? (mode.maxParcels ?? 50) : 1;
  if (parcels.length > most) broken("count", "", 0, `${parcels.length} parcels are more than ${most}`);
  const outer = parcels.reduce((sum, parcel) => sum + parcel.length * parcel.width * parcel.height, 0);
  const goods = parcels.reduce((sum, { placements }) => sum + volumeOf(placements), 0);
  if (!(Math.abs((outer === 0 ? 0 : goods / outer) - fill) <= slack))
    broken("figures", "", 0, `the fill is ${goods / outer}, not ${fill}`);
  if (!(gap >= 0) || !(bound >= 0)) broken("figures", "", 0, "bound and gap are not from 0");
}
