/** Fields of an investment. */
import { type RowOf, t } from "pons";

const money = (doc: string) => t.money({ default: 0n, write: "never", currency: "currency", doc });

export const investmentFields = {
  id: t.id("inv", { client: true, doc: "May be chosen by the client; makes repeating the call safe for good." }),
  deal: t.ref("deals", { write: "create", doc: "What it is invested in." }),
  customer: t.ref("customers", { write: "never", doc: "Who invests." }),
  account: t.ref("accounts", { write: "create", doc: "The investor's account: the money comes from there and returns to it." }),
  currency: t.currency({ write: "never", doc: "Of the account.", example: "EUR" }),
  amount: t.money({ write: "create", currency: "currency", doc: "Minor units, greater than zero.", example: 50000 }),
  share: t.decimal({
    scale: 9,
    write: "never",
    doc: "Of the deal's target, to nine digits; what is paid goes by the amounts.",
    example: "0.05",
  }),
  hold: t.ref("holds", { write: "never", doc: "What reserves the money until the deal is funded." }),
  status: t.enum(["held", "withdrawn", "voided", "invested", "repaid"], { default: "held", write: "never", index: true }),
  interest: money("What it earns, once the deal is funded."),
  interestPaid: money("What was paid of it."),
  principalPaid: money("What was paid back of the amount."),
  version: t.integer({ set: "version", doc: "Counts changes." }),
  createdAt: t.dateTime({ set: "created", index: true }),
};

export type Investment = RowOf<typeof investmentFields>;

const shareScale = 10n ** 9n;

/** `shareOf(1n, 3n)` → "0.333333333", cut, not rounded; the amount is at most the target. */
export const shareOf = (amount: bigint, target: bigint): string => {
  const scaled = (amount * shareScale) / target;
  return `${scaled / shareScale}.${String(scaled % shareScale).padStart(9, "0")}`;
};
