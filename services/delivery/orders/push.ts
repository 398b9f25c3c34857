/**
 * Placing an order. It is known by its shipper and the shop's id: the same again changes nothing, other content changes it until it is on a manifest.
 *
 * Lines of goods that leave something out are filled from the catalogue as it is at the moment, and the order keeps what they were filled with:
 *
 *   - Contents are compared as they are filled. Where the catalogue has changed, the same message changes an order that is on no manifest yet.
 *   - Of an order on a manifest, a line that says nothing else than the order has is that line: the same message changes nothing, and is not refused.
 *   - A line whose article is in the catalogue no more stays as the order has it.
 *
 * Parcels that were noted for other goods, or another way of delivery, are forgotten: the house packs it again.
 *
 * `isActive: false` cancels it; one that was never seen before is kept as cancelled, so that an order that comes late stays cancelled only if it says so.
 */
import type { CommandContext, FunctionRefusal } from "pons";
import { catalogueOf, fillLines, goodsUnknown } from "../catalogue/fill.ts";
import type { Good } from "../catalogue/good-fields.ts";
import { lastMoment, nextMoment } from "../moments.ts";
import type { TariffIndex } from "../pricing/tariff-index.ts";
import { dropNumber } from "../tracking/drop.ts";
import { isLocated } from "./address-fields.ts";
import { hasContent } from "./content.ts";
import { noteStatus, tell } from "./note-status.ts";
import { type Order, type OrderContent, type OrderInput, orders } from "./order-fields.ts";
import { unpackOrder } from "./pack.ts";
import { isOpen } from "./states.ts";
import { flawOfWay, wayRefusals } from "./ways.ts";

export const orderLocked = {
  order_locked: { status: 409, doc: "The order is on a manifest: it is changed only if that is withdrawn before the hand-over." },
} as const;

export const pushRefusals = {
  ...orderLocked,
  ...wayRefusals,
  ...goodsUnknown,
  address_incomplete: { status: 422, doc: "The address has neither a postal code nor a city nor a settlement." },
  goods_unnamed: {
    status: 422,
    doc: "A line of goods has no name or no price, and the catalogue does not have its article: `goods`.",
  },
  invalid_window: { status: 422, doc: "The hours of delivery end before they begin." },
} as const;

/** What does not fit in what the shop sent. */
const flawOf = (ctx: CommandContext, input: OrderContent): FunctionRefusal | undefined => {
  if (!isLocated(input.customer.address)) return ctx.refuse("address_incomplete");
  const unnamed = input.goods.filter(({ name, price }) => name === null || name.trim() === "" || price === null);
  const skus = [...new Set(unnamed.map(({ sku }) => sku))];
  if (skus.length > 0) return ctx.refuse("goods_unnamed", { goods: skus, skus: skus.join(", ") });
  if (input.deliverFrom !== null && input.deliverTo !== null && input.deliverTo <= input.deliverFrom)
    return ctx.refuse("invalid_window", { from: input.deliverFrom, to: input.deliverTo });
  return undefined;
};

const place = (ctx: CommandContext, id: string, input: OrderContent): Order => {
  const at = nextMoment(ctx);
  const order = ctx.table(orders).insert({ ...input, id, state: input.isActive ? "created" : "cancelled" });
  noteStatus(ctx, order, order.state, { at });
  tell(ctx, "created", order);
  if (!input.isActive) tell(ctx, "cancelled", order);
  return order;
};

/** What the parcels follow from: of other content than this they are not the order's any more. */
const packedBy = ({ goods, deliveryType, seal, isSturdy }: Partial<OrderContent>) => ({ goods, deliveryType, seal, isSturdy });

/** Gives an order on no manifest other content; its state follows `isActive`. Parcels that were noted for other content are forgotten. */
const change = async (ctx: CommandContext, known: Order, input: Partial<OrderContent>): Promise<Order> => {
  if (input.goods !== undefined && !hasContent(known, packedBy(input))) await unpackOrder(ctx, known);
  const state = (input.isActive ?? known.isActive) ? "created" : "cancelled";
  const order = ctx.table(orders).update(known.id, { ...input, state });
  if (state === known.state) {
    tell(ctx, "updated", order);
    return order;
  }
  const at = nextMoment(ctx);
  noteStatus(ctx, order, state, { at });
  tell(ctx, state === "cancelled" ? "cancelled" : "restored", order);
  return state === "cancelled" ? dropNumber(ctx, order, at) : order;
};

export const pushLoads = () => ({ moment: lastMoment() });

/** Places, changes, cancels or leaves an order. `known` is the order of that id, `index` tells which tariff is in force, `articles` are those that lines need. */
export const pushOrder = async (
  ctx: CommandContext,
  {
    id,
    known,
    input: asked,
    index,
    articles,
  }: {
    readonly id: string;
    readonly known: Order | undefined;
    readonly input: OrderInput;
    readonly index: TariffIndex | undefined;
    readonly articles: readonly (Good | undefined)[];
  },
): Promise<unknown> => {
  const goods = fillLines(ctx, asked.goods, {
    purpose: "order",
    catalogue: catalogueOf(articles),
    ...(known === undefined ? {} : { copy: { lines: known.goods, comesFirst: !isOpen(known.state) } }),
  });
  if ("refused" in goods) return goods;
  const input = { ...asked, goods };
  const flaw = flawOf(ctx, input);
  if (flaw !== undefined) return flaw;
  if (known !== undefined) {
    if (hasContent(known, input)) return ctx.replayed(known);
    if (!isOpen(known.state)) return ctx.refuse("order_locked", { order: known.externalId, state: known.state });
  }
  // What is cancelled needs no way of delivery, though the tariff has changed since.
  const misdirected = input.isActive ? await flawOfWay(ctx, input, index) : undefined;
  if (misdirected !== undefined) return misdirected;
  return known === undefined ? place(ctx, id, input) : change(ctx, known, input);
};

/** Cancels an order; one that is cancelled stays so. */
export const cancelOrder = async (ctx: CommandContext, known: Order): Promise<Order | FunctionRefusal> => {
  if (known.state === "cancelled") return known;
  if (!isOpen(known.state)) return ctx.refuse("order_locked", { order: known.externalId, state: known.state });
  return change(ctx, known, { isActive: false });
};
