/** Fields of the states that orders went through. */
import { declare, t } from "pons";
import { externalId, shipperId } from "./order-fields.ts";
import { orderStates } from "./states.ts";

export const statusFields = {
  id: t.id("sta"),
  order: t.ref("orders", { doc: "Whose state it is." }),
  externalId,
  shipperId,
  state: t.enum(orderStates),
  isCompleted: t.boolean({ doc: "Nothing follows." }),
  happenedAt: t.dateTime({ doc: "When it happened, as far as it is known; else when it was noted." }),
  comment: t.text({ optional: true, maxLength: 500, doc: "Particulars." }),
  at: t.dateTime({ index: true, doc: "Moment of the change: later than all before it." }),
};

export const statuses = declare("statuses", {
  doc: "States that orders went through.",
  singular: "status",
  fields: statusFields,
});
