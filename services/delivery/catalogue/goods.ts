/** The catalogue of the shop's goods. Lines of baskets, quotes and orders that name an article take from it what they leave out. */
import { resource, rowOf, t } from "pons";
import { goodIdOf, goodInput, goods as declared } from "./good-fields.ts";

const data = { good: t.ref("goods"), sku: t.string() };

export const goods = resource(declared, ({ self, all, command }) => ({
  rows: { shop: all, warehouse: all, manager: all },
  access: { update: ["shop"], replace: [], delete: ["shop"] },
  sortBy: "sku",
  indexes: [["name"]],
  events: {
    created: { on: "create", doc: "An article is in the catalogue.", data },
    updated: { on: "update", doc: "An article of the catalogue was changed.", data },
    deleted: { on: "delete", doc: "An article is no longer in the catalogue.", data },
  },
  create: command({
    on: "collection",
    doc: "Adds an article to the catalogue. A number that is there already is refused (`already_exists`): change that article.",
    roles: ["shop"],
    input: goodInput,
    output: "row",
    load: ({ input }) => ({ known: rowOf(declared, goodIdOf(input.sku)) }),
    run: (ctx, { input, loaded: { known } }) =>
      known === undefined
        ? ctx.created(ctx.table(self).insert({ id: goodIdOf(input.sku), ...input }))
        : ctx.refuse("already_exists", undefined, { fields: { sku: ["duplicate"] } }),
  }),
}));
