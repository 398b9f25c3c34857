/** Binding numbers to orders. A new number takes the place of the one before it: both are told with one moment. */
import type { CommandContext, FunctionRefusal } from "pons";
import { nextMoment } from "../moments.ts";
import { type Order, orders } from "../orders/order-fields.ts";
import { tell } from "../orders/note-status.ts";
import { deactivate } from "./drop.ts";
import { tellNumber, type TrackingNumber, trackingIdOf, trackingNumbers } from "./tracking-fields.ts";

export const bindRefusals = {
  order_cancelled: { status: 409, doc: "The order is cancelled." },
  number_taken: { status: 409, doc: "The number belongs to another order." },
} as const;

/** Binds a number. `known` is the number's row, if it was ever bound. The same again changes nothing. */
export const bindNumber = async (
  ctx: CommandContext,
  order: Order,
  { number, known }: { readonly number: string; readonly known: TrackingNumber | undefined },
): Promise<Order | FunctionRefusal> => {
  if (known !== undefined && known.order !== order.id) return ctx.refuse("number_taken", { number });
  if (order.trackingNumber === number) return order;
  if (order.state === "cancelled") return ctx.refuse("order_cancelled", { order: order.externalId });
  const at = nextMoment(ctx);
  const table = ctx.table(trackingNumbers);
  if (order.trackingNumber !== null) await deactivate(ctx, order.trackingNumber, at);
  if (known === undefined) {
    const { id, externalId, shipperId } = order;
    const row = { id: trackingIdOf(number), order: id, externalId, shipperId, number, isActive: true, at };
    tellNumber(ctx, "bound", table.insert(row));
  } else {
    tellNumber(ctx, "bound", table.update(known.id, { isActive: true, at }));
  }
  tell(ctx, "numbered", order);
  return ctx.table(orders).update(order.id, { trackingNumber: number });
};
