/** Notes that an order has a new state. */
import type { CommandContext } from "pons";
import { type Order, orders } from "./order-fields.ts";
import { isCompleted, type OrderState } from "./states.ts";
import { statuses } from "./status-fields.ts";

export interface StateChange {
  /** Of the change, as `nextMoment` gave it. */
  readonly at: string;
  readonly happenedAt?: string | null;
  readonly comment?: string | null;
}

/** Adds a state to the history of an order. */
export const noteStatus = (
  ctx: CommandContext,
  order: Pick<Order, "id" | "externalId" | "shipperId">,
  state: OrderState,
  { at, happenedAt = null, comment = null }: StateChange,
): void => {
  ctx.table(statuses).insert({
    order: order.id,
    externalId: order.externalId,
    shipperId: order.shipperId,
    state,
    isCompleted: isCompleted(state),
    happenedAt: happenedAt ?? ctx.now,
    comment,
    at,
  });
};

/** Emits an event of an order. */
export const tell = (ctx: CommandContext, event: string, order: Pick<Order, "id" | "externalId" | "shipperId">): void =>
  ctx.emit(event, { order: order.id, externalId: order.externalId, shipperId: order.shipperId }, orders);
