/** Fields of a merchant. */
import { type RowOf, t } from "pons";

export const nameLengthMax = 200;

const staff = ["teller", "supervisor", "auditor"] as const;

export const merchantFields = {
  id: t.id("mer"),
  customer: t.ref("customers", { write: "never", doc: "Who trades." }),
  name: t.string({
    minLength: 1,
    maxLength: nameLengthMax,
    index: true,
    doc: "What the business is called.",
    example: "Corner Bakery",
  }),
  account: t.ref("accounts", { write: "never", doc: "The merchant's account: what was settled is there." }),
  receivable: t.ref("accounts", { write: "never", doc: "Account that payments to the merchant are made to." }),
  currency: t.currency({ write: "never", index: true, doc: "Of both accounts.", example: "EUR" }),
  feeBasisPoints: t.integer({ default: 0, min: 0, max: 10_000, doc: "Fee in hundredths of a per cent.", example: 150 }),
  feeFixed: t.money({ default: 0n, min: 0n, max: 10n ** 9n, currency: "currency", doc: "Fee for each sale.", example: 10 }),
  status: t.enum(["pending", "active", "suspended"], { default: "pending", write: "never", index: true }),
  payoutAccount: t.string({
    optional: true,
    maxLength: 34,
    filter: false,
    read: ["customer", "teller", "supervisor"],
    mask: "last4",
    doc: "IBAN of the account outside the bank that payouts go to.",
    example: "MT84MALT011000012345MTLCAST001S",
  }),
  schedule: t.enum(["manual", "daily"], {
    default: "manual",
    write: "never",
    doc: "Daily: settled by itself after midnight, UTC.",
  }),
  settleAt: t.dateTime({ optional: true, write: "never", read: staff, doc: "When it is settled next by itself." }),
  settledSeq: t.integer({ default: 0, write: "never", doc: "Last transfer of the log that was settled." }),
  carriedGross: t.money({
    default: 0n,
    write: "never",
    currency: "currency",
    doc: "Of settlements that came to nothing, to be settled with the next one.",
  }),
  carriedSales: t.integer({ default: 0, write: "never", doc: "Sales in it." }),
  version: t.integer({ set: "version", doc: "Counts changes." }),
  createdAt: t.dateTime({ set: "created", index: true }),
};

export type Merchant = RowOf<typeof merchantFields>;
