/** Fields of a sender: who is named on labels and acts. */
import { declare, type RowOf, t } from "pons";
import { derivedId } from "../derived-id.ts";
import { address } from "../orders/address-fields.ts";
import { shipperId } from "../orders/order-fields.ts";

export const senderInput = {
  shipperId,
  name: t.string({ minLength: 1, maxLength: 150, doc: "As it stands on paper.", example: "Lantern & Co." }),
  address,
  phone: t.string({ optional: true, maxLength: 40, doc: "In any form.", example: "+12025550100" }),
};

const senderFields = { id: t.id("snd"), ...senderInput, updatedAt: t.dateTime({ set: "updated" }) };

export type Sender = RowOf<typeof senderFields>;

export const senders = declare("senders", {
  doc: "Who is named as the sender on labels, slips and acts, by shipper.",
  fields: senderFields,
});

/** One sender per shipper. */
export const senderIdOf = (shipper: string): string => derivedId("snd", `sender ${shipper}`);
