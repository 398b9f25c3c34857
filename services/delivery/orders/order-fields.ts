/** Fields of an order. */
import { declare, type RowOf, t } from "pons";
import { derivedId } from "../derived-id.ts";
import { customer } from "./address-fields.ts";
import { amountToBePaid, askedGoods, declaredCost, goods, isSturdy, seal } from "./goods-fields.ts";
import { orderStates } from "./states.ts";

export const externalId = t.string({ minLength: 1, maxLength: 60, doc: "The shop's id of it.", example: "A-1024" });
export const shipperId = t.string({
  default: "",
  maxLength: 60,
  doc: "Which of the tenant's shippers it is of; empty where there is one.",
  example: "north",
});

const hour = (doc: string, example: number) => t.integer({ optional: true, min: 1, max: 24, doc, example });

/** What is known of an order by its shop. */
const orderContent = {
  externalId,
  number: t.string({ minLength: 1, maxLength: 60, doc: "Number that the customer knows.", example: "1024" }),
  placedAt: t.dateTime({ doc: "When the customer ordered." }),
  customer,
  declaredCost,
  amountToBePaid,
  deliveryType: t.integer({
    min: 1,
    max: 100_000,
    doc: "Way of delivery: one of the tariff in force, as `tariffs.ways` and `rates` list them.",
    example: 3,
  }),
  seal,
  isSturdy,
  isActive: t.boolean({ default: true, doc: "False cancels the order." }),
  goods,
  deliverOn: t.dateTime({ optional: true, doc: "Day of delivery that the customer wants.", example: "2026-02-03T00:00:00.000Z" }),
  deliverFrom: hour("Hour from which the customer is there.", 9),
  deliverTo: hour("Hour until which the customer is there.", 18),
  comment: t.text({ optional: true, maxLength: 1_000, doc: "For who delivers.", example: "Ring twice." }),
  shipperId,
  marker: t.string({ optional: true, maxLength: 100, doc: "Anything the shop wants to find it by.", example: "spring sale" }),
};

/** What the shop says of an order: all of it counts when the same order is pushed again. */
export const orderInput = { ...orderContent, goods: askedGoods };

export const orderFields = {
  id: t.id("ord"),
  serial: t.integer({ set: "sequence", doc: "Its number where ids are numbers." }),
  ...orderContent,
  state: t.enum(orderStates, { write: "never", index: true }),
  manifest: t.ref("manifests", { optional: true, write: "never", doc: "The manifest that lists it." }),
  trackingNumber: t.string({ optional: true, write: "never", maxLength: 60, doc: "The number that counts." }),
  createdAt: t.dateTime({ set: "created", index: true }),
  updatedAt: t.dateTime({ set: "updated" }),
};

export type Order = RowOf<typeof orderFields>;
export type OrderInput = RowOf<typeof orderInput>;
/** The same with the lines of goods filled. */
export type OrderContent = RowOf<typeof orderContent>;

export const orders = declare("orders", { doc: "What shops have delivered.", fields: orderFields });

/** One order per shipper and external id. The length keeps two pairs apart that read alike when joined. */
export const orderIdOf = (shipper: string, external: string): string =>
  derivedId("ord", `order ${shipper.length} ${shipper} ${external}`);
