/** Fields of a subscription. */
import { declare, type RowOf, t } from "pons";
import { environmentNames } from "./words.ts";

export const subscriptionFields = {
  id: t.id("sub"),
  app: t.ref("apps", { write: "never", doc: "App that uses the product." }),
  product: t.ref("products", { write: "never" }),
  plan: t.ref("plans", { write: "never", doc: "Terms it is used under." }),
  environment: t.enum(environmentNames, { write: "never", index: true }),
  status: t.enum(["requested", "active", "rejected", "cancelled"], {
    write: "never",
    index: true,
    doc: "requested: it waits for an approval. Rejected and cancelled ones are over.",
  }),
  wantedPlan: t.ref("plans", {
    optional: true,
    write: "never",
    doc: "Plan that was asked for in place of the present one, and waits for an approval.",
  }),
  requestedBy: t.string({ write: "never", maxLength: 255, doc: "Who asked for it last." }),
  decidedBy: t.string({ optional: true, write: "never", maxLength: 255, doc: "Who approved or rejected it; never who asked." }),
  reason: t.text({ optional: true, write: "never", maxLength: 1_000, doc: "What was said about the decision or the end." }),
  requestedAt: t.dateTime({ set: "created", index: true }),
  activeAt: t.dateTime({ optional: true, write: "never", doc: "When it began." }),
  endedAt: t.dateTime({ optional: true, write: "never" }),
  updatedAt: t.dateTime({ set: "updated" }),
};

export type Subscription = RowOf<typeof subscriptionFields>;

export const subscriptions = declare("subscriptions", {
  doc: "An app's use of a product in an environment, under a plan.",
  fields: subscriptionFields,
});
