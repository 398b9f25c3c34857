/** Whether the tariff in force has the way of delivery that an order names, and whether that takes its goods. */
import type { CommandContext, FunctionRefusal, RefusalSpecs } from "pons";
import { piecesMax, piecesOf } from "../pricing/pack-parcels.ts";
import { indexedAt, type TariffIndex } from "../pricing/tariff-index.ts";
import { contentOf } from "../pricing/versions.ts";
import { excesses, type Service, type TariffVersion } from "../tariffs/index.ts";
import type { OrderContent } from "./order-fields.ts";

export const deliveryTypeUnknown = {
  delivery_type_unknown: { status: 422, doc: "The tariff in force has no such way of delivery; `allowed` lists those it has." },
} as const satisfies RefusalSpecs;

export const wayRefusals = {
  ...deliveryTypeUnknown,
  goods_not_taken: {
    status: 422,
    doc: "A piece of the goods is heavier or longer than the way of delivery takes; `sku` names it.",
  },
  too_many_pieces: { status: 422, doc: "The goods are more pieces than are packed at once." },
} as const satisfies RefusalSpecs;

/** What the refusal of an unknown way tells: `{ allowed: "1, 2, 3" }`. */
export const deliveryTypes = ({ services }: TariffVersion): { readonly allowed: string } => ({
  allowed: services
    .map(({ typeId }) => typeId)
    .toSorted((one, other) => one - other)
    .join(", "),
});

/** The first piece that no parcel of the service could hold, were it alone in it and unpacked. */
const pieceNotTaken = (goods: OrderContent["goods"], { limits }: Service) => {
  for (const { sku, length, width, height, weight } of goods) {
    const [exceeded] = excesses({ length, width, height, grossWeight: weight }, limits);
    if (exceeded !== undefined) return { sku, ...exceeded };
  }
  return undefined;
};

/** Where no tariff is in force there is nothing to compare with: the order is taken as it is. */
export const flawOfWay = async (
  ctx: CommandContext,
  { deliveryType, goods }: OrderContent,
  index: TariffIndex | undefined,
): Promise<FunctionRefusal | undefined> => {
  const pieces = piecesOf(goods);
  if (pieces > piecesMax) return ctx.refuse("too_many_pieces", { pieces, most: piecesMax });
  const tariff = index === undefined ? undefined : indexedAt(index, ctx.now);
  if (tariff === undefined) return undefined;
  const version = await contentOf(ctx, tariff);
  const service = version.services.find(({ typeId }) => typeId === deliveryType);
  if (service === undefined) return ctx.refuse("delivery_type_unknown", { deliveryType, ...deliveryTypes(version) });
  const found = pieceNotTaken(goods, service);
  return found === undefined ? undefined : ctx.refuse("goods_not_taken", { ...found, service: service.name });
};
