/**
 * Deals: money that many customers lend to one. A deal is open for a time; when investors have put in all of the target it is funded, and when they have
 * not by the end it is voided and everybody has the own money back. Then the borrower repays it.
 *
 *   open ─► funded ─► repaying ─► repaid
 *     └───► voided
 */
import { eq, resource, rowOf, t } from "pons";
import { accountLimitMax, accounts } from "../accounts.ts";
import { customers } from "../customers.ts";
import { postingRefusals } from "../posting.ts";
import { refusals, spend } from "../refusals.ts";
import { dealFields as fields, investmentsMax, openDaysMax } from "./deal-fields.ts";
import { voidDeal } from "./funding.ts";
import { debtOf, repay } from "./repaying.ts";
import { repaymentFields, repayments } from "./repayments.ts";
import { interestOf, totalOf } from "./waterfall.ts";

const dayMs = 86_400_000;

const { title, minInvestment, rateBasisPoints, termMonths, opensAt, closesAt } = fields;

/** Why a deal cannot have such terms. */
const flawOf = (
  terms: { readonly target: bigint; readonly minInvestment: bigint; readonly opensAt: string; readonly closesAt: string },
  now: string,
): "invalid_deal_period" | "invalid_deal_target" | undefined => {
  const openMs = Date.parse(terms.closesAt) - Date.parse(terms.opensAt);
  if (openMs <= 0 || openMs > openDaysMax * dayMs || terms.closesAt <= now) return "invalid_deal_period";
  const fits = terms.target >= terms.minInvestment && terms.target <= terms.minInvestment * BigInt(investmentsMax);
  return fits ? undefined : "invalid_deal_target";
};

