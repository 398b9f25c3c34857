/** The fee of a payment, before it is made, by the same schedules that it is charged by. See `fees/fee-for.ts`. */
import { notNull, query, t } from "pons";
import { amountMax, assets, exponentOf, isKept } from "./assets.ts";
import { feeFor, reaches } from "./fees/fee-for.ts";
import { feeSchedules } from "./fees/fee-schedules.ts";
import { schedulesFor } from "./fees/standard-tariff.ts";

const amount = t.money({ currency: "currency", doc: "Minor units, greater than zero.", example: 123456 });
const currency = t.currency({ doc: "ISO 4217; one the bank keeps.", example: "EUR" });
const kind = t.enum(reaches, { default: "domestic", doc: "Where the money goes: within the bank, the country, or abroad." });

export const quoteFee = query({
  doc: "Says what a payment would cost. Nothing is charged or reserved.",
  roles: ["customer", "teller", "supervisor", "auditor"],
  input: { amount, currency, kind },
  output: {
    amount,
    currency,
    kind,
    fee: t.money({ currency: "currency", doc: "Minor units.", example: 652 }),
    total: t.money({
      currency: "currency",
      doc: "What the payment takes from the account: the amount, and the fee unless the other side pays it.",
      example: 124108,
    }),
    exponent: t.integer({ doc: "Digits after the point of the currency.", example: 2 }),
  },
  refusals: {
    invalid_amount: { status: 400, doc: "The amount must be greater than zero." },
    invalid_currency: { status: 400, doc: "The bank keeps no accounts in this currency." },
    overflow: { status: 422, doc: "The account's counters cannot hold the amount." },
  },
  run: async (ctx, { input }) => {
    if (input.amount <= 0n) return ctx.refuse("invalid_amount");
    // At most 1,000 rows each: both are kept in memory by the writer.
    const [kept, own] = await Promise.all([
      ctx.table(assets).find(({ id }) => notNull(id)),
      ctx.table(feeSchedules).find(({ id }) => notNull(id)),
    ]);
    if (!isKept(input.currency, kept)) return ctx.refuse("invalid_currency", { currency: input.currency });
    const charge = feeFor(schedulesFor(own, input.kind, input.currency), {
      kind: "payment",
      reach: input.kind,
      currency: input.currency,
      amount: input.amount,
      now: ctx.now,
    });
    const fee = charge?.fee ?? 0n;
    const total = charge?.schedule.payer === "credit" ? input.amount : input.amount + fee;
    if (total > amountMax) return ctx.refuse("overflow");
    return { ...input, fee, total, exponent: exponentOf(input.currency) };
  },
});
