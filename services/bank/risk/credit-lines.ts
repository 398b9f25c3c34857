/**
 * Credit lines: how much further than its own overdraft a customer's account may be overdrawn, until some day. An account has one at most; setting it again
 * changes it. Its limit is part of the account's `overdraftLimit`, so that the ledger needs to know nothing of it.
 *
 * A line is not lowered or closed by hand below what is drawn and reserved. One that expires closes all the same: the account is over its limit then, and
 * nothing leaves it until it is paid back.
 */
import { eq, resource, rowOf, t } from "pons";
import { accounts } from "../account-fields.ts";
import { doneNow, needsApproval, outcomeFields, pendingFor, requestApproval, waitsForApproval } from "../approvals/index.ts";
import { utilizationOf } from "./credit.ts";
import { creditLimitMax, creditLines as declared } from "./credit-line-fields.ts";
import { closeCreditLine, creditFlaw, creditLineIdOf, creditRefusals, inUse, writeCreditLine } from "./set-credit-line.ts";

export const creditLines = resource(declared, ({ self, own, all, filter, count, sum, command, query, due }) => ({
  rows: { customer: own("customer"), teller: all, supervisor: all, auditor: all },
  sortBy: "createdAt.desc",
  filters: { active: filter(({ status }) => eq(status, "active")) },
  stats: {
    byCurrency: {
      doc: "Credit lines and limits per currency and status.",
      group: ["currency", "status"],
      measures: { lines: count(), limits: sum("limit") },
      roles: ["teller", "supervisor", "auditor"],
    },
  },
  events: {
    set: { doc: "A credit line was set.", data: { creditLine: t.ref("creditLines"), limit: t.money() } },
    closed: { doc: "A credit line was closed.", data: { creditLine: t.ref("creditLines"), drawn: t.money() } },
  },
  due: due({
    doc: "Closes a line whose time is up.",
    at: "dueAt",
    load: ({ row }) => ({ account: rowOf(accounts, row.account) }),
    run: (ctx, { row, loaded: { account } }) => {
      if (account === undefined) throw new Error(`the account of ${row.id} is not there`);
      const { drawn } = utilizationOf(account, row.limit);
      closeCreditLine(ctx, account, row);
      ctx.emit("closed", { creditLine: row.id, drawn });
    },
  }),
  functions: {
    set: command({
      on: "collection",
      doc: "Sets the credit line of an account. It waits for an approval, unless a policy says that it needs none.",
      roles: ["teller", "supervisor"],
      input: {
        account: t.ref("accounts", { doc: "A customer's account." }),
        limit: t.money({ min: 1n, max: creditLimitMax, doc: "Minor units of the account's currency.", example: 500000 }),
        expiresAt: t.dateTime({ optional: true, doc: "When it closes by itself; absent: never." }),
      },
      output: { ...outcomeFields, creditLine: t.ref("creditLines", { optional: true, doc: "The line, once there is one." }) },
      accepted: waitsForApproval,
      refusals: creditRefusals,
      load: ({ input }) => ({
        account: rowOf(accounts, input.account),
        line: rowOf(self, creditLineIdOf(input.account)),
      }),
      run: (ctx, { input, loaded: { account, line } }) => {
        const flaw = creditFlaw(ctx, input, account, line);
        if (account === undefined || flaw !== undefined) return ctx.refuse(flaw?.type ?? "account_not_found", flaw?.details);
        const { limit } = input;
        const { currency, customer } = account;
        if (needsApproval(ctx, "creditLine.set", limit, currency)) {
          const approval = requestApproval(ctx, {
            action: "creditLine.set",
            payload: input,
            amount: limit,
            currency,
            about: account.id,
            customer,
          });
          return ctx.accepted({ ...pendingFor(approval), creditLine: line?.id ?? null });
        }
        const { id } = writeCreditLine(ctx, account, line, input);
        ctx.emit("set", { creditLine: id, limit });
        return { ...doneNow, creditLine: id };
      },
    }),
    close: command({
      on: "item",
      doc: "Closes a line of which nothing is drawn or reserved.",
      roles: ["teller", "supervisor"],
      refusals: {
        credit_line_closed: { status: 409, doc: "The credit line is closed already." },
        credit_line_in_use: creditRefusals.credit_line_in_use,
      },
      load: ({ row }) => ({ account: rowOf(accounts, row.account) }),
      run: (ctx, { row, loaded: { account } }) => {
        if (row.status === "closed" || account === undefined) return ctx.refuse("credit_line_closed");
        const flaw = inUse(account, { from: row.limit, to: 0n });
        if (flaw !== undefined) return ctx.refuse(flaw.type, flaw.details);
        ctx.emit("closed", { creditLine: row.id, drawn: 0n });
        return closeCreditLine(ctx, account, row);
      },
    }),
    utilization: query({
      on: "item",
      doc: "How much of the line is drawn, reserved and left.",
      roles: ["customer", "teller", "supervisor", "auditor"],
      output: {
        currency: t.currency(),
        limit: t.money({ doc: "Minor units." }),
        drawn: t.money({ doc: "How far the balance is below zero, beyond the account's own overdraft." }),
        reserved: t.money({ doc: "What holds would draw further." }),
        available: t.money({ doc: "What is left." }),
        overLimit: t.boolean({ doc: "It closed while it was drawn: nothing leaves the account until that is paid back." }),
      },
      run: async (ctx, { row }) => {
        const account = await ctx.table(accounts).get(row.account);
        if (account === undefined) throw new Error(`the account of ${row.id} is not there`);
        return { currency: row.currency, ...utilizationOf(account, row.limit) };
      },
    }),
  },
}));
