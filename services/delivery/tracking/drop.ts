/** Takes the number that counts from an order. */
import type { CommandContext } from "pons";
import { type Order, orders } from "../orders/order-fields.ts";
import { tellNumber, trackingIdOf, trackingNumbers } from "./tracking-fields.ts";

/** The order without a number; it is told with the changes of the moment `at`. */
export const dropNumber = async (ctx: CommandContext, order: Order, at: string): Promise<Order> => {
  if (order.trackingNumber === null) return order;
  await deactivate(ctx, order.trackingNumber, at);
  return ctx.table(orders).update(order.id, { trackingNumber: null });
};

/** A number that counts no more. */
export const deactivate = async (ctx: CommandContext, number: string, at: string): Promise<void> => {
  const table = ctx.table(trackingNumbers);
  const current = await table.get(trackingIdOf(number));
  if (current === undefined) throw new Error(`an order has the number ${number}, which was never bound`);
  tellNumber(ctx, "superseded", table.update(current.id, { isActive: false, at }));
};
