/**
 * Merchants: customers who take payments. A payment to a merchant is a transfer to its receivable account, which the bank keeps for it: so that the money
 * leaves it by settlement, net of fees, or by refund, and in no other way the merchant could choose. What is settled is on the merchant's own account, and
 * goes out of the bank by payout.
 *
 * A teller onboards a merchant whose owner's identity is known, a supervisor activates it.
 */
import { eq, resource, rowOf, rowsOf, t } from "pons";
import { accounts } from "../account-fields.ts";
import { customers } from "../customer-fields.ts";
import { derivedId } from "../derived-id.ts";
import { ibanOf, isIban } from "../iban.ts";
import { reversalIdOf, reversalRefusals, reverseTransfers } from "../reversals.ts";
import { transfers } from "../transfer-fields.ts";
import { merchantFields as fields, nameLengthMax } from "./merchant-fields.ts";
import { paymentsInput, paymentsOf, paymentsOutput } from "./payments.ts";
import { nextSettleAt } from "./settle-at.ts";
import { settle, settleRefusals } from "./settle.ts";
import { settlementFields } from "./settlements.ts";

const notActive = { merchant_not_active: { status: 422, doc: "The merchant is not active." } } as const;
const invalidIban = { invalid_iban: { status: 400, doc: "The check digits of the IBAN are wrong." } } as const;

const { name, feeBasisPoints, feeFixed, payoutAccount, schedule } = fields;
const { fromSeq, toSeq, sales, refunds, gross, due, fee, net, status: settlementStatus } = settlementFields;

