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

/** One box made to measure. What exceeds a limit is told by the tariff, not here. */
const inBox = async (items: readonly PackItem[], signal: AbortSignal): Promise<readonly Parcel[]> =>
  (await packOffLoop({ items, mode: { kind: "box" } }, { signal })).parcels;

/** Nothing but "does not fit" is an answer; a queue that is full is for the caller to hear. */
const unlessUnfit = async (packing: Promise<readonly Parcel[]>): Promise<readonly Parcel[] | undefined> => {
  try {
    return await packing;
  } catch (error) {
    if (error instanceof PackingRefused && error.code === "does_not_fit") return undefined;
    throw error;
  }
};

/** The parcels that goods make for a service, in its cartons or in a box made to measure; undefined where nothing holds them. */
export const packedFor = async (
  items: readonly PackItem[],
  task: PackerTask,
  signal: AbortSignal,
): Promise<readonly Parcel[] | undefined> => {
  const held = task.containers.length === 0 ? undefined : await unlessUnfit(inContainers(items, task, signal));
  return held ?? unlessUnfit(inBox(items, signal));
};

const packTask = async (items: readonly PackItem[], task: PackerTask, signal: AbortSignal): Promise<Packed> => {
  const parcels = await packedFor(items, task, signal);
  return (
    parcels?.map(({ carton, length, width, height, weight, placements }): RateParcel => ({
      ...(carton === undefined ? {} : { container: carton }),
      length,
      width,
      height,
      weight,
      items: placements.length,
    })) ?? notPacked
  );
};

/** A packer that has packed for all tasks already. */
export const packerFor = async (
  ctx: Pick<QueryContext, "signal">,
  goods: readonly Pieces[],
  tasks: readonly PackerTask[],
): Promise<Packer> => {
  const items = itemsOf(goods);
  const packed = new Map<string, Packed>();
  for (const task of tasks) packed.set(task.key, await packTask(items, task, ctx.signal));
  return ({ key }) => packed.get(key) ?? notPacked;
};
