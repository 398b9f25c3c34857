/** States that orders went through: only ever added. Shops ask for what is new since they last asked, as with numbers. */
import { and, eq, gt, resource, t } from "pons";
import { newestMoment, pageMax, pageOf } from "../moments.ts";
import { everybody } from "../roles.ts";
import { since, watermark } from "../tracking/tracking-numbers.ts";
import { externalId, shipperId } from "./order-fields.ts";
import { stateNumbers } from "./states.ts";
import { statuses as declared, statusFields } from "./status-fields.ts";

const { state, isCompleted, happenedAt, comment } = statusFields;

export const statuses = resource(declared, ({ all, filter, query, self }) => ({
  rows: { shop: all, warehouse: all, manager: all },
  appendOnly: true,
  sortBy: "at.desc",
  indexes: [["isCompleted", "at"]],
  filters: { completed: filter((row) => eq(row.isCompleted, true)) },
  functions: {
    changes: query({
      on: "collection",
      doc: `States that were noted since, oldest first; at most ${pageMax}: ask again until there are none.`,
      roles: everybody,
      input: { since, onlyCompleted: t.boolean({ default: false, doc: "Only states that nothing follows." }) },
      output: {
        watermark,
        statuses: t.array(
          t.object({
            externalId,
            shipperId,
            stateNumber: t.integer({ doc: "10 created … 100 lost." }),
            state,
            isCompleted,
            happenedAt,
            comment,
          }),
          { maxItems: pageMax },
        ),
      },
      run: async (ctx, { input }) => {
        const from = input.since ?? "0001-01-01T00:00:00.000Z";
        const found = await ctx
          .table(self)
          .find((row) => (input.onlyCompleted ? and(eq(row.isCompleted, true), gt(row.at, from)) : gt(row.at, from)), {
            limit: pageMax,
            sortBy: "at",
          });
        const page = pageOf(found, input.since, found.length === 0 ? await newestMoment(ctx) : null);
        return {
          watermark: page.watermark,
          statuses: page.rows.map((row) => ({
            externalId: row.externalId,
            shipperId: row.shipperId,
            stateNumber: stateNumbers[row.state],
            state: row.state,
            isCompleted: row.isCompleted,
            happenedAt: row.happenedAt,
            comment: row.comment,
          })),
        };
      },
    }),
  },
}));
