/**
 * Accounts: money held in one currency, for a customer or, as a house account, for the bank itself.
 *
 * Four counters say what was ever debited and credited, posted and pending; they only grow, and only a transfer moves them. An account is
 * credit-normal:
 *
 *   balance   = creditsPosted − debitsPosted
 *   available = balance − debitsPending + overdraftLimit
 *
 * Callers write the name, nothing else. An account that was ever used is kept for good: it is closed, not deleted.
 */
import { and, eq, gt, lt, resource, rowOf, t } from "pons";
import {
  accountCurrency as currency,
  accountName as name,
  accounts as declared,
  maxBalance,
  overdraftLimit,
} from "./account-fields.ts";
import { askAccountLimits } from "./account-limits.ts";
import { record } from "./activities.ts";
import { outcomeFields, waitsForApproval } from "./approvals/request.ts";
import { assets, isKept } from "./assets.ts";
import { customers } from "./customer-fields.ts";
import { booksInvariant } from "./books-invariant.ts";
import { ibanOf } from "./iban.ts";
import { balanceAt, statement, statementDocument } from "./statements/operations.ts";

export const accounts = resource(declared, ({ self, own, all, filter, count, sum, many, command, query, guard, invariant }) => ({
  rows: { customer: own("customer"), teller: all, supervisor: all, auditor: all },
  invariant: invariant(booksInvariant),
  access: { update: ["customer", "teller"], delete: ["teller"] },
  relations: { transfers: many("transfers", { by: ["debit", "credit"] }) },
  filters: {
    overdrawn: filter(({ balance }) => lt(balance, 0n)),
    largerThan: filter({ amount: t.money({ doc: "Minor units." }) }, ({ balance }, { amount }) => gt(balance, amount)),
    openIn: filter({ currency: t.currency() }, (row, wanted) => and(eq(row.status, "active"), eq(row.currency, wanted.currency))),
  },
  stats: {
    byCurrency: {
      doc: "Accounts and money per currency. Over all rows the total is zero: what customers hold, the house accounts owe.",
      group: ["currency"],
      measures: { accounts: count(), total: sum("balance") },
    },
  },
  events: {
    opened: { doc: "An account was opened.", data: { account: t.ref("accounts"), customer: t.ref("customers") } },
    frozen: { doc: "An account was frozen.", data: { account: t.ref("accounts"), reason: t.text() } },
    unfrozen: { doc: "An account is active again.", data: { account: t.ref("accounts") } },
    closed: { doc: "An account was closed.", data: { account: t.ref("accounts") } },
  },
  refusals: {
    account_in_use: { status: 409, doc: "The account was used: it can be closed, never deleted." },
    account_not_closed: { status: 409, doc: "The account is open: close it first." },
  },
  guard: {
    delete: guard((ctx, { row }) => {
      const moved = row.debitsPosted + row.creditsPosted + row.debitsPending + row.creditsPending;
      if (moved !== 0n) return ctx.refuse("account_in_use");
      return row.status === "closed" ? undefined : ctx.refuse("account_not_closed");
    }),
  },
  create: command({
    on: "collection",
    doc: "Opens an account for an active customer. It starts empty: money comes by transfer.",
    roles: ["teller"],
    input: { customer: t.ref("customers", { doc: "Owner." }), name, currency, overdraftLimit, maxBalance },
    output: "row",
    refusals: {
      invalid_currency: { status: 400, doc: "The bank keeps no accounts in this currency." },
      customer_not_found: { status: 404, doc: "There is no such customer." },
      customer_not_active: { status: 422, doc: "The customer is not active." },
    },
    load: ({ input }) => ({ owner: rowOf(customers, input.customer) }),
    run: (ctx, { input, loaded: { owner } }) => {
      if (!isKept(input.currency, ctx.table(assets).all())) return ctx.refuse("invalid_currency", { currency: input.currency });
      if (owner === undefined) return ctx.refuse("customer_not_found");
      if (owner.status !== "active") return ctx.refuse("customer_not_active", { status: owner.status });
      const id = ctx.id(self);
      const row = ctx.table(self).insert({ ...input, id, iban: ibanOf(id) });
      ctx.table(customers).update(owner.id, { openAccounts: owner.openAccounts + 1, lastActiveAt: ctx.now });
      ctx.emit("opened", { account: id, customer: owner.id });
      return ctx.created(row);
    },
  }),
  functions: {
    statement: query({ on: "item", ...statement }),
    statementDocument: query({ on: "item", ...statementDocument }),
    balanceAt: query({ on: "item", ...balanceAt }),
    freeze: command({
      on: "item",
      doc: "Stops every transfer from and to the account.",
      roles: ["teller"],
      input: { reason: t.text({ minLength: 1, maxLength: 500, example: "Card reported stolen" }) },
      refusals: {
        account_closed: { status: 422, doc: "The account is closed." },
        account_frozen: { status: 422, doc: "The account is frozen." },
      },
      run: (ctx, { row, input }) => {
        if (row.status !== "active") return ctx.refuse(`account_${row.status}`, { account: row.id });
        ctx.emit("frozen", { account: row.id, reason: input.reason });
        record(ctx, { customer: row.customer, type: "account_frozen", about: row.id, text: input.reason });
        return ctx.table(self).update(row.id, { status: "frozen", frozenReason: input.reason });
      },
    }),
    unfreeze: command({
      on: "item",
      doc: "Lets transfers pass again.",
      roles: ["teller"],
      refusals: {
        account_not_frozen: { status: 422, doc: "The account is not frozen." },
        customer_frozen: { status: 422, doc: "The customer is frozen." },
      },
      load: ({ row }) => ({ owner: rowOf(customers, row.customer) }),
      run: (ctx, { row, loaded: { owner } }) => {
        if (row.status !== "frozen") return ctx.refuse("account_not_frozen", { account: row.id });
        if (owner?.status === "frozen") return ctx.refuse("customer_frozen");
        ctx.emit("unfrozen", { account: row.id });
        record(ctx, { customer: row.customer, type: "account_unfrozen", about: row.id });
        return ctx.table(self).update(row.id, { status: "active", frozenReason: null });
      },
    }),
    close: command({
      on: "item",
      doc: "Closes an empty account for good.",
      roles: ["teller"],
      refusals: {
        account_closed: { status: 422, doc: "The account is closed." },
        account_frozen: { status: 422, doc: "The account is frozen." },
        balance_not_zero: { status: 422, doc: "The account holds or owes money." },
        pending_not_zero: { status: 422, doc: "The account has holds." },
      },
      load: ({ row }) => ({ owner: rowOf(customers, row.customer) }),
      run: (ctx, { row, loaded: { owner } }) => {
        if (row.status !== "active") return ctx.refuse(`account_${row.status}`, { account: row.id });
        if (row.balance !== 0n) return ctx.refuse("balance_not_zero", { balance: row.balance });
        if (row.debitsPending !== 0n || row.creditsPending !== 0n) return ctx.refuse("pending_not_zero");
        if (owner !== undefined) {
          ctx.table(customers).update(owner.id, { openAccounts: owner.openAccounts - 1, lastActiveAt: ctx.now });
        }
        ctx.emit("closed", { account: row.id });
        record(ctx, { customer: row.customer, type: "account_closed", about: row.id });
        return ctx.table(self).update(row.id, { status: "closed" });
      },
    }),
    setLimits: command({
      on: "item",
      doc: "Changes how far the account may be overdrawn and how much it may hold. It takes an approval, unless a policy says otherwise.",
      roles: ["teller", "supervisor"],
      input: { overdraftLimit, maxBalance },
      output: { ...outcomeFields, overdraftLimit, maxBalance },
      accepted: waitsForApproval,
      refusals: {
        account_closed: { status: 422, doc: "The account is closed." },
        limits_unchanged: { status: 422, doc: "The limits are as asked for already." },
        overdraft_in_use: { status: 422, doc: "More of the overdraft is in use or reserved than it would allow." },
      },
      run: (ctx, { row, input }) => askAccountLimits(ctx, row, input),
    }),
  },
}));
