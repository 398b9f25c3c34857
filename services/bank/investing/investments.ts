/**
 * Investments: what customers put into deals. The money is reserved at once, on the investor's account for the borrower's, and moves when the deal is
 * funded: the investment that reaches the target captures all of them, in the same command. One that asks for more than is missing is refused, not
 * cut: nobody invests another sum than the one agreed to.
 *
 * The caller may choose the id, and then may repeat the call for as long as it likes: one investment is made, one answer given.
 */
import { eq, resource, rowOf, rowsOf, t } from "pons";
import { accounts } from "../accounts.ts";
import { holds } from "../holds.ts";
import { authorize, postingRefusals, voidHold } from "../posting.ts";
import { refusals, spend } from "../refusals.ts";
import { investmentsMax } from "./deal-fields.ts";
import { deals } from "./deals.ts";
import { fund } from "./funding.ts";
import { investmentFields as fields, shareOf } from "./investment-fields.ts";

const dayMs = 86_400_000;

export const investments = resource(
  "investments",
  { doc: "What customers put into deals.", fields },
  ({ self, own, all, filter, count, sum, command }) => ({
    rows: { customer: own("customer"), teller: all, supervisor: all, auditor: all },
    sortBy: "createdAt.desc",
    filters: { invested: filter(({ status }) => eq(status, "invested")) },
    stats: {
      byStatus: {
        doc: "Investments per status and currency.",
        group: ["status", "currency"],
        measures: {
          investments: count(),
          amount: sum("amount"),
          interestPaid: sum("interestPaid"),
          principalPaid: sum("principalPaid"),
        },
      },
    },
    events: {
      made: { doc: "Somebody invested.", data: { investment: t.ref("investments"), deal: t.ref("deals"), amount: t.money() } },
      withdrawn: { doc: "An investment was taken back.", data: { investment: t.ref("investments"), deal: t.ref("deals") } },
      funded: { doc: "A deal was funded.", data: { deal: t.ref("deals"), transaction: t.ref("transactions") } },
    },
    create: command({
      on: "collection",
      doc: "Invests in a deal. The investment that reaches the target funds it.",
      roles: ["customer", "teller", "supervisor"],
      input: {
        id: t.id("inv", { client: true, optional: true, doc: "UUID or id of this form, chosen by the client." }),
        deal: fields.deal,
        account: fields.account,
        amount: fields.amount,
      },
      output: "row",
      refusals: {
        ...postingRefusals,
        deal_not_found: { status: 404, doc: "There is no such deal." },
        deal_not_open: { status: 422, doc: "The deal takes no investments now." },
        account_not_found: { status: 404, doc: "The customer has no such account." },
        own_deal: { status: 422, doc: "Nobody invests in the own deal." },
        deal_full: { status: 422, doc: "Less than that is missing." },
        below_minimum: { status: 422, doc: "The deal takes no investment as small as that." },
        funding_failed: {
          status: 422,
          doc: "It would have funded the deal, but another investment's money cannot be moved; `investment` and `reason` say which and why.",
        },
      },
      load: ({ input }) => ({
        deal: rowOf(deals, input.deal),
        account: rowOf(accounts, input.account),
        existing: rowOf(self, input.id),
        spent: rowOf(refusals, input.id),
      }),
      loadMore: ({ loaded: { deal } }) => ({ borrower: rowOf(accounts, deal?.account ?? null) }),
      run: async (ctx, { input, loaded: { deal, account, existing, spent } }) => {
        const { id, amount } = input;
        if (amount <= 0n) return ctx.refuse("invalid_amount");
        if (existing !== undefined) {
          const same = existing.deal === input.deal && existing.account === input.account && existing.amount === amount;
          return same && ctx.visible(self, existing) ? ctx.replayed(existing) : ctx.refuse("exists_with_different_fields");
        }
        if (spent !== undefined) {
          const known = spent.subject === ctx.principal.subject;
          return ctx.refuse("id_already_failed", known ? { reason: spent.reason } : {});
        }
        const no = (type: string, details?: Readonly<Record<string, unknown>>) => {
          if (id === null) return ctx.refuse(type, details);
          spend(ctx, id, type);
          return ctx.refuse(type, details, { keep: true });
        };
        if (deal === undefined) return no("deal_not_found");
        if (deal.status !== "open" || deal.opensAt > ctx.now || deal.closesAt <= ctx.now)
          return no("deal_not_open", { status: deal.status, opensAt: deal.opensAt, closesAt: deal.closesAt });
        if (account === undefined || account.customer === null || !ctx.visible(accounts, account)) return no("account_not_found");
        if (account.customer === deal.borrower) return no("own_deal");
        const missing = deal.target - deal.invested;
        if (amount > missing) return no("deal_full", { missing });
        if (amount < deal.minInvestment && amount !== missing) return no("below_minimum", { minimum: deal.minInvestment });
        if (deal.investments >= investmentsMax)
          throw new Error(`${deal.id} has ${deal.investments} investments and is not funded`);
        const { currency } = deal;
        const reserved = await authorize(ctx, {
          debit: account.id,
          credit: deal.account,
          amount,
          currency,
          reference: deal.title,
          // Longer than the deal is open: the deal decides, not the hold.
          expiresAt: new Date(Date.parse(deal.closesAt) + dayMs).toISOString(),
        });
        if (!reserved.ok) return no(reserved.type, reserved.details);
        const row = ctx.table(self).insert({
          ...(id === null ? {} : { id }),
          deal: deal.id,
          customer: account.customer,
          account: account.id,
          currency,
          amount,
          share: shareOf(amount, deal.target),
          hold: reserved.hold.id,
        });
        const after = ctx.table(deals).update(deal.id, { invested: deal.invested + amount, investments: deal.investments + 1 });
        ctx.emit("made", { investment: row.id, deal: deal.id, amount });
        if (after.invested < after.target) return ctx.created(row);
        const funded = await fund(ctx, after);
        // Without `keep`: all that was captured is undone, and the id stays free, for the fault is another investment's.
        if (!funded.ok) return ctx.refuse("funding_failed", { investment: funded.investment, reason: funded.reason });
        ctx.emit("funded", { deal: deal.id, transaction: funded.deal.transaction });
        return ctx.created(ctx.table(self).loaded(row.id));
      },
    }),
    functions: {
      withdraw: command({
        on: "item",
        doc: "Takes an investment back while the deal is open.",
        roles: ["customer", "teller", "supervisor"],
        refusals: {
          ...postingRefusals,
          not_withdrawable: { status: 409, doc: "The deal is decided, or the investment was taken back already." },
        },
        load: ({ row }) => ({ deal: rowOf(deals, row.deal), hold: rowOf(holds, row.hold) }),
        loadMore: ({ row, loaded: { deal } }) => ({
          accounts: rowsOf(accounts, deal === undefined ? [] : [row.account, deal.account]),
        }),
        run: async (ctx, { row, loaded: { deal } }) => {
          if (deal?.status !== "open" || row.status !== "held") return ctx.refuse("not_withdrawable", { status: row.status });
          const done = await voidHold(ctx, row.hold);
          // Where the hold was given back already, nothing is left to do.
          if (!done.ok && done.type !== "hold_already_voided" && done.type !== "hold_already_expired")
            return ctx.refuse(done.type, done.details);
          const { id, invested } = deal;
          ctx.table(deals).update(id, { invested: invested - row.amount, investments: deal.investments - 1 });
          ctx.emit("withdrawn", { investment: row.id, deal: id });
          return ctx.table(self).update(row.id, { status: "withdrawn" });
        },
      }),
    },
  }),
);
