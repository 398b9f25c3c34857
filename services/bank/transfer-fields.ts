/** Fields of a transfer, the row of the ledger's log. */
import { declare, type RowOf, t } from "pons";
import { kinds, phases } from "./outcomes.ts";

/** For staff only: each side's owner may know one of them, never the other's. */
const result = { write: "never", read: ["teller", "supervisor", "auditor"], filter: false } as const;

export const transferFields = {
  id: t.id("trf", { client: true, doc: "May be chosen by the client; makes repeating the call safe for good." }),
  seq: t.integer({ set: "sequence", doc: "1, 2, 3 … in order of commit." }),
  debit: t.ref("accounts", { write: "create", doc: "Account the money leaves." }),
  credit: t.ref("accounts", { write: "create", doc: "Account the money reaches." }),
  amount: t.money({
    write: "create",
    currency: "currency",
    doc: "Minor units; greater than zero where money moves, zero where a hold only reserves or gives back.",
    example: 1250,
  }),
  currency: t.currency({ write: "create", doc: "That of both accounts.", example: "EUR" }),
  kind: t.enum(kinds, { default: "payment", write: "create", doc: "Customers make payments; staff all of them." }),
  reference: t.string({
    optional: true,
    maxLength: 140,
    write: "create",
    doc: "What it is for, for both sides.",
    example: "Invoice 2026-117",
  }),
  effectiveAt: t.dateTime({ write: "create", index: true, doc: "Value date; the moment of posting unless given." }),
  phase: t.enum(phases, {
    default: "posted",
    write: "never",
    doc: "`posted`: the money moved at once. The others belong to a hold.",
  }),
  pending: t.money({
    default: 0n,
    write: "never",
    currency: "currency",
    doc: "By how much it changed what is reserved: more than zero for a hold, less for a capture or a void.",
  }),
  transaction: t.ref("transactions", { optional: true, write: "never", doc: "The transaction whose leg it is." }),
  hold: t.ref("holds", { optional: true, write: "never", doc: "The hold it belongs to." }),
  reverses: t.string({ optional: true, maxLength: 64, write: "never", filter: false, doc: "The transfer that it takes back." }),
  debitBalance: t.money({ ...result, currency: "currency", doc: "Balance of the debited account after this transfer." }),
  debitVersion: t.integer({ ...result, doc: "Version of the debited account after this transfer." }),
  creditBalance: t.money({ ...result, currency: "currency", doc: "Balance of the credited account after this transfer." }),
  creditVersion: t.integer({ ...result, doc: "Version of the credited account after this transfer." }),
  createdAt: t.dateTime({ set: "created", index: true }),
};

export type Transfer = RowOf<typeof transferFields>;

export const transfers = declare("transfers", {
  doc: "Money moved from one account to another; never changed, never deleted.",
  fields: transferFields,
});
