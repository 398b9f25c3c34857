/**
 * What is billed, by the time it was handed over.
 *
 * An order is priced once, by the tariff that is in force at its hand-over. It has one entry, `unpriced`, of nothing and without a currency, where that
 * tariff has no price for it: no version is in force, the order's way of delivery is not in it any more, does not serve the address, or does not take the
 * parcels (`excluded` of a quote says which). Such an entry is never posted and never priced later: it is there for people to see that something was
 * delivered which nobody pays for, and to settle it by hand.
 */
import { and, eq, gte, lt, type QueryContext, resource, t } from "pons";
import { externalId, shipperId } from "../orders/order-fields.ts";
import { keepsLedger } from "./billing-accounts.ts";
import { type BillingEntry, billingEntries as declared, billingFields } from "./billing-fields.ts";
import { postingFields, postings } from "./posting-fields.ts";

/** Entries of one answer. */
const entriesMax = 5_000;

const { service, amount, currency } = billingFields;
const { transfer } = postingFields;

interface Period {
  readonly begin: string;
  readonly end: string;
}

type Reader = Pick<QueryContext, "table">;

const options = { limit: entriesMax + 1 } as const;

const told = (row: BillingEntry) => ({
  externalId: row.externalId,
  shipperId: row.shipperId,
  service: row.service,
  amount: row.amount,
  currency: row.currency,
  billedAt: row.billedAt,
  transfer: null,
});

/** All that was billed. */
const billed = async (ctx: Reader, { begin, end }: Period) =>
  (
    await ctx
      .table(declared)
      .find((row) => and(gte(row.billedAt, begin), lt(row.billedAt, end)), { ...options, sortBy: "billedAt" })
  ).map(told);

/** What the bank has posted, with its amounts; and what was not priced, which no ledger has. */
const ofLedger = async (ctx: Reader, { begin, end }: Period) => {
  const posted = await ctx
    .table(postings)
    .find((row) => and(gte(row.postedAt, begin), lt(row.postedAt, end)), { ...options, sortBy: "postedAt" });
  const unpriced = await ctx
    .table(declared)
    .find((row) => and(eq(row.service, "unpriced"), gte(row.billedAt, begin), lt(row.billedAt, end)), {
      ...options,
      sortBy: "billedAt",
    });
  const items = posted.map(({ externalId: order, shipperId: shipper, postedAt, ...row }) => ({
    externalId: order,
    shipperId: shipper,
    service: row.service,
    amount: row.amount,
    currency: row.currency,
    billedAt: postedAt ?? "",
    transfer: row.transfer,
  }));
  return [...items, ...unpriced.map(told)].toSorted((one, other) => (one.billedAt < other.billedAt ? -1 : 1));
};

export const billingEntries = resource(declared, ({ all, sum, count, query }) => ({
  rows: { shop: all, warehouse: all, manager: all, treasurer: all },
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
      doc: `What the ledger has from a moment on and before another: the bank's transfers, by the moment when they were noted, and what was not priced. Where no accounts of a bank are named, what was billed. At most ${entriesMax} entries.`,
      roles: ["shop", "manager"],
      input: { begin: t.dateTime({ doc: "From here on." }), end: t.dateTime({ doc: "Before here." }) },
      output: {
        items: t.array(t.object({ externalId, shipperId, service, amount, currency, billedAt: t.dateTime(), transfer }), {
          maxItems: entriesMax,
        }),
      },
      refusals: {
        invalid_period: { status: 422, doc: "The period ends before it begins." },
        period_too_long: { status: 422, doc: "The period has more entries than one answer: ask for a shorter one." },
      },
      run: async (ctx, { input: { begin, end } }) => {
        if (end <= begin) return ctx.refuse("invalid_period");
        const items = (await keepsLedger(ctx)) ? await ofLedger(ctx, { begin, end }) : await billed(ctx, { begin, end });
        return items.length > entriesMax ? ctx.refuse("period_too_long", { most: entriesMax }) : { items };
      },
    }),
  },
}));
