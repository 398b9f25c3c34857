/** Papers beside the label: the packing slip of an order, the hand-over act of a manifest, the picture of a parcel. */
import { type InputOf, type QueryContext, t } from "pons";
import { type ActRow, actPdf, type PackedBox, packingSlipPdf, wordsFor } from "../documents/index.ts";
import type { Manifest } from "../manifests/manifest-fields.ts";
import type { Order } from "../orders/order-fields.ts";
import type { Parcel } from "../orders/parcel-fields.ts";
import { type Parcel as Packed, picture } from "../packing/index.ts";
import { everybody } from "../roles.ts";
import { localDate } from "../tariffs/index.ts";
import { gather, gatherRefusals, nothingOnIt, ordersOn, partyOf, type Printed } from "./gather.ts";

const pdf = "application/pdf";
const svg = "image/svg+xml";

/** The box as the packing engine draws it; undefined where it is not known what lies where. */
const boxOf = ({ contents, carton, weight }: Parcel): Packed | undefined => {
  if (contents === null) return undefined;
  const { length, width, height, placements } = contents;
  const goods = placements.reduce((sum, piece) => sum + piece.length * piece.width * piece.height, 0);
  return {
    ...(carton === null ? {} : { carton }),
    length,
    width,
    height,
    weight,
    placements: placements.map((piece, index) => ({ ...piece, item: String(piece.item), index })),
    fill: goods / (length * width * height),
  };
};

export const parcelPicture = {
  doc: "How the goods lie in the parcel, as a drawing with every step of the packing.",
  roles: everybody,
  output: "document" as const,
  documents: [svg],
  refusals: {
    contents_unknown: {
      status: 409,
      doc: "The parcel was noted by hand: it is not known what lies where. `orders.plan` works it out.",
    },
  },
  run: (ctx: QueryContext, { row }: { readonly row: Parcel }): unknown => {
    const box = boxOf(row);
    if (box === undefined) return ctx.refuse("contents_unknown");
    const { step } = wordsFor(ctx.locale);
    return ctx.document({ mediaType: svg, filename: `${row.id}.svg`, content: picture(box, { step, steps: 24 }) });
  },
};

const goodsWeight = ({ goods }: Order): number => goods.reduce((sum, { weight, quantity }) => sum + weight * quantity, 0);

export const packingSlip = {
  doc: "The packing slip: what is in the order, and for each parcel a picture of how it is packed, step by step. In the language of who asks.",
  roles: everybody,
  output: "document" as const,
  documents: [pdf],
  refusals: gatherRefusals,
  run: async (ctx: QueryContext, { row }: { readonly row: Order }): Promise<unknown> => {
    const gathered = await gather(ctx, [row]);
    if ("refused" in gathered) return gathered;
    const [printed] = gathered.printed;
    if (printed === undefined) throw new Error(`${row.id} was not gathered`);
    const { version } = gathered;
    const containers = new Map(version.packaging.containers.map(({ id, name }) => [id, name]));
    const content = await packingSlipPdf(
      {
        orderNumber: row.number,
        date: localDate(row.placedAt, version.calendar.timeZone),
        trackingNumber: row.trackingNumber,
        from: partyOf(printed.sender),
        to: partyOf(row.customer),
        comment: row.comment,
        goods: row.goods.map(({ sku, name, quantity, weight }) => ({ sku, name: name ?? "", quantity, weight })),
        parcels: printed.parcels.map((parcel): PackedBox => {
          const { position, length, width, height, weight, carton } = parcel;
          return {
            position,
            length,
            width,
            height,
            weight,
            carton: carton === null ? null : (containers.get(carton) ?? carton),
            box: boxOf(parcel),
          };
        }),
      },
      { createdAt: ctx.now, words: wordsFor(ctx.locale) },
    );
    return ctx.document({ mediaType: pdf, filename: `packing-slip-${row.number.replaceAll(/[^\w-]+/g, "-")}.pdf`, content });
  },
};

const actInput = {
  takenOverBy: t.string({
    optional: true,
    maxLength: 150,
    doc: "Who takes the parcels over; a line to be filled in by hand unless given.",
  }),
};

const actRowOf = ({ order, parcels }: Printed): ActRow => ({
  trackingNumber: order.trackingNumber ?? "–",
  orderNumber: order.number,
  recipient: order.customer.name,
  parcels: Math.max(1, parcels.length),
  weight: parcels.length === 0 ? goodsWeight(order) : parcels.reduce((sum, { weight }) => sum + weight, 0),
  declaredValue: Number(order.declaredCost),
  cashOnDelivery: Number(order.amountToBePaid),
});

export const handOverAct = {
  doc: "The hand-over act of the manifest: its parcels with totals, and places to sign. In the language of who asks.",
  roles: everybody,
  input: actInput,
  output: "document" as const,
  documents: [pdf],
  refusals: {
    ...gatherRefusals,
    ...nothingOnIt,
  },
  run: async (
    ctx: QueryContext,
    { row, input }: { readonly row: Manifest; readonly input: InputOf<typeof actInput> },
  ): Promise<unknown> => {
    const orders = await ordersOn(ctx, row);
    if (orders.length === 0) return ctx.refuse("nothing_to_hand_over");
    const gathered = await gather(ctx, orders);
    if ("refused" in gathered) return gathered;
    const { printed, version } = gathered;
    const senders = [...new Map(printed.map(({ sender }) => [sender.id, partyOf(sender)])).values()];
    const [from] = senders;
    if (from === undefined) throw new Error(`${row.id} has no sender`);
    const content = await actPdf(
      {
        number: row.number,
        date: localDate(row.handedOverAt ?? row.shipAt, version.calendar.timeZone),
        from: senders.length === 1 ? from : { name: senders.map(({ name }) => name).join(", "), address: [] },
        to: { name: input.takenOverBy ?? "", address: [] },
        currency: version.currency,
        rows: printed.map(actRowOf),
      },
      { createdAt: ctx.now, words: wordsFor(ctx.locale) },
    );
    return ctx.document({ mediaType: pdf, filename: `act-${row.number.replaceAll(/[^\w-]+/g, "-")}.pdf`, content });
  },
};
