/**
 * Numbers that parcels are followed by. Shops ask for what was bound or superseded since they last asked (`since`): a superseded number comes again,
 * inactive, together with the one that took its place.
 */
import { eq, gt, resource, t } from "pons";
import { newestMoment, pageMax, pageOf } from "../moments.ts";
import { everybody } from "../roles.ts";
import { externalId, shipperId } from "../orders/order-fields.ts";
import { number, trackingNumbers as declared } from "./tracking-fields.ts";

export const since = t.dateTime({
  optional: true,
  doc: "The moment that the last answer gave; without it everything from the beginning.",
});

export const watermark = t.dateTime({
  optional: true,
  doc: "From where to ask next. Nothing that is committed later comes before it; absent where nothing was ever told.",
});

const data = { trackingNumber: t.ref("trackingNumbers"), order: t.ref("orders"), externalId, shipperId, number };

export const trackingNumbers = resource(declared, ({ all, filter, query, self }) => ({
  rows: { shop: all, warehouse: all, manager: all },
  sortBy: "at.desc",
  events: {
    bound: { doc: "A number counts for its order.", data },
    superseded: { doc: "A number counts no more: another took its place, or the order was cancelled.", data },
  },
  filters: { active: filter(({ isActive }) => eq(isActive, true)) },
  functions: {
    changes: query({
      on: "collection",
      doc: `What was bound or superseded since, oldest first; at most ${pageMax} numbers: ask again until there are none.`,
      roles: everybody,
      input: { since },
      output: {
        watermark,
        numbers: t.array(t.object({ externalId, shipperId, number, isActive: t.boolean() }), { maxItems: pageMax }),
      },
      run: async (ctx, { input }) => {
        const found = await ctx.table(self).find((row) => gt(row.at, input.since ?? "0001-01-01T00:00:00.000Z"), {
          limit: pageMax,
          sortBy: "at",
        });
        const page = pageOf(found, input.since, found.length === 0 ? await newestMoment(ctx) : null);
        return {
          watermark: page.watermark,
          numbers: page.rows.map((row) => ({
            externalId: row.externalId,
            shipperId: row.shipperId,
            number: row.number,
            isActive: row.isActive,
          })),
        };
      },
    }),
  },
}));
