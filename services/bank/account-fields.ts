/** Accounts as others refer to them: their fields. What may be done with them is in `accounts.ts`. */
import { declare, t } from "pons";

/** Greatest overdraft and greatest cap, in minor units: far enough from the end of a 64-bit counter that no sum of them overflows. */
export const accountLimitMax = 10n ** 17n;

const counter = (doc: string) => t.money({ default: 0n, min: 0n, write: "never", currency: "currency", doc });

export const accountName = t.string({
  minLength: 1,
  maxLength: 255,
  doc: "What the owner calls it.",
  example: "Savings for the boat",
});
export const accountCurrency = t.currency({ write: "create", index: true, doc: "ISO 4217; one the bank keeps.", example: "EUR" });
export const overdraftLimit = t.money({
  default: 0n,
  min: 0n,
  max: accountLimitMax,
  write: "create",
  currency: "currency",
  doc: "How far the balance may fall below zero.",
  example: 50000,
});
export const maxBalance = t.money({
  optional: true,
  min: 1n,
  max: accountLimitMax,
  write: "create",
  currency: "currency",
  doc: "The balance may not rise above it.",
  example: 10000000,
});

const fields = {
  id: t.id("acc"),
  customer: t.ref("customers", { optional: true, write: "never", doc: "Owner. Absent on house accounts." }),
  kind: t.enum(["customer", "house"], { default: "customer", write: "never", doc: "House accounts belong to the bank." }),
  purpose: t.string({
    optional: true,
    maxLength: 32,
    write: "never",
    read: ["teller", "supervisor", "auditor"],
    doc: "What a house account is for.",
  }),
  name: accountName,
  currency: accountCurrency,
  debitsPosted: counter("All that was ever debited."),
  creditsPosted: counter("All that was ever credited."),
  debitsPending: counter("Reserved by holds that will debit."),
  creditsPending: counter("Announced by holds that will credit."),
  balance: t.money({ default: 0n, write: "never", currency: "currency", index: true, doc: "Credits posted less debits posted." }),
  overdraftLimit,
  maxBalance,
  status: t.enum(["active", "frozen", "closed"], { default: "active", write: "never", index: true }),
  frozenReason: t.text({
    optional: true,
    write: "never",
    read: ["teller", "supervisor", "auditor"],
    filter: false,
    doc: "Why it is frozen.",
  }),
  iban: t.string({ write: "never", unique: true, read: ["customer", "teller", "supervisor"], mask: "last4", doc: "ISO 13616." }),
  version: t.integer({ set: "version", doc: "Counts changes, postings among them." }),
  createdAt: t.dateTime({ set: "created", index: true }),
};

export const accounts = declare("accounts", { doc: "Money held in one currency.", fields });
