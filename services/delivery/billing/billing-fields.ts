/** Fields of what is billed. */
import { declare, type RowOf, t } from "pons";
import { externalId, shipperId } from "../orders/order-fields.ts";

export const billedServices = ["carriage", "preparing", "insurance", "tax", "unpriced"] as const;
export type BilledService = (typeof billedServices)[number];

export const billingFields = {
  id: t.id("bil"),
  order: t.ref("orders", { doc: "What it is for." }),
  externalId,
  shipperId,
  service: t.enum(billedServices, {
    doc: "`unpriced`: the tariff in force at the hand-over does not offer the order's way of delivery for its goods and address; nothing is posted, people settle it.",
  }),
  amount: t.money({ doc: "In minor units." }),
  currency: t.currency({ optional: true }),
  billedAt: t.dateTime({ set: "created", index: true }),
};

export type BillingEntry = RowOf<typeof billingFields>;

export const billingEntries = declare("billingEntries", { doc: "What is billed: only ever added.", fields: billingFields });
