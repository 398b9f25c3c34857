/** Repayments: what borrowers paid on their deals, and what it was split into. They are only ever added; `deals.repay` makes them. */
import { eq, related, resource, t } from "pons";

const money = (doc: string) => t.money({ currency: "currency", doc });

export const repaymentFields = {
  id: t.id("rpm", { client: true, doc: "May be chosen by the client; makes repeating the call safe for good." }),
  deal: t.ref("deals", { doc: "What is paid back." }),
  currency: t.currency({ doc: "Of the amounts.", example: "EUR" }),
  amount: money("What was paid, in minor units."),
  fee: money("Of it for the bank."),
  interest: money("Of it interest for the investors."),
  principal: money("Of it principal for the investors."),
  left: money("What is still owed after it."),
  transaction: t.ref("transactions", { doc: "The transaction that paid it." }),
  createdAt: t.dateTime({ set: "created", index: true }),
};

export const repayments = resource(
  "repayments",
  { doc: "What borrowers paid on their deals.", fields: repaymentFields },
  ({ rows, all }) => ({
    rows: {
      customer: rows((row, caller) => eq(related(row.deal, "borrower"), caller.subject)),
      teller: all,
      supervisor: all,
      auditor: all,
    },
    appendOnly: true,
    sortBy: "createdAt.desc",
  }),
);
