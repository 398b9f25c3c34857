/**
 * Deals: money that many customers lend to one. A deal is open for a time; when investors have put in all of the target it is funded, and when they have
 * not by the end it is voided and everybody has the own money back. Then the borrower repays it.
 *
 *   open ─► funded ─► repaying ─► repaid
 *     └───► voided
 */
import { type CommandContext, eq, resource, rowOf, rowsOf, t } from "pons";
import { accountLimitMax, accounts } from "../account-fields.ts";
import { customers } from "../customer-fields.ts";
import { holds } from "../hold-fields.ts";
import { postingRefusals } from "../posting.ts";
import { refusals, spend } from "../refusals.ts";
import { dealFields as fields, investmentsMax, openDaysMax } from "./deal-fields.ts";
import { fund, voidDeal } from "./funding.ts";
import { invest, investRefusals, withdraw } from "./invest.ts";
import { type Investment, investmentFields } from "./investment-fields.ts";
import { investments } from "./investments.ts";
import { debtOf, repay } from "./repaying.ts";
import { repaymentFields, repayments } from "./repayments.ts";
import { interestOf, totalOf } from "./waterfall.ts";

const dayMs = 86_400_000;

const { title, minInvestment, rateBasisPoints, termMonths, opensAt, closesAt } = fields;

/** What is answered of an investment. */
const investmentOutput = {
  investment: t.ref("investments"),
  status: investmentFields.status,
  amount: investmentFields.amount,
  share: investmentFields.share,
  hold: investmentFields.hold,
  interest: investmentFields.interest,
};

const told = ({ id, status, amount, share, hold, interest }: Investment) => ({
  investment: id,
  status,
  amount,
  share,
  hold,
  interest,
});

/** Refuses, and spends the id that the caller chose, for the refusal depended on state. */
const refuse = (ctx: CommandContext, id: string | null, type: string, details?: Readonly<Record<string, unknown>>) => {
  if (id === null) return ctx.refuse(type, details);
  spend(ctx, id, type);
  return ctx.refuse(type, details, { keep: true });
};

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
    relations: { investments: many("investments"), repayments: many("repayments") },
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
      invested: {
        doc: "Somebody invested.",
        data: { deal: t.ref("deals"), investment: t.ref("investments"), amount: t.money() },
      },
      withdrawn: { doc: "An investment was taken back.", data: { deal: t.ref("deals"), investment: t.ref("investments") } },
      funded: { doc: "A deal was funded.", data: { deal: t.ref("deals"), transaction: t.ref("transactions") } },
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
        ctx.table(self).update(row.id, await voidDeal(ctx, row, "not funded in time"));
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
      invest: command({
        on: "item",
        doc: "Invests in a deal. The investment that reaches the target funds it; none may ask for more than is missing.",
        roles: ["customer", "teller", "supervisor"],
        input: {
          id: t.id("inv", { client: true, optional: true, doc: "UUID or id of this form, chosen by the client." }),
          account: t.ref("accounts", { doc: investmentFields.account.options.doc }),
          amount: t.money({ doc: "Minor units, greater than zero.", example: 50000 }),
        },
        output: investmentOutput,
        refusals: investRefusals,
        load: ({ row, input }) => ({
          account: rowOf(accounts, input.account),
          borrower: rowOf(accounts, row.account),
          existing: rowOf(investments, input.id),
          spent: rowOf(refusals, input.id),
        }),
        run: async (ctx, { row, input: { id, account: accountId, amount }, loaded: { account, existing, spent } }) => {
          if (amount <= 0n) return ctx.refuse("invalid_amount");
          if (existing !== undefined) {
            const same = existing.deal === row.id && existing.account === accountId && existing.amount === amount;
            const seen = ctx.visible(investments, existing);
            return same && seen ? ctx.replayed(told(existing)) : ctx.refuse("exists_with_different_fields");
          }
          if (spent !== undefined) {
            const known = spent.subject === ctx.principal.subject;
            return ctx.refuse("id_already_failed", known ? { reason: spent.reason } : {});
          }
          const made = await invest(ctx, row, { id, account, amount });
          if (!made.ok) return refuse(ctx, id, made.type, made.details);
          const { investment } = made;
          const deal = ctx.table(self).update(row.id, made.changes);
          ctx.emit("invested", { deal: row.id, investment: investment.id, amount });
          if (deal.invested < deal.target) return ctx.created(told(investment));
          const funded = await fund(ctx, deal);
          // Without `keep`: all that was captured is undone, and the id stays free, for the fault is another investment's.
          if (!funded.ok) return ctx.refuse("funding_failed", { investment: funded.investment, reason: funded.reason });
          ctx.table(self).update(row.id, funded.changes);
          ctx.emit("funded", { deal: row.id, transaction: funded.changes.transaction });
          return ctx.created(told(ctx.table(investments).loaded(investment.id) ?? investment));
        },
      }),
      withdraw: command({
        on: "item",
        doc: "Takes an investment back while the deal is open.",
        roles: ["customer", "teller", "supervisor"],
        input: { investment: t.ref("investments", { doc: "What is taken back." }) },
        output: investmentOutput,
        refusals: {
          ...postingRefusals,
          investment_not_found: { status: 404, doc: "The deal has no such investment of yours." },
          not_withdrawable: { status: 409, doc: "The deal is decided, or the investment was taken back already." },
        },
        load: ({ input }) => ({ investment: rowOf(investments, input.investment) }),
        loadMore: ({ row, loaded: { investment } }) => ({
          accounts: rowsOf(accounts, investment === undefined ? [] : [investment.account, row.account]),
          hold: rowOf(holds, investment?.hold ?? null),
        }),
        run: async (ctx, { row, loaded: { investment } }) => {
          if (investment?.deal !== row.id || !ctx.visible(investments, investment)) return ctx.refuse("investment_not_found");
          const { status } = investment;
          if (row.status !== "open" || status !== "held") return ctx.refuse("not_withdrawable", { status });
          const done = await withdraw(ctx, row, investment);
          if (!done.ok) return ctx.refuse(done.type, done.details);
          ctx.table(self).update(row.id, done.changes);
          ctx.emit("withdrawn", { deal: row.id, investment: investment.id });
          return told(done.investment);
        },
      }),
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
          return ctx.table(self).update(row.id, await voidDeal(ctx, row, input.reason));
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
          if (row.status !== "funded" && row.status !== "repaying")
            return refuse(ctx, id, "deal_not_repayable", { status: row.status });
          const owed = totalOf(debtOf(row));
          if (amount > owed) return refuse(ctx, id, "exceeds_debt", { owed });
          const done = await repay(ctx, row, amount);
          if (!done.ok) return refuse(ctx, id, done.type, done.details);
          const { paid, left, transaction } = done;
          ctx.table(self).update(row.id, done.changes);
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
