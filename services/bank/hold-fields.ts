/** Fields of a hold. */
import { declare, type RowOf, t } from "pons";
import { countedField } from "./risk/release.ts";

export const holdDaysDefault = 7;
export const holdDaysMax = 90;

const money = (doc: string) => t.money({ default: 0n, min: 0n, write: "never", currency: "currency", doc });

export const holdFields = {
  id: t.id("hld", { client: true, doc: "May be chosen by the client; makes repeating the call safe for good." }),
  debit: t.ref("accounts", { write: "create", doc: "Account on which the money is reserved." }),
  credit: t.ref("accounts", { write: "create", doc: "Account that a capture pays." }),
  currency: t.currency({ write: "create", doc: "That of both accounts.", example: "EUR" }),
  amount: money("All that was ever reserved, in minor units."),
  authorized: money("What was asked for at first."),
  captured: money("What has moved."),
  remaining: money("What is still reserved."),
  status: t.enum(["active", "captured", "voided", "expired"], { default: "active", write: "never", index: true }),
  reference: t.string({ optional: true, maxLength: 140, write: "create", doc: "What it is for.", example: "Order 117" }),
  expiresAt: t.dateTime({ write: "create", doc: "When what remains is given back by itself." }),
  releaseAt: t.dateTime({ optional: true, write: "never", read: [], filter: false, doc: "The same while the hold is active." }),
  counted: countedField,
  version: t.integer({ set: "version", doc: "Counts changes." }),
  createdAt: t.dateTime({ set: "created", index: true }),
};

export type Hold = RowOf<typeof holdFields>;

export const holds = declare("holds", { doc: "Money reserved on an account.", fields: holdFields });
