/** How the goods of an order are to be packed: into the cartons that its way of delivery takes, or a box made to measure, with every piece in its place. */
import type { FunctionRefusal, QueryContext } from "pons";
import { itemsOf, parcelPacker, piecesMax, piecesOf } from "../pricing/pack-parcels.ts";
import { isSeal, noTariff, packingRefusalOf, packingRefusals } from "../pricing/quote.ts";
import { versionAt } from "../pricing/versions.ts";
import { grossParcel, packerTask } from "../tariffs/index.ts";
import type { Order } from "./order-fields.ts";
import { type PackedParcel, packRefusals } from "./pack.ts";
import { parcelsMax } from "./parcel-fields.ts";
import { deliveryTypes, deliveryTypeUnknown } from "./ways.ts";

export const planRefusals = {
  ...packRefusals,
  ...noTariff,
  ...packingRefusals,
  ...deliveryTypeUnknown,
  not_packable: { status: 409, doc: "Nothing holds the goods, or they are too many parcels." },
} as const;

/** The parcels of an order by the tariff in force: outer sides, gross weight, and how the goods lie in each. */
export const planOf = async (ctx: QueryContext, order: Order): Promise<readonly PackedParcel[] | FunctionRefusal> => {
  const pieces = piecesOf(order.goods);
  if (pieces > piecesMax) return ctx.refuse("too_many_pieces", { pieces, most: piecesMax });
  const inForce = await versionAt(ctx, ctx.now);
  if (inForce === null) return ctx.refuse("no_tariff");
  const { version } = inForce;
  const service = version.services.find(({ typeId }) => typeId === order.deliveryType);
  if (service === undefined) return ctx.refuse("delivery_type_unknown", deliveryTypes(version));
  const { seal, isSturdy } = order;
  if (!isSeal(seal)) throw new RangeError(`no seal ${seal}`);
  const wrapping = { seal, sturdy: isSturdy };
  try {
    const packed = await parcelPacker(itemsOf(order.goods), ctx.signal)(packerTask(version.packaging, service, wrapping));
    if (packed === undefined || packed.length > parcelsMax) return ctx.refuse("not_packable", { order: order.externalId });
    return packed.map(({ carton, length, width, height, weight, placements }): PackedParcel => {
      const container = carton === undefined ? {} : { container: carton };
      const gross = grossParcel(version.packaging, { ...container, length, width, height, weight, items: 1 }, wrapping);
      return {
        length: gross.length,
        width: gross.width,
        height: gross.height,
        weight: gross.grossWeight,
        carton: carton ?? null,
        contents: {
          length,
          width,
          height,
          placements: placements.map(({ item, step, x, y, z, ...sides }) => ({
            item: Number(item),
            step,
            x,
            y,
            z,
            length: sides.length,
            width: sides.width,
            height: sides.height,
          })),
        },
      };
    });
  } catch (error) {
    return packingRefusalOf(ctx, error);
  }
};
