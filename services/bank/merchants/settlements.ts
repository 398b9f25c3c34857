/**
 * Settlements: what a merchant's payments came to in a range of the log, and what was paid out of it. Ranges of one merchant follow one another without
 * a gap and never overlap. They are only ever added; `merchants.settle` makes them.
 */
import { eq, related, resource, t } from "pons";

const money = (doc: string) => t.money({ currency: "currency", doc });

export const settlementFields = {
  id: t.id("set"),
  merchant: t.ref("merchants", { doc: "Whose sales they are." }),
  currency: t.currency({ doc: "Of the amounts.", example: "EUR" }),
  status: t.enum(["posted", "carried"], {
    index: true,
    doc: "Carried: nothing was left to pay; it is settled with the next one.",
  }),
  fromSeq: t.integer({ doc: "First entry of the log in it." }),
  toSeq: t.integer({ doc: "Last entry of the log in it: the cut-off." }),
  sales: t.integer({ doc: "Transfers to the receivable account." }),
  salesAmount: money("What they come to."),
  refunds: t.integer({ doc: "Transfers from the receivable account." }),
  refundsAmount: money("What they come to."),
  gross: money("Sales less refunds."),
  carriedGross: money("Carried from the settlements before."),
  carriedSales: t.integer({ doc: "Sales in it." }),
  feeBasisPoints: t.integer({ doc: "Terms at the time." }),
  feeFixed: money("Terms at the time, for each sale."),
  due: money("What was settled: gross and what was carried. Zero when it is carried on."),
  fee: money("What the bank keeps."),
  net: money("What the merchant got."),
  transaction: t.ref("transactions", { optional: true, doc: "The transaction that paid it." }),
  legs: t.integer({ doc: "Transfers in the transaction." }),
  postedSeq: t.integer({ optional: true, doc: "Last of them in the log." }),
  createdAt: t.dateTime({ set: "created", index: true }),
};

export const settlements = resource(
  "settlements",
  { doc: "What merchants' payments came to, and what was paid of it.", fields: settlementFields },
  ({ rows, all, filter, sum, count }) => ({
    rows: {
      customer: rows((row, caller) => eq(related(row.merchant, "customer"), caller.subject)),
      teller: all,
      supervisor: all,
      auditor: all,
    },
    appendOnly: true,
    sortBy: "createdAt.desc",
    indexes: [{ fields: ["merchant", "toSeq"], unique: true }, ["merchant", "postedSeq"]],
    filters: { carried: filter(({ status }) => eq(status, "carried")) },
    stats: {
      byCurrency: {
        doc: "What was settled and earned per currency.",
        group: ["currency", "status"],
        measures: { settlements: count(), due: sum("due"), fee: sum("fee"), net: sum("net") },
      },
    },
  }),
);
