/** Labels of parcels as PDF and as ZPL: of one parcel, of an order, of many orders, of a manifest. */
import { type FunctionRefusal, type InputOf, type QueryContext, query, t } from "pons";
import { type Label, labelsPdf, labelZpl, wordsFor } from "../documents/index.ts";
import type { Manifest } from "../manifests/manifest-fields.ts";
import { type Order, orders as orderTable } from "../orders/order-fields.ts";
import type { Parcel } from "../orders/parcel-fields.ts";
import { everybody } from "../roles.ts";
import { localDate, type TariffVersion, zoneOf } from "../tariffs/index.ts";
import { gather, type Gathered, gatherRefusals, nothingOnIt, ordersOf, ordersOn, partyOf, type Printed } from "./gather.ts";

/** Labels of one document. */
export const labelsMax = 500;

const pdf = "application/pdf";
const zpl = "application/x-zpl";

const input = {
  format: t.enum(["pdf", "zpl"], { default: "pdf", doc: "PDF of 100 × 150 mm a label, or ZPL II for 203 dpi." }),
};

const refusals = {
  ...gatherRefusals,
  labels_not_ready: {
    status: 409,
    doc: "Orders are cancelled, have no parcels yet (`orders.plan`, `orders.pack`), or no number (`orders.bindNumber`); all are listed.",
  },
} as const;

/** Why labels of orders cannot be printed: their external ids, by reason. */
const flawsOf = (printed: readonly Printed[]) => {
  const are = (test: (one: Printed) => boolean): readonly string[] => printed.filter(test).map(({ order }) => order.externalId);
  return {
    cancelled: are(({ order }) => order.state === "cancelled"),
    unpacked: are(({ order, parcels }) => order.state !== "cancelled" && parcels.length === 0),
    unnumbered: are(({ order }) => order.state !== "cancelled" && order.trackingNumber === null),
  };
};

const labelOf = (
  { order, parcels, sender }: Printed,
  parcel: Parcel,
  { version, date }: { readonly version: TariffVersion; readonly date: string },
): Label => ({
  trackingNumber: order.trackingNumber ?? "",
  orderNumber: order.number,
  service: version.services.find(({ typeId }) => typeId === order.deliveryType)?.name ?? String(order.deliveryType),
  zone: zoneOf(version, order.customer.address)?.id ?? "",
  from: partyOf(sender),
  to: partyOf(order.customer),
  parcel: parcel.position,
  parcels: parcels.length,
  weight: parcel.weight,
  length: parcel.length,
  width: parcel.width,
  height: parcel.height,
  currency: version.currency,
  // Collected once, with the first parcel.
  cashOnDelivery: parcel.position === 1 ? Number(order.amountToBePaid) : 0,
  isFragile: order.goods.some(({ isFragile }) => isFragile === true),
  date,
});

const print = async (
  ctx: QueryContext,
  labels: readonly Label[],
  { format, name }: { readonly format: "pdf" | "zpl"; readonly name: string },
): Promise<unknown> => {
  const words = wordsFor(ctx.locale);
  const safe = name.replaceAll(/[^\w-]+/g, "-");
  if (format === "zpl") {
    const content = labels.map((label) => labelZpl(label, words)).join("");
    return ctx.document({ mediaType: zpl, filename: `labels-${safe}.zpl`, content });
  }
  const content = await labelsPdf(labels, { createdAt: ctx.now, words });
  return ctx.document({ mediaType: pdf, filename: `labels-${safe}.pdf`, content });
};

const ready = (ctx: QueryContext, gathered: Gathered | FunctionRefusal): Gathered | FunctionRefusal => {
  if ("refused" in gathered) return gathered;
  const flaws = flawsOf(gathered.printed);
  const ids = [...new Set(Object.values(flaws).flat())];
  return ids.length > 0 ? ctx.refuse("labels_not_ready", { ...flaws, ids: ids.join(", ") }) : gathered;
};

