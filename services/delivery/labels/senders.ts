/** Senders: whom labels, slips and acts name for the orders of a shipper. */
import { resource, rowOf } from "pons";
import { isLocated } from "../orders/address-fields.ts";
import { senderIdOf, senderInput, senders as declared } from "./sender-fields.ts";

export const senders = resource(declared, ({ self, all, command }) => ({
  rows: { shop: all, warehouse: all, manager: all },
  sortBy: "shipperId",
  create: command({
    on: "collection",
    doc: "Says who the sender is of a shipper's orders; it takes the place of what was said before.",
    roles: ["shop", "manager"],
    input: senderInput,
    output: "row",
    refusals: {
      address_incomplete: { status: 422, doc: "The address has neither a postal code nor a city nor a settlement." },
    },
    load: ({ input }) => ({ known: rowOf(declared, senderIdOf(input.shipperId)) }),
    run: (ctx, { input, loaded: { known } }) => {
      if (!isLocated(input.address)) return ctx.refuse("address_incomplete");
      const table = ctx.table(self);
      return known === undefined ? table.insert({ id: senderIdOf(input.shipperId), ...input }) : table.update(known.id, input);
    },
  }),
}));
