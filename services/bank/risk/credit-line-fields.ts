/** Fields of a credit line. */
import { declare, type RowOf, t } from "pons";

/** Greatest limit, in minor units: that of an account's overdraft. */
export const creditLimitMax = 10n ** 17n;

export const creditLineFields = {
  id: t.id("crl"),
  account: t.ref("accounts", { write: "never", unique: true, doc: "The account that may be overdrawn by it." }),
  customer: t.ref("customers", { write: "never", doc: "Owner of the account." }),
  currency: t.currency({ write: "never", doc: "That of the account." }),
  limit: t.money({
    min: 0n,
    max: creditLimitMax,
    write: "never",
    currency: "currency",
    doc: "By how much it lets the balance fall below zero, beyond the account's own overdraft. Minor units; zero once it is closed.",
    example: 500000,
  }),
  status: t.enum(["active", "closed"], { default: "active", write: "never", index: true }),
  expiresAt: t.dateTime({ optional: true, write: "never", doc: "When it closes by itself." }),
  dueAt: t.dateTime({ optional: true, write: "never", read: [], filter: false, doc: "The same while it is active." }),
  version: t.integer({ set: "version", doc: "Counts changes." }),
  createdAt: t.dateTime({ set: "created" }),
};

export type CreditLine = RowOf<typeof creditLineFields>;

export const creditLines = declare("creditLines", {
  doc: "How much further than its own overdraft an account may be overdrawn.",
  fields: creditLineFields,
});
