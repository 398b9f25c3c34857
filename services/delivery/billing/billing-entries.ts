/** What is billed, by the time it was handed over. */
import { and, gte, lt, resource, t } from "pons";
import { externalId, shipperId } from "../orders/order-fields.ts";
import { billingEntries as declared, billingFields } from "./billing-fields.ts";

/** Entries of one answer. */
const entriesMax = 5_000;

const { service, amount, currency } = billingFields;

export const billingEntries = resource(declared, ({ self, all, sum, count, query }) => ({
  rows: { shop: all, warehouse: all, manager: all },
  appendOnly: true,
  sortBy: "billedAt.desc",
  stats: {
    byService: {
      doc: "What was billed per service.",
      group: ["service", "currency"],
      measures: { entries: count(), amount: sum("amount") },
    },
  },
  functions: {
    between: query({
      on: "collection",
      doc: `What was billed from a moment on and before another; at most ${entriesMax} entries.`,
      roles: ["shop", "manager"],
      input: { begin: t.dateTime({ doc: "From here on." }), end: t.dateTime({ doc: "Before here." }) },
      output: {
        items: t.array(t.object({ externalId, shipperId, service, amount, currency, billedAt: t.dateTime() }), {
          maxItems: entriesMax,
        }),
      },
      refusals: {
        invalid_period: { status: 422, doc: "The period ends before it begins." },
        period_too_long: { status: 422, doc: "The period has more entries than one answer: ask for a shorter one." },
      },
      run: async (ctx, { input: { begin, end } }) => {
        if (end <= begin) return ctx.refuse("invalid_period");
        const found = await ctx
          .table(self)
          .find((row) => and(gte(row.billedAt, begin), lt(row.billedAt, end)), { limit: entriesMax + 1, sortBy: "billedAt" });
        if (found.length > entriesMax) return ctx.refuse("period_too_long", { most: entriesMax });
        return {
          items: found.map((row) => ({
            externalId: row.externalId,
            shipperId: row.shipperId,
            service: row.service,
            amount: row.amount,
            currency: row.currency,
            billedAt: row.billedAt,
          })),
        };
      },
    }),
  },
}));
