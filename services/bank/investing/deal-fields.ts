/** Fields of a deal. */
import { type RowOf, t } from "pons";

/** Longest time a deal is open: what investors put into it is reserved by holds, which last 90 days at most. */
export const openDaysMax = 60;
/** Most investments of one deal. It follows from the terms: the target is at most so many times the least investment. */
export const investmentsMax = 500;

const staff = ["teller", "supervisor", "auditor"] as const;

const money = (doc: string) => t.money({ default: 0n, write: "never", currency: "currency", doc });

export const dealFields = {
  id: t.id("deal"),
  title: t.string({ minLength: 1, maxLength: 140, write: "never", doc: "What the money is for.", example: "A second oven" }),
  borrower: t.ref("customers", { write: "never", read: staff, doc: "Who borrows." }),
  account: t.ref("accounts", { write: "never", read: staff, doc: "The borrower's account: is paid the money and pays it back." }),
  currency: t.currency({ write: "never", index: true, doc: "Of the account.", example: "EUR" }),
  target: t.money({ write: "never", currency: "currency", doc: "What is wanted: exactly that, or nothing.", example: 1000000 }),
  minInvestment: t.money({
    write: "never",
    currency: "currency",
    doc: "Least investment. The one that reaches the target may be less.",
    example: 10000,
  }),
  rateBasisPoints: t.integer({ write: "never", doc: "Simple interest a year, in hundredths of a per cent.", example: 650 }),
  termMonths: t.integer({ write: "never", doc: "Over how many months.", example: 12 }),
  fee: money("What the borrower owes the bank for it."),
  interest: money("What the borrower owes the investors beside the principal."),
  opensAt: t.dateTime({ write: "never", doc: "Investing is possible from then on." }),
  closesAt: t.dateTime({ write: "never", doc: "Until then. What is not funded by then is voided." }),
  closeAt: t.dateTime({ optional: true, write: "never", read: [], filter: false, doc: "The same while it is open." }),
  status: t.enum(["open", "funded", "voided", "repaying", "repaid"], { default: "open", write: "never", index: true }),
  invested: money("What investors have put into it."),
  investmentCount: t.integer({ default: 0, write: "never", doc: "How many investments that is." }),
  feePaid: money("Of the fee."),
  interestPaid: money("Of the interest."),
  principalPaid: money("Of the principal."),
  transaction: t.ref("transactions", { optional: true, write: "never", read: staff, doc: "The transaction that funded it." }),
  fundedAt: t.dateTime({ optional: true, write: "never", doc: "When it was funded." }),
  reason: t.string({ optional: true, maxLength: 140, write: "never", doc: "Why it was voided." }),
  version: t.integer({ set: "version", doc: "Counts changes." }),
  createdAt: t.dateTime({ set: "created", index: true }),
};

export type Deal = RowOf<typeof dealFields>;
