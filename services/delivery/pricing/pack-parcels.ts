/** Packs goods for the services of a tariff, off the event loop. */
import type { QueryContext } from "pons";
import { type PackItem, PackingRefused, packingLimits, packOffLoop, type Parcel } from "../packing/index.ts";
import type { Packer, PackerTask, RateParcel } from "../tariffs/index.ts";

export interface Pieces {
  readonly sku: string;
  readonly length: number;
  readonly width: number;
  readonly height: number;
  readonly weight: number;
  readonly quantity: number;
  readonly isFragile?: boolean | null;
  readonly isUpright?: boolean | null;
}

/** Pieces that are packed at most. */
export const piecesMax = packingLimits.items;

export const piecesOf = (goods: readonly { readonly quantity: number }[]): number =>
  goods.reduce((sum, { quantity }) => sum + quantity, 0);

/** Goods as the packing engine takes them: a line is an item, named by its place. */
export const itemsOf = (goods: readonly Omit<Pieces, "sku">[]): readonly PackItem[] =>
  goods.map(({ length, width, height, weight, quantity, isFragile, isUpright }, index) => ({
    id: String(index + 1),
    length,
    width,
    height,
    weight,
    quantity,
    ...(isFragile === true ? { fragile: true } : {}),
    ...(isUpright === true ? { upright: ["height"] as const } : {}),
  }));

type Packed = ReturnType<Packer>;
type Sides = NonNullable<PackerTask["sidesMax"]>;

const notPacked: Packed = { reason: "packing", limit: null, actual: null, unit: null };

const inContainers = async (items: readonly PackItem[], task: PackerTask, signal: AbortSignal): Promise<readonly Parcel[]> => {
  const cartons = task.containers.map(({ id, length, width, height, weight, maxWeight, price }) => ({
    id,
    length,
    width,
    height,
    weight,
    maxWeight,
    price,
  }));
  const maxParcels = task.parcelsMax === undefined ? {} : { maxParcels: Math.min(task.parcelsMax, 50) };
  return (await packOffLoop({ items, mode: { kind: "cartons", cartons, ...maxParcels } }, { signal })).parcels;
};

/** Nothing but "does not fit" is an answer; a queue that is full is for the caller to hear. */
const unlessUnfit = async (packing: Promise<readonly Parcel[]>): Promise<readonly Parcel[] | undefined> => {
  try {
    return await packing;
  } catch (error) {
    if (error instanceof PackingRefused && error.code === "does_not_fit") return undefined;
    throw error;
  }
};

/** One box made to measure, within sides if they are given: longest, middle, shortest. */
const inBox = async (items: readonly PackItem[], signal: AbortSignal, sides?: Sides): Promise<readonly Parcel[] | undefined> => {
  const limits = sides === undefined ? {} : { maxLength: sides[0], maxWidth: sides[1], maxHeight: sides[2] };
  return unlessUnfit(packOffLoop({ items, mode: { kind: "box", ...limits } }, { signal }).then(({ parcels }) => parcels));
};

/** Sides that are worth a try besides those of the smallest box, which they do not admit; undefined where the goods could not be within them. */
const otherSides = (parcels: readonly Parcel[], { weightMax, sidesMax }: PackerTask): Sides | undefined => {
  if (sidesMax === undefined || sidesMax.some((side) => side < 1)) return undefined;
  const couldBe = parcels.every(({ length, width, height, weight, placements }) => {
    const sides = [length, width, height].toSorted((one, other) => other - one);
    const volume = placements.reduce((sum, piece) => sum + piece.length * piece.width * piece.height, 0);
    const isAdmitted = sides.every((side, at) => side <= (sidesMax[at] ?? 0));
    return !isAdmitted && weight <= weightMax && volume <= sidesMax[0] * sidesMax[1] * sidesMax[2];
  });
  return couldBe ? sidesMax : undefined;
};

/**
 * Packs goods for one way of delivery after another: into its cartons, or else a box made to measure. That is the smallest one; where the way does not
 * take its sides, the smallest one that it takes. Where there is none either, the tariff tells what of the smallest box exceeds a limit. Undefined
 * where nothing holds the goods. `known`: the smallest box, where it was packed before.
 */
export const parcelPacker = (
  items: readonly PackItem[],
  signal: AbortSignal,
  known?: readonly Parcel[],
): ((task: PackerTask) => Promise<readonly Parcel[] | undefined>) => {
  let smallest = known === undefined ? undefined : Promise.resolve<readonly Parcel[] | undefined>(known);
  return async (task) => {
    const held = task.containers.length === 0 ? undefined : await unlessUnfit(inContainers(items, task, signal));
    if (held !== undefined) return held;
    smallest ??= inBox(items, signal);
    const box = await smallest;
    const sides = box === undefined ? undefined : otherSides(box, task);
    return sides === undefined ? box : ((await inBox(items, signal, sides)) ?? box);
  };
};

/** A parcel as the tariff takes it. */
export const rateParcelOf = ({ carton, length, width, height, weight, placements }: Parcel): RateParcel => ({
  ...(carton === undefined ? {} : { container: carton }),
  length,
  width,
  height,
  weight,
  items: placements.length,
});

/** A packer that has packed for all tasks already. */
export const packerFor = async (
  ctx: Pick<QueryContext, "signal">,
  goods: readonly Pieces[],
  tasks: readonly PackerTask[],
): Promise<Packer> => {
  const pack = parcelPacker(itemsOf(goods), ctx.signal);
  const packed = new Map<string, Packed>();
  for (const task of tasks) packed.set(task.key, (await pack(task))?.map(rateParcelOf) ?? notPacked);
  return ({ key }) => packed.get(key) ?? notPacked;
};