export const deals = resource(
  "deals",
  { doc: "Money that many customers lend to one.", fields },
  ({ self, all, filter, count, sum, many, command, due }) => ({
    rows: { customer: all, teller: all, supervisor: all, auditor: all },
    relations: { repayments: many("repayments") },
    sortBy: "closesAt",
    filters: { open: filter(({ status }) => eq(status, "open")) },
    stats: {
      byStatus: {
        doc: "Deals per status and currency.",
        group: ["status", "currency"],
        measures: { deals: count(), target: sum("target"), principalPaid: sum("principalPaid") },
      },
    },
    events: {
      opened: { doc: "A deal was offered.", data: { deal: t.ref("deals"), target: t.money() } },
      voided: { doc: "A deal came to nothing.", data: { deal: t.ref("deals"), reason: t.string() } },
      repaid: {
        doc: "The borrower paid.",
        data: { deal: t.ref("deals"), repayment: t.ref("repayments"), amount: t.money(), left: t.money() },
      },
    },
    due: due({
      doc: "Voids a deal that was not funded in time.",
      at: "closeAt",
      load: ({ row }) => ({ account: rowOf(accounts, row.account) }),
      run: async (ctx, { row }) => {
        ctx.emit("voided", { deal: row.id, reason: "not funded in time" });
        return voidDeal(ctx, row, "not funded in time");
      },
    }),
    create: command({
      on: "collection",
      doc: `Offers a deal. It is open for at most ${openDaysMax} days and takes at most ${investmentsMax} investments.`,
      roles: ["teller", "supervisor"],
      input: {
        title,
        account: t.ref("accounts", { doc: "The borrower's account; its owner and currency are the deal's." }),
        target: t.money({ min: 1n, max: accountLimitMax, doc: "What is wanted, in minor units.", example: 1000000 }),
        minInvestment: t.money({ min: 1n, max: accountLimitMax, doc: minInvestment.options.doc, example: 10000 }),
        rateBasisPoints: t.integer({ min: 0, max: 10_000, doc: rateBasisPoints.options.doc, example: 650 }),
        termMonths: t.integer({ min: 1, max: 360, doc: termMonths.options.doc, example: 12 }),
        fee: t.money({
          default: 0n,
          min: 0n,
          max: accountLimitMax,
          doc: "What the borrower owes the bank for it.",
          example: 5000,
        }),
        opensAt: t.dateTime({ optional: true, doc: `${opensAt.options.doc} Now unless given.` }),
        closesAt: t.dateTime({ doc: closesAt.options.doc }),
      },
      output: "row",
      refusals: {
        invalid_deal_period: {
          status: 400,
          doc: `A deal closes in the future, after it opens, at most ${openDaysMax} days later.`,
        },
        invalid_deal_target: {
          status: 400,
          doc: `The target is at least the least investment, and at most ${investmentsMax} times that.`,
        },
        account_not_found: { status: 404, doc: "The customer has no such account." },
        customer_not_active: { status: 422, doc: "The customer is not active." },
        account_closed: { status: 422, doc: "The account is closed." },
        account_frozen: { status: 422, doc: "The account is frozen." },
      },
      load: ({ input }) => ({ account: rowOf(accounts, input.account) }),
      loadMore: ({ loaded: { account } }) => ({ borrower: rowOf(customers, account?.customer ?? null) }),
      run: (ctx, { input, loaded: { account, borrower } }) => {
        const terms = { ...input, opensAt: input.opensAt ?? ctx.now };
        const flaw = flawOf(terms, ctx.now);
        if (flaw !== undefined) return ctx.refuse(flaw);
        if (account === undefined || borrower === undefined) return ctx.refuse("account_not_found");
        if (borrower.status !== "active") return ctx.refuse("customer_not_active", { status: borrower.status });
        if (account.status !== "active") return ctx.refuse(`account_${account.status}`, { account: account.id });
        const row = ctx.table(self).insert({
          ...terms,
          borrower: borrower.id,
          currency: account.currency,
          interest: interestOf(terms.target, terms.rateBasisPoints, terms.termMonths),
          closeAt: terms.closesAt,
        });
        ctx.emit("opened", { deal: row.id, target: row.target });
        return ctx.created(row);
      },
    }),
    functions: {
      cancel: command({
        on: "item",
        doc: "Voids an open deal: everybody has the own money back.",
        roles: ["teller", "supervisor"],
        input: {
          reason: t.string({ minLength: 1, maxLength: 140, doc: "Why; investors read it.", example: "Borrower withdrew" }),
        },
        refusals: { deal_not_open: { status: 422, doc: "The deal takes no investments now." } },
        run: async (ctx, { row, input }) => {
          if (row.status !== "open") return ctx.refuse("deal_not_open", { status: row.status });
          ctx.emit("voided", { deal: row.id, reason: input.reason });
          return voidDeal(ctx, row, input.reason);
        },
      }),
      repay: command({
        on: "item",
        doc: "Pays on a funded deal, from the borrower's account: the fee first, then interest, then principal.",
        roles: ["customer", "teller", "supervisor"],
        input: {
          id: t.id("rpm", { client: true, optional: true, doc: "UUID or id of this form, chosen by the client." }),
          amount: t.money({ doc: "Minor units, greater than zero, at most what is owed.", example: 100000 }),
        },
        output: {
          repayment: t.ref("repayments", { doc: "What was noted." }),
          amount: repaymentFields.amount,
          fee: repaymentFields.fee,
          interest: repaymentFields.interest,
          principal: repaymentFields.principal,
          left: repaymentFields.left,
          transaction: repaymentFields.transaction,
        },
        refusals: {
          ...postingRefusals,
          not_the_borrower: { status: 403, doc: "Customers repay their own deals." },
          deal_not_repayable: { status: 422, doc: "The deal is not funded, or is repaid." },
          exceeds_debt: { status: 422, doc: "Less than that is owed." },
        },
        load: ({ row, input }) => ({
          account: rowOf(accounts, row.account),
          existing: rowOf(repayments, input.id),
          spent: rowOf(refusals, input.id),
        }),
        run: async (ctx, { row, input: { id, amount }, loaded: { existing, spent } }) => {
          const { roles, subject } = ctx.principal;
          const isStaff = roles.includes("teller") || roles.includes("supervisor");
          if (!isStaff && row.borrower !== subject) return ctx.refuse("not_the_borrower");
          if (amount <= 0n) return ctx.refuse("invalid_amount");
          if (existing !== undefined) {
            const { id: repayment, deal, currency: _, createdAt: __, ...rest } = existing;
            const same = deal === row.id && existing.amount === amount;
            return same ? ctx.replayed({ repayment, ...rest }) : ctx.refuse("exists_with_different_fields");
          }
          if (spent !== undefined) return ctx.refuse("id_already_failed", { reason: spent.reason });
          const no = (type: string, details?: Readonly<Record<string, unknown>>) => {
            if (id === null) return ctx.refuse(type, details);
            spend(ctx, id, type);
            return ctx.refuse(type, details, { keep: true });
          };
          if (row.status !== "funded" && row.status !== "repaying") return no("deal_not_repayable", { status: row.status });
          const owed = totalOf(debtOf(row));
          if (amount > owed) return no("exceeds_debt", { owed });
          const done = await repay(ctx, row, amount);
          if (!done.ok) return no(done.type, done.details);
          const { paid, left, transaction } = done;
          const noted = { amount, ...paid, left, transaction };
          const repayment = ctx.table(repayments).insert({
            ...(id === null ? {} : { id }),
            deal: row.id,
            currency: row.currency,
            ...noted,
          });
          ctx.emit("repaid", { deal: row.id, repayment: repayment.id, amount, left });
          return ctx.created({ repayment: repayment.id, ...noted });
        },
      }),
    },
  }),
);