const labelsOf = ({ printed, version }: Gathered, now: string): readonly Label[] => {
  const date = localDate(now, version.calendar.timeZone);
  return printed.flatMap((one) => one.parcels.map((parcel) => labelOf(one, parcel, { version, date })));
};

/** Of every parcel of an order. */
export const orderLabels = {
  doc: "The labels of the order's parcels, in the language of who asks: a sheet of PDF each, or ZPL.",
  roles: everybody,
  input,
  output: "document" as const,
  documents: [pdf, zpl],
  refusals,
  run: async (ctx: QueryContext, { row, input: { format } }: { readonly row: Order; readonly input: InputOf<typeof input> }) => {
    const gathered = ready(ctx, await gather(ctx, [row]));
    return "refused" in gathered ? gathered : print(ctx, labelsOf(gathered, ctx.now), { format, name: row.number });
  },
};

/** Of one parcel. */
export const parcelLabel = {
  doc: "The label of the parcel, in the language of who asks, as PDF or ZPL.",
  roles: everybody,
  input,
  output: "document" as const,
  documents: [pdf, zpl],
  refusals,
  run: async (ctx: QueryContext, { row, input: { format } }: { readonly row: Parcel; readonly input: InputOf<typeof input> }) => {
    const order = await ctx.table(orderTable).get(row.order);
    if (order === undefined) throw new Error(`${row.id} is of no order`);
    const gathered = ready(ctx, await gather(ctx, [order]));
    if ("refused" in gathered) return gathered;
    const labels = labelsOf(gathered, ctx.now).filter(({ parcel }) => parcel === row.position);
    return print(ctx, labels, { format, name: `${order.number}-${row.position}` });
  },
};

const several = async (
  ctx: QueryContext,
  orders: readonly Order[],
  { format, name }: { readonly format: "pdf" | "zpl"; readonly name: string },
): Promise<unknown> => {
  const gathered = ready(ctx, await gather(ctx, orders));
  if ("refused" in gathered) return gathered;
  const found = labelsOf(gathered, ctx.now);
  if (found.length > labelsMax) return ctx.refuse("too_many_labels", { labels: found.length, most: labelsMax });
  return print(ctx, found, { format, name });
};

const tooMany = {
  too_many_labels: { status: 422, doc: "The orders have more parcels than one document has labels." },
} as const;

/** Of all orders on a manifest. */
export const manifestLabels = {
  doc: `The labels of all orders on the manifest, by their external ids, in one document: at most ${labelsMax}. If any order is not ready for it, none is printed and all that are not are listed.`,
  roles: everybody,
  cost: 5,
  input,
  output: "document" as const,
  documents: [pdf, zpl],
  refusals: { ...refusals, ...tooMany, ...nothingOnIt },
  run: async (
    ctx: QueryContext,
    { row, input: { format } }: { readonly row: Manifest; readonly input: InputOf<typeof input> },
  ): Promise<unknown> => {
    const orders = await ordersOn(ctx, row);
    return orders.length === 0 ? ctx.refuse("nothing_to_hand_over") : several(ctx, orders, { format, name: row.number });
  },
};

/** Of many orders. */
export const labels = query({
  doc: `The labels of many orders in one document, in the order in which they are named: at most ${labelsMax}. If any order is not ready for it, none is printed and all that are not are listed.`,
  roles: everybody,
  cost: 5,
  input: { orders: t.array(t.ref("orders"), { minItems: 1, maxItems: labelsMax, doc: "Their ids." }), ...input },
  output: "document",
  documents: [pdf, zpl],
  refusals: {
    ...refusals,
    ...tooMany,
    orders_not_found: { status: 404, doc: "Some of the orders do not exist; all are listed." },
  },
  run: async (ctx, { input: { orders: ids, format } }) => {
    const orders = await ordersOf(ctx, [...new Set(ids)]);
    if ("refused" in orders) return orders;
    return several(ctx, orders, { format, name: `${orders[0]?.number ?? ""}-${orders.length}` });
  },
});
