/** Orders as carriers were given them, and what carriers told of them. */
import { eq, resource, t } from "pons";
import { carrierChanges as declaredChanges, consignments as declared } from "./carrier-fields.ts";

const data = { consignment: t.ref("consignments"), order: t.ref("orders"), carrier: t.ref("carriers") };

export const consignments = resource(declared, ({ self, all, filter, command }) => ({
  rows: { warehouse: all, manager: all },
  sortBy: "createdAt.desc",
  filters: { refused: filter(({ state }) => eq(state, "refused")) },
  events: {
    booked: { doc: "A carrier has taken a consignment.", data },
    refused: { doc: "A carrier does not take a consignment as it is.", data },
    retried: { doc: "A carrier is to be given a consignment again.", data },
  },
  functions: {
    retry: command({
      on: "item",
      doc: "Gives a consignment that was refused to the carrier again.",
      roles: ["warehouse", "manager"],
      refusals: { not_refused: { status: 409, doc: "The carrier has taken the consignment." } },
      run: (ctx, { row }) => {
        if (row.state !== "refused") return ctx.refuse("not_refused");
        ctx.emit("retried", { consignment: row.id, order: row.order, carrier: row.carrier });
        return ctx.table(self).get(row.id);
      },
    }),
  },
}));

export const carrierChanges = resource(declaredChanges, ({ all }) => ({
  rows: { warehouse: all, manager: all },
  sortBy: "heardAt.desc",
  indexes: [["reference", "outcome"]],
  events: {
    puzzling: {
      doc: "A carrier told something that could not be made sense of: a person has to look at it.",
      data: {
        change: t.ref("carrierChanges"),
        carrier: t.ref("carriers"),
        outcome: t.string(),
        status: t.string({ optional: true }),
      },
    },
  },
}));
