/** What the ways of delivery cost for goods and an address: packed, priced by the version in force, with the reasons why others are not offered. */
import type { FunctionRefusal, QueryContext } from "pons";
import { isLocated } from "../orders/address-fields.ts";
import { PackingRefused } from "../packing/index.ts";
import { type PointFound, pointIn } from "../places/service-points.ts";
import { packerTasks, type Rate, rate, type RateRequest, type SealType, sumOf, type TariffVersion } from "../tariffs/index.ts";
import { commentsOf } from "./comments.ts";
import { packerFor, piecesMax, piecesOf } from "./pack-parcels.ts";
import type { Offer, RateAnswer, RateInput } from "./rate-fields.ts";
import { versionAt } from "./versions.ts";

export const noTariff = { no_tariff: { status: 409, doc: "No version of the tariff is in force." } } as const;

export const packingRefusals = {
  too_many_pieces: { status: 422, doc: "The goods are more pieces than are packed at once." },
  packing_busy: { status: 503, doc: "Too many packings wait. Nothing was done." },
} as const;

export const quoteRefusals = {
  ...noTariff,
  ...packingRefusals,
  address_incomplete: { status: 422, doc: "The address has neither a postal code nor a city nor a settlement." },
} as const;

export const isSeal = (seal: number): seal is SealType => seal === 1 || seal === 2 || seal === 3;

export interface QuoteOptions {
  /** When the order is placed; now unless given. */
  readonly at?: string;
  /** What is collected, in minor units; the declared value unless given. */
  readonly cash?: number;
}

const requestOf = (input: RateInput, at: string, cash: number | undefined): Omit<RateRequest, "parcels"> => {
  const { address, declaredCost, seal, isSturdy, isCashOnDelivery } = input;
  if (!isSeal(seal)) throw new RangeError(`no seal ${seal}`);
  const declaredValue = Number(declaredCost);
  return { address, declaredValue, cashOnDelivery: isCashOnDelivery ? (cash ?? declaredValue) : 0, seal, sturdy: isSturdy, at };
};

const offerOf = (found: Rate, version: TariffVersion, point: PointFound | null): Offer => {
  const service = version.services.find(({ id }) => id === found.service);
  return {
    deliveryType: found.typeId,
    service: found.service,
    name: service?.name ?? found.service,
    description: service?.description ?? null,
    currency: found.currency,
    total: BigInt(found.total),
    insurance: BigInt(sumOf(found.lines, ["insurance"])),
    carriage: BigInt(sumOf(found.lines, ["carriage", "surcharge"])),
    preparing: BigInt(sumOf(found.lines, ["packaging"])),
    address: point?.address ?? null,
    workTime: point?.workTime ?? null,
    minDays: found.period.min,
    maxDays: found.period.max,
    earliest: found.period.earliest,
    latest: found.period.latest,
    note: `${found.parcels.length} × ${found.chargeableWeight} g, ${found.zone}`,
    lines: found.lines.map(({ code, group, description, subject, quantity, price, amount }) => ({
      code,
      group,
      kind: description.slice(description.lastIndexOf(".") + 1),
      subject: subject ?? null,
      quantity,
      price: BigInt(price),
      amount: BigInt(amount),
    })),
  };
};

/** A refusal for what the packing engine does not take; what it says otherwise is a mistake of ours. */
export const packingRefusalOf = (ctx: QueryContext, error: unknown): FunctionRefusal => {
  if (error instanceof PackingRefused && (error.code === "busy" || error.code === "cancelled")) return ctx.refuse("packing_busy");
  throw error;
};

export const quote = async (
  ctx: QueryContext,
  input: RateInput,
  { at = ctx.now, cash }: QuoteOptions = {},
): Promise<RateAnswer | FunctionRefusal> => {
  if (!isLocated(input.address)) return ctx.refuse("address_incomplete");
  const pieces = piecesOf(input.goods);
  if (pieces > piecesMax) return ctx.refuse("too_many_pieces", { pieces, most: piecesMax });
  const inForce = await versionAt(ctx, at);
  if (inForce === null) return ctx.refuse("no_tariff");
  const { tariff, version } = inForce;
  const request = requestOf(input, at, cash);
  try {
    const parcels = await packerFor(ctx, input.goods, packerTasks(version, request));
    const rating = rate(version, { ...request, parcels });
    const where = { city: input.address.city, takesCash: (request.cashOnDelivery ?? 0) > 0 };
    const points = { servicePoint: await pointIn(ctx, "servicePoint", where), locker: await pointIn(ctx, "locker", where) };
    const pointOf = (service: string): PointFound | null => {
      const kind = version.services.find(({ id }) => id === service)?.kind;
      return kind === "servicePoint" || kind === "locker" ? points[kind] : null;
    };
    return {
      tariff,
      offers: rating.rates.map((found) => offerOf(found, version, pointOf(found.service))),
      excluded: rating.excluded.map(({ typeId, service, reason, limit, actual, unit }) => ({
        deliveryType: typeId,
        service,
        reason,
        limit,
        actual,
        unit,
      })),
      comments: commentsOf(ctx.locale, rating.excluded, version),
    };
  } catch (error) {
    return packingRefusalOf(ctx, error);
  }
};
