/** Noting the parcels of an order: as somebody packed them, or as they are to be packed. */
import { type CommandContext, eq, type FunctionRefusal, t } from "pons";
import { sizeFields } from "../measures.ts";
import { tell } from "./note-status.ts";
import type { Order } from "./order-fields.ts";
import { type Parcel, parcelFields, parcels, parcelsMax } from "./parcel-fields.ts";

export const packInput = {
  parcels: t.array(t.object({ ...sizeFields, carton: parcelFields.carton }), { minItems: 1, maxItems: parcelsMax }),
};

export const packRefusals = {
  not_in_the_house: { status: 409, doc: "The order was handed over, or is cancelled." },
} as const;

export type PackedParcel = Omit<Parcel, "id" | "order" | "position" | "createdAt" | "contents"> &
  Partial<Pick<Parcel, "contents">>;

/** Forgets the parcels of an order. */
export const unpackOrder = async (ctx: CommandContext, order: Order): Promise<void> => {
  const table = ctx.table(parcels);
  for (const { id } of await table.find((row) => eq(row.order, order.id), { limit: parcelsMax })) table.delete(id);
};

export const packOrder = async (
  ctx: CommandContext,
  order: Order,
  packed: readonly PackedParcel[],
): Promise<Order | FunctionRefusal> => {
  if (order.state !== "created" && order.state !== "manifested") return ctx.refuse("not_in_the_house", { state: order.state });
  await unpackOrder(ctx, order);
  const table = ctx.table(parcels);
  for (const [index, parcel] of packed.entries()) table.insert({ ...parcel, order: order.id, position: index + 1 });
  tell(ctx, "packed", order);
  return order;
};
