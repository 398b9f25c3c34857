/** Fields of a number that a parcel is followed by. */
import { type CommandContext, declare, type RowOf, t } from "pons";
import { derivedId } from "../derived-id.ts";
import { externalId, shipperId } from "../orders/order-fields.ts";

export const number = t.string({
  minLength: 4,
  maxLength: 60,
  pattern: "[0-9A-Za-z][0-9A-Za-z/-]*",
  doc: "As the carrier writes it: letters, digits, `-` and `/`.",
  example: "RR123456785XX",
});

export const trackingFields = {
  id: t.id("trk"),
  order: t.ref("orders", { doc: "The order it belongs to, for good." }),
  externalId,
  shipperId,
  number,
  isActive: t.boolean({ doc: "False: another number took its place, or the order was cancelled." }),
  boundAt: t.dateTime({ set: "created" }),
  at: t.dateTime({ index: true, doc: "Moment of the last change: later than all before it." }),
};

export type TrackingNumber = RowOf<typeof trackingFields>;

export const trackingNumbers = declare("trackingNumbers", {
  doc: "Numbers that parcels are followed by.",
  fields: trackingFields,
});

/** Tells what became of a number; over streams and webhooks it comes with its order. */
export const tellNumber = (ctx: CommandContext, event: "bound" | "superseded", row: TrackingNumber): void => {
  const { id, order, externalId: external, shipperId: shipper, number: text } = row;
  ctx.emit(event, { trackingNumber: id, order, externalId: external, shipperId: shipper, number: text }, trackingNumbers);
};

/** A number belongs to one order. */
export const trackingIdOf = (text: string): string => derivedId("trk", `number ${text}`);
