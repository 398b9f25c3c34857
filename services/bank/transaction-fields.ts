/** Fields of a transaction. */
import { declare, type RowOf, t } from "pons";

/** Most legs of one transaction. */
export const legsMax = 500;

const staff = ["teller", "supervisor", "auditor"] as const;

export const transactionFields = {
  id: t.id("txn", { client: true, doc: "May be chosen by the client; makes repeating the call safe for good." }),
  legs: t.integer({ write: "never", doc: "How many transfers it is made of." }),
  reference: t.string({ optional: true, maxLength: 140, write: "create", doc: "What it is for.", example: "Payroll 2026-11" }),
  results: t.array(
    t.object({
      transfer: t.ref("transfers"),
      seq: t.integer(),
      debitBalance: t.money(),
      debitVersion: t.integer(),
      creditBalance: t.money(),
      creditVersion: t.integer(),
    }),
    {
      optional: true,
      write: "never",
      read: staff,
      filter: false,
      maxItems: legsMax,
      doc: "Each leg's transfer, with both balances after it.",
    },
  ),
  digest: t.string({ optional: true, maxLength: 64, write: "never", read: [], filter: false, doc: "Of what was asked." }),
  subject: t.string({ optional: true, maxLength: 64, write: "never", read: staff, doc: "Customer who asked; absent for staff." }),
  createdAt: t.dateTime({ set: "created", index: true }),
};

export type Transaction = RowOf<typeof transactionFields>;

export const transactions = declare("transactions", { doc: "Transfers that were posted together.", fields: transactionFields });