export const merchants = resource(
  "merchants",
  { doc: "Customers who take payments.", fields },
  ({ self, own, all, filter, count, many, command, query, guard, due: dueWork }) => ({
    rows: { customer: own("customer"), teller: all, supervisor: all, auditor: all },
    access: { update: ["supervisor"], replace: [] },
    relations: { settlements: many("settlements"), payouts: many("payouts") },
    sortBy: "name",
    filters: { active: filter(({ status }) => eq(status, "active")) },
    stats: { byStatus: { doc: "Merchants per status.", group: ["status"], measures: { merchants: count() } } },
    events: {
      onboarded: { doc: "A merchant was taken on.", data: { merchant: t.ref("merchants"), customer: t.ref("customers") } },
      activated: { doc: "A merchant may trade.", data: { merchant: t.ref("merchants") } },
      suspended: { doc: "A merchant was stopped.", data: { merchant: t.ref("merchants"), reason: t.text() } },
      settled: { doc: "A merchant was settled.", data: { merchant: t.ref("merchants"), settlement: t.ref("settlements") } },
      notSettled: {
        doc: "A merchant could not be settled by itself; it is tried again the next day.",
        data: { merchant: t.ref("merchants"), reason: t.string() },
      },
      refunded: {
        doc: "A payment to a merchant was taken back.",
        data: { merchant: t.ref("merchants"), transfer: t.ref("transfers"), refund: t.ref("transfers") },
      },
    },
    refusals: invalidIban,
    guard: {
      update: guard((ctx, { changes }) =>
        typeof changes.payoutAccount !== "string" || isIban(changes.payoutAccount) ? undefined : ctx.refuse("invalid_iban"),
      ),
    },
    due: dueWork({
      doc: "Settles what merchants took until now, every day.",
      at: "settleAt",
      run: async (ctx, { row }) => {
        const settled = await settle(ctx, row, null);
        if (settled.ok) {
          ctx.emit("settled", { merchant: row.id, settlement: settled.settlement.id });
        } else if (settled.type !== "nothing_to_settle") {
          ctx.emit("notSettled", { merchant: row.id, reason: settled.type });
        }
        // What is left of a long range is settled in the next batch.
        const settleAt = settled.ok && settled.more ? ctx.now : nextSettleAt(ctx.now);
        ctx.table(self).update(row.id, { ...(settled.ok ? settled.changes : {}), settleAt });
      },
    }),
    functions: {
      onboard: command({
        on: "collection",
        doc: "Takes a customer on as a merchant, and opens the account that payments are made to. A supervisor has to activate it.",
        roles: ["teller", "supervisor"],
        input: {
          customer: t.ref("customers", { doc: "Who trades; identified at least at the basic tier." }),
          account: t.ref("accounts", {
            doc: "The customer's account that is paid what was settled; its currency is the merchant's.",
          }),
          name: t.string({ minLength: 1, maxLength: nameLengthMax, doc: name.options.doc, example: "Corner Bakery" }),
          feeBasisPoints,
          feeFixed,
          payoutAccount: t.string({ optional: true, maxLength: 34, doc: payoutAccount.options.doc }),
          schedule: t.enum(["manual", "daily"], { default: "manual", doc: schedule.options.doc }),
        },
        output: "row",
        refusals: {
          ...invalidIban,
          customer_not_found: { status: 404, doc: "There is no such customer." },
          account_not_found: { status: 404, doc: "The customer has no such account." },
          customer_not_active: { status: 422, doc: "The customer is not active." },
          kyc_required: { status: 403, doc: "The customer has to be verified first." },
          account_closed: { status: 422, doc: "The account is closed." },
          account_frozen: { status: 422, doc: "The account is frozen." },
        },
        load: ({ input }) => ({ owner: rowOf(customers, input.customer), account: rowOf(accounts, input.account) }),
        run: (ctx, { input, loaded: { owner, account } }) => {
          if (input.payoutAccount !== null && !isIban(input.payoutAccount)) return ctx.refuse("invalid_iban");
          if (owner === undefined) return ctx.refuse("customer_not_found");
          if (account === undefined || account.customer !== owner.id) return ctx.refuse("account_not_found");
          if (owner.status !== "active") return ctx.refuse("customer_not_active", { status: owner.status });
          if (owner.kycTier === "none") return ctx.refuse("kyc_required");
          if (account.status !== "active") return ctx.refuse(`account_${account.status}`, { account: account.id });
          const id = ctx.id(self);
          const receivable = derivedId("acc", `receivable of ${id}`);
          const { currency } = account;
          ctx.table(accounts).insert({
            id: receivable,
            kind: "house",
            purpose: "receivable",
            name: `Receivable of ${input.name}`,
            currency,
            iban: ibanOf(receivable),
          });
          const row = ctx.table(self).insert({ ...input, id, receivable, currency });
          ctx.emit("onboarded", { merchant: id, customer: owner.id });
          return ctx.created(row);
        },
      }),
      activate: command({
        on: "item",
        doc: "Lets a merchant settle and be paid out.",
        roles: ["supervisor"],
        refusals: { merchant_active: { status: 422, doc: "The merchant is active already." } },
        run: (ctx, { row }) => {
          if (row.status === "active") return ctx.refuse("merchant_active");
          ctx.emit("activated", { merchant: row.id });
          const settleAt = row.schedule === "daily" ? nextSettleAt(ctx.now) : null;
          return ctx.table(self).update(row.id, { status: "active", settleAt });
        },
      }),
      suspend: command({
        on: "item",
        doc: "Stops settlement and payouts of a merchant. Payments to it are still collected.",
        roles: ["teller", "supervisor"],
        input: { reason: t.text({ minLength: 1, maxLength: 500, doc: "Why.", example: "Many chargebacks" }) },
        refusals: notActive,
        run: (ctx, { row, input }) => {
          if (row.status !== "active") return ctx.refuse("merchant_not_active", { status: row.status });
          ctx.emit("suspended", { merchant: row.id, reason: input.reason });
          return ctx.table(self).update(row.id, { status: "suspended", settleAt: null });
        },
      }),
      settle: command({
        on: "item",
        doc: "Pays a merchant what it took since the last settlement up to a cut-off, net of fees.",
        roles: ["teller", "supervisor"],
        input: {
          cutOffSeq: t.integer({
            optional: true,
            min: 0,
            doc: "Last entry of the log to settle; the newest unless given. The entries of a settlement itself are never parted.",
          }),
        },
        output: {
          settlement: t.ref("settlements", { doc: "What it came to." }),
          status: settlementStatus,
          fromSeq,
          toSeq,
          sales,
          refunds,
          gross,
          due,
          fee,
          net,
          more: t.boolean({ doc: "The cut-off was not reached: call again." }),
        },
        refusals: { ...settleRefusals, ...notActive },
        run: async (ctx, { row, input }) => {
          if (row.status !== "active") return ctx.refuse("merchant_not_active", { status: row.status });
          const settled = await settle(ctx, row, input.cutOffSeq);
          if (!settled.ok) return ctx.refuse(settled.type, settled.details);
          const { id, createdAt: _, ...settlement } = settled.settlement;
          ctx.table(self).update(row.id, settled.changes);
          ctx.emit("settled", { merchant: row.id, settlement: id });
          return {
            settlement: id,
            status: settlement.status,
            fromSeq: settlement.fromSeq,
            toSeq: settlement.toSeq,
            sales: settlement.sales,
            refunds: settlement.refunds,
            gross: settlement.gross,
            due: settlement.due,
            fee: settlement.fee,
            net: settlement.net,
            more: settled.more,
          };
        },
      }),
      payments: query({
        on: "item",
        doc: "What was paid to the merchant, and out of what was, newest first.",
        roles: ["customer", "teller", "supervisor", "auditor"],
        input: paymentsInput,
        output: paymentsOutput,
        run: (ctx, { row, input }) => paymentsOf(ctx, row, input),
      }),
      refund: command({
        on: "item",
        doc: "Takes a payment to the merchant back, once and whole, out of what was not settled yet.",
        roles: ["customer", "teller", "supervisor"],
        input: {
          transfer: t.ref("transfers", { doc: "The payment." }),
          reason: t.string({ minLength: 1, maxLength: 140, doc: "Why; the payer reads it.", example: "Returned goods" }),
        },
        output: {
          refund: t.ref("transfers", { doc: "The transfer that takes it back." }),
          amount: t.money({ doc: "What it moved, in minor units." }),
        },
        refusals: {
          ...reversalRefusals,
          payment_not_found: { status: 404, doc: "No such payment was made to the merchant." },
        },
        load: ({ input }) => ({
          payment: rowOf(transfers, input.transfer),
          refund: rowOf(transfers, reversalIdOf(input.transfer)),
        }),
        loadMore: ({ loaded: { payment } }) => ({
          accounts: rowsOf(accounts, payment === undefined ? [] : [payment.debit, payment.credit]),
        }),
        run: async (ctx, { row, input, loaded: { payment } }) => {
          if (payment === undefined || payment.credit !== row.receivable) return ctx.refuse("payment_not_found");
          const reversed = await reverseTransfers(ctx, [payment], input.reason);
          if (!reversed.ok) return ctx.refuse(reversed.type, reversed.details);
          const refund = reversalIdOf(payment.id);
          ctx.emit("refunded", { merchant: row.id, transfer: payment.id, refund });
          return ctx.created({ refund, amount: payment.amount });
        },
      }),
    },
  }),
);
