/**
 * The pieces of a request as the search sees them: equal pieces are one kind, whatever their ids, and lengths are divided by what divides
 * all of them. So neither the unit, nor the order of the lines, nor the order of an item's sides changes what is found.
 */
import { type PackItem, type PackRequest, PackingRefused, packingLimits, type Side } from "./packing.ts";

export interface Kind {
  /** Volume of one piece, in divided units. */
  readonly volume: number;
  readonly weight: number;
  readonly count: number;
  /** The ways it may stand: length, width, height; three numbers each. */
  readonly stands: readonly (readonly [number, number, number])[];
  readonly fragile: boolean;
  /** Grams it bears; 0 where nothing may rest on it, Infinity where nothing is said. */
  readonly bears: number;
  /** Whose pieces these are, in the order of the request. */
  readonly items: readonly { readonly id: string; readonly quantity: number }[];
}

export interface Kinds {
  readonly kinds: readonly Kind[];
  /** What the lengths of the request were divided by. */
  readonly unit: number;
  readonly pieces: number;
  readonly volume: number;
  readonly weight: number;
  /** Whether every base must rest on something. */
  readonly rests: boolean;
  /** The share of every base that must rest on something; where it is 0 and bases rest, any contact is enough. */
  readonly support: number;
  /** Whether some piece says what may rest on it. */
  readonly loaded: boolean;
  /** Whether every way to stand is open to every piece, and nothing has to rest: then no axis differs from another. */
  readonly free: boolean;
}

const every: readonly Side[] = ["length", "width", "height"];

/** The kinds of a request's items; `sides` are further lengths that the unit must divide. Refuses what the types cannot express. */
export function kindsOf(request: PackRequest, sides: readonly number[]): Kinds {
  const { items } = request;
  const limit = request.mode.kind === "container" ? packingLimits.containerItems : packingLimits.items;
  if (items.length === 0) throw new PackingRefused("no_items", "There is nothing to pack.");
  if (items.length > packingLimits.lines) {
    throw new PackingRefused("too_many_items", `${items.length} lines are more than ${packingLimits.lines}.`);
  }
  const ids = new Set<string>();
  let pieces = 0;
  for (const item of items) {
    checkItem(item);
    if (ids.has(item.id)) throw new PackingRefused("invalid_item", `Item ${item.id} is given twice.`, item.id);
    ids.add(item.id);
    pieces += item.quantity;
  }
  if (pieces > limit) throw new PackingRefused("too_many_items", `${pieces} pieces are more than ${limit}.`);
  const unit = [...items.flatMap((item) => [item.length, item.width, item.height]), ...sides].reduce(divisor, 0);
  const found = new Map<
    string,
    { kind: Omit<Kind, "count" | "items">; items: { id: string; quantity: number }[]; free: boolean }
  >();
  for (const item of items) {
    const kind = kindOf(item, unit);
    const key = JSON.stringify([kind.stands, kind.weight, kind.fragile, kind.bears === Infinity ? -1 : kind.bears]);
    const same = found.get(key);
    if (same === undefined) {
      const free = (item.upright ?? every).length === 3 || kind.stands.length === sideOrders(item);
      found.set(key, { kind, items: [{ id: item.id, quantity: item.quantity }], free });
    } else same.items.push({ id: item.id, quantity: item.quantity });
  }
  const ordered = [...found.entries()].toSorted(
    ([keyA, a], [keyB, b]) => b.kind.volume - a.kind.volume || (keyA < keyB ? -1 : keyA > keyB ? 1 : 0),
  );
  const kinds = ordered.map(([, { kind, items: of }]) => ({
    ...kind,
    items: of,
    count: of.reduce((sum, { quantity }) => sum + quantity, 0),
  }));
  const loaded = kinds.some(({ fragile, bears }) => fragile || bears !== Infinity);
  const support = request.support ?? (loaded ? 1 : 0);
  if (!(support >= 0 && support <= 1)) throw new PackingRefused("invalid_request", "support is a share from 0 to 1.");
  const rests = support > 0 || loaded;
  return {
    kinds,
    unit,
    pieces,
    volume: kinds.reduce((sum, { volume, count }) => sum + volume * count, 0),
    weight: kinds.reduce((sum, { weight, count }) => sum + weight * count, 0),
    rests,
    support,
    loaded,
    free: !rests && [...found.values()].every(({ free }) => free),
  };
}

/** Refuses a length that is no positive safe integer within the limit. */
export function isSide(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 1 && value <= packingLimits.side;
}

export function isWeight(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value <= packingLimits.weight;
}

function checkItem(item: PackItem): void {
  const refuse = (why: string): never => {
    throw new PackingRefused("invalid_item", `Item ${item.id}: ${why}.`, item.id);
  };
  for (const side of every) {
    if (!isSide(item[side])) refuse(`${side} is not a whole number from 1 to ${packingLimits.side}`);
  }
  if (!isWeight(item.weight)) refuse(`weight is not a whole number from 0 to ${packingLimits.weight}`);
  if (!Number.isSafeInteger(item.quantity) || item.quantity < 1) refuse("quantity is not a whole number from 1");
  if (item.maxLoad !== undefined && !isWeight(item.maxLoad)) {
    refuse(`maxLoad is not a whole number from 0 to ${packingLimits.weight}`);
  }
  if (item.upright !== undefined && (item.upright.length === 0 || item.upright.some((side) => !every.includes(side)))) {
    refuse("upright names none of its sides");
  }
}

function kindOf(item: PackItem, unit: number): Omit<Kind, "count" | "items"> {
  const side = { length: item.length / unit, width: item.width / unit, height: item.height / unit };
  const stands = new Map<string, readonly [number, number, number]>();
  for (const upright of item.upright ?? every) {
    const [a, b] = every.filter((name) => name !== upright);
    if (a === undefined || b === undefined) continue;
    for (const stand of [
      [side[a], side[b], side[upright]],
      [side[b], side[a], side[upright]],
    ] as const) {
      stands.set(stand.join(), stand);
    }
  }
  return {
    volume: side.length * side.width * side.height,
    weight: item.weight,
    stands: [...stands.values()].toSorted((p, q) => p[2] - q[2] || p[1] - q[1] || p[0] - q[0]),
    fragile: item.fragile === true,
    bears: item.noStack === true ? 0 : (item.maxLoad ?? Infinity),
  };
}

/** In how many different orders its sides can be named. */
function sideOrders({ length, width, height }: PackItem): number {
  const different = new Set([length, width, height]).size;
  return different === 3 ? 6 : different === 2 ? 3 : 1;
}

function divisor(a: number, b: number): number {
  while (b !== 0) [a, b] = [b, a % b];
  return a;
}
