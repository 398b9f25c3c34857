/** How each thing that is billed stands with the bank. */
import { declare, type RowOf, t } from "pons";
import { externalId, shipperId } from "../orders/order-fields.ts";
import { billedServices } from "./billing-fields.ts";

export const postingStates = ["unposted", "posted", "refused"] as const;

export const postingFields = {
  id: t.id("pst"),
  entry: t.ref("billingEntries", { doc: "What is billed." }),
  externalId,
  shipperId,
  service: t.enum(billedServices),
  amount: t.money({
    currency: "currency",
    doc: "In minor units; what the bank has recorded once it is posted. Less than zero: the house pays the shop.",
  }),
  currency: t.currency(),
  state: t.enum(postingStates, {
    default: "unposted",
    index: true,
    doc: "`unposted`: there is no bank, or no account for it, or it was not asked yet. `refused`: the bank has refused it, and is asked again.",
  }),
  transfer: t.string({ optional: true, maxLength: 64, doc: "The bank's transfer." }),
  effectiveAt: t.dateTime({ optional: true, doc: "Its value date, as the bank has recorded it." }),
  postedAt: t.dateTime({ optional: true, index: true, doc: "When the bank's answer was noted." }),
  refusal: t.string({ optional: true, maxLength: 64, doc: "Type of the bank's last refusal.", example: "insufficient_funds" }),
  attempts: t.integer({ default: 0, doc: "How often the bank has refused it." }),
  spent: t.integer({ default: 0, filter: false, doc: "Ids of transfers that refusals have used up." }),
  retryAt: t.dateTime({ optional: true, index: true, doc: "When it is tried next." }),
  createdAt: t.dateTime({ set: "created" }),
};

export type Posting = RowOf<typeof postingFields>;

export const postings = declare("postings", {
  doc: "How what is billed stands with the bank's ledger.",
  fields: postingFields,
});
