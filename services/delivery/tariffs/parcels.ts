/** What surrounds the goods: outer sides, gross weight, chargeable weight; and which containers a service takes. */
import { ceilDivide } from "./whole-numbers.ts";
import type { Exclusion, ExclusionReason, PackerTask, RateParcel, ServicePointLimits } from "./rating.ts";
import type { Container, Limits, Packaging, SealType, Service } from "./tariff.ts";

/** A parcel as it is handed over. */
export interface GrossParcel {
  readonly container: Container | undefined;
  readonly length: number;
  readonly width: number;
  readonly height: number;
  readonly goodsWeight: number;
  readonly grossWeight: number;
  readonly items: number;
}

export interface Wrapping {
  readonly seal: SealType;
  readonly sturdy: boolean;
}

/** Longest first. */
const sorted = (parcel: Pick<GrossParcel, "length" | "width" | "height">): readonly [number, number, number] => {
  const [a = 0, b = 0, c = 0] = [parcel.length, parcel.width, parcel.height].toSorted((left, right) => right - left);
  return [a, b, c];
};

export const girthOf = (parcel: Pick<GrossParcel, "length" | "width" | "height">): number => {
  const [longest, middle, shortest] = sorted(parcel);
  return longest + 2 * (middle + shortest);
};

export const longestOf = (parcel: Pick<GrossParcel, "length" | "width" | "height">): number => sorted(parcel)[0];

/** What is around the goods beside the container. */
const wrappingWeight = (packaging: Packaging, { seal, sturdy }: Wrapping): number =>
  (packaging.seals.find(({ type }) => type === seal)?.weight ?? 0) + (sturdy ? packaging.sturdy.weight : 0);

/** Throws `RangeError` for a container that the tariff does not have. */
export const grossParcel = (packaging: Packaging, parcel: RateParcel, wrapping: Wrapping): GrossParcel => {
  const container = packaging.containers.find(({ id }) => id === parcel.container);
  if (parcel.container !== undefined && container === undefined)
    throw new RangeError(`the tariff has no container "${parcel.container}"`);
  const { length, width, height } = container ?? parcel;
  const around = container ?? packaging.custom;
  return {
    container,
    length: length + 2 * around.wall,
    width: width + 2 * around.wall,
    height: height + 2 * around.wall,
    goodsWeight: parcel.weight,
    grossWeight: parcel.weight + around.weight + wrappingWeight(packaging, wrapping),
    items: parcel.items,
  };
};

/** max(gross, volume / dimension factor), rounded up to the step. Grams. */
export const chargeableWeight = (parcel: GrossParcel, { dimensionFactor, weightStep }: Service): number => {
  const steps = ceilDivide(parcel.grossWeight, weightStep);
  if (dimensionFactor === undefined) return steps * weightStep;
  const volume = parcel.length * parcel.width * parcel.height;
  // 10^6 cubes of 0.1 mm are a cubic centimetre, 1000 g a kilogram.
  return Math.max(steps, ceilDivide(volume, dimensionFactor * 1000 * weightStep)) * weightStep;
};

export type Excess = Pick<Exclusion, "reason" | "limit" | "actual" | "unit">;

const over = (reason: ExclusionReason, limit: number | undefined, actual: number, unit: Exclusion["unit"]): Excess[] =>
  limit === undefined || actual <= limit ? [] : [{ reason, limit, actual, unit }];

/** Every limit that a parcel exceeds. */
export const excesses = (parcel: Pick<GrossParcel, "length" | "width" | "height" | "grossWeight">, limits: Limits): Excess[] => {
  const [longest, middle, shortest] = sorted(parcel);
  const [longestMax, middleMax, shortestMax] = limits.sidesMax ?? [];
  return [
    ...over("weight", limits.weightMax, parcel.grossWeight, "g"),
    ...over("longest_side", longestMax, longest, "0.1 mm"),
    ...over("middle_side", middleMax, middle, "0.1 mm"),
    ...over("shortest_side", shortestMax, shortest, "0.1 mm"),
    ...over("girth", limits.girthMax, girthOf(parcel), "0.1 mm"),
    ...over("sides_sum", limits.sidesSumMax, longest + middle + shortest, "0.1 mm"),
  ];
};

/** Every limit of the chosen point that a parcel exceeds. */
export const pointExcesses = (
  parcel: Pick<GrossParcel, "length" | "width" | "height" | "grossWeight">,
  { weightMax, sidesMax }: Omit<ServicePointLimits, "kind">,
): Excess[] => {
  const [longest, middle, shortest] = sorted(parcel);
  const [longestMax, middleMax, shortestMax] = sidesMax ?? [];
  return [
    ...over("service_point_weight", weightMax, parcel.grossWeight, "g"),
    ...over("service_point_longest_side", longestMax, longest, "0.1 mm"),
    ...over("service_point_middle_side", middleMax, middle, "0.1 mm"),
    ...over("service_point_shortest_side", shortestMax, shortest, "0.1 mm"),
  ];
};

/** Whether the service goes to a point that the buyer chooses. */
export const goesToPoint = ({ kind }: Service): boolean => kind === "servicePoint" || kind === "locker";

/** Greatest weight of the goods in a parcel of a service, by what is around them. */
const goodsWeightMax = (
  { limits }: Service,
  { weight }: { readonly weight: number },
  wrapping: number,
  point: Omit<ServicePointLimits, "kind"> | undefined,
): number => Math.max(0, Math.min(limits.weightMax, point?.weightMax ?? limits.weightMax) - weight - wrapping);

/** What a packer is to do for a service, on the way to the chosen point if it goes to one. */
export const packerTask = (
  packaging: Packaging,
  service: Service,
  wrapping: Wrapping & { readonly servicePoint?: ServicePointLimits },
): PackerTask => {
  const around = wrappingWeight(packaging, wrapping);
  const point = goesToPoint(service) ? wrapping.servicePoint : undefined;
  const containers: Container[] = [];
  for (const container of packaging.containers) {
    if (service.containers !== undefined && !service.containers.includes(container.id)) continue;
    const empty = grossParcel(packaging, { ...container, container: container.id, weight: 0, items: 0 }, wrapping);
    if (excesses(empty, service.limits).length > 0) continue;
    if (point !== undefined && pointExcesses(empty, point).length > 0) continue;
    const maxWeight = Math.min(container.maxWeight, goodsWeightMax(service, container, around, point));
    if (maxWeight > 0) containers.push({ ...container, maxWeight });
  }
  const { parcelsMax } = service.limits;
  const sidesMax = innerSidesMax(packaging, service, point);
  const task = {
    containers,
    weightMax: goodsWeightMax(service, packaging.custom, around, point),
    ...(sidesMax === undefined ? {} : { sidesMax }),
    ...(parcelsMax === undefined ? {} : { parcelsMax }),
  };
  const key = JSON.stringify([containers.map(({ id, maxWeight }) => [id, maxWeight]), task.weightMax, sidesMax, parcelsMax]);
  return { key, ...task };
};

const innerSidesMax = (
  { custom }: Packaging,
  { limits }: Service,
  point: Omit<ServicePointLimits, "kind"> | undefined,
): readonly [number, number, number] | undefined => {
  const [first, second] = [limits.sidesMax ?? point?.sidesMax, point?.sidesMax ?? limits.sidesMax];
  if (first === undefined || second === undefined) return undefined;
  const inner = (at: 0 | 1 | 2): number => Math.max(0, Math.min(first[at], second[at]) - 2 * custom.wall);
  return [inner(0), inner(1), inner(2)];
};
