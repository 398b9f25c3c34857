/**
 * Customers: the people and companies the bank keeps accounts for. Staff maintain them; a customer sees the own row, and changes phone and
 * language through the singleton `profile`. A customer is never deleted: accounts and transfers refer to it.
 */
import { and, eq, isNull, lt, ne, oneOf, type Operand, type Operands, or, resource, t } from "pons";
import { record } from "./activities.ts";
import { outcomeFields, waitsForApproval } from "./approvals/request.ts";
import { freezeCustomer, unfreezeCustomer } from "./customer-freeze.ts";
import { type customerFields, customers as declared, frozenAccountsMax, riskLevels } from "./customer-fields.ts";
import { setRisk } from "./risk-level.ts";
import { timelineInput, timelineOutput } from "./timeline-fields.ts";
import { timelineOf } from "./timeline.ts";

/** Most customers archived by one call of `archiveInactive`. */
const archivedMax = 500;

/** Not active since a moment; one who never had an account counts from the day of entry. */
const idleSince = (row: Operands<typeof customerFields>, moment: Operand<string> | string) =>
  or(lt(row.lastActiveAt, moment), and(isNull(row.lastActiveAt), lt(row.createdAt, moment)));

export const customers = resource(declared, ({ self, own, all, filter, count, many, command, query }) => ({
  rows: { customer: own("id"), teller: all, supervisor: all, auditor: all },
  access: { create: ["teller"], update: ["teller"] },
  relations: { accounts: many("accounts") },
  sortBy: "name",
  filters: {
    companies: filter(({ kind, status }) => and(eq(kind, "company"), eq(status, "active"))),
    dormant: filter({ since: t.dateTime({ doc: "No account opened or closed after this moment." }) }, (row, { since }) =>
      and(ne(row.status, "archived"), idleSince(row, since)),
    ),
    from: filter({ country: t.country(), language: t.language() }, (row, wanted) =>
      and(eq(row.country, wanted.country), eq(row.language, wanted.language)),
    ),
  },
  stats: {
    byCountry: {
      doc: "Customers per country and status.",
      group: ["country", "status"],
      measures: { customers: count() },
      roles: ["teller", "supervisor", "auditor"],
    },
  },
  functions: {
    deactivate: command({
      on: "item",
      doc: "Stops a customer from opening accounts. What is open goes on.",
      roles: ["teller"],
      refusals: { customer_not_active: { status: 422, doc: "The customer is not active." } },
      run: (ctx, { row }) => {
        if (row.status !== "active") return ctx.refuse("customer_not_active", { status: row.status });
        record(ctx, { customer: row.id, type: "customer_deactivated", about: row.id });
        return ctx.table(self).update(row.id, { status: "inactive" });
      },
    }),
    reactivate: command({
      on: "item",
      doc: "Makes an inactive or archived customer active again.",
      roles: ["teller"],
      refusals: {
        customer_active: { status: 422, doc: "The customer is active already." },
        customer_frozen: { status: 422, doc: "The customer is frozen." },
      },
      run: (ctx, { row }) => {
        if (row.status === "active") return ctx.refuse("customer_active");
        if (row.status === "frozen") return ctx.refuse("customer_frozen");
        record(ctx, { customer: row.id, type: "customer_reactivated", about: row.id });
        return ctx.table(self).update(row.id, { status: "active", lastActiveAt: ctx.now });
      },
    }),
    archiveInactive: command({
      on: "collection",
      doc: `Archives customers without open accounts whose last activity lies before a moment, at most ${archivedMax} per call, longest inactive first.`,
      roles: ["teller"],
      input: {
        before: t.dateTime({ doc: "Customers active at this moment or later are kept.", example: "2026-01-01T00:00:00Z" }),
      },
      output: {
        archived: t.integer({ doc: "Customers archived by this call." }),
        more: t.boolean({ doc: "Others are left; call again." }),
      },
      run: async (ctx, { input }) => {
        const table = ctx.table(self);
        const found = await table.find(
          (row) => and(oneOf(row.status, ["active", "inactive"]), eq(row.openAccounts, 0), idleSince(row, input.before)),
          { limit: archivedMax + 1, sortBy: "lastActiveAt" },
        );
        const chosen = found.slice(0, archivedMax);
        for (const { id } of chosen) {
          table.update(id, { status: "archived" });
          record(ctx, { customer: id, type: "customer_archived", about: id });
        }
        return { archived: chosen.length, more: found.length > chosen.length };
      },
    }),
    freeze: command({
      on: "item",
      doc: `Stops everything: the customer opens no accounts, and all active ones, at most ${frozenAccountsMax}, are frozen with it.`,
      roles: ["teller", "supervisor"],
      input: { reason: t.text({ minLength: 1, maxLength: 500, example: "Court order" }) },
      refusals: {
        customer_frozen: { status: 422, doc: "The customer is frozen." },
        customer_not_active: { status: 422, doc: "The customer is not active." },
        too_many_accounts: {
          status: 422,
          doc: "The customer has more active accounts than are frozen at once: freeze some first.",
        },
      },
      run: (ctx, { row, input }) => freezeCustomer(ctx, row, input.reason),
    }),
    unfreeze: command({
      on: "item",
      doc: "Makes the customer what it was before, and the accounts that were frozen with it active.",
      roles: ["supervisor"],
      refusals: { customer_not_frozen: { status: 422, doc: "The customer is not frozen." } },
      run: (ctx, { row }) => unfreezeCustomer(ctx, row),
    }),
    setRisk: command({
      on: "item",
      doc: "Says how much of a risk the customer is. Raising it takes effect at once; to lower it takes an approval.",
      roles: ["teller", "supervisor"],
      input: {
        risk: t.enum(riskLevels, { doc: "The new level." }),
        reason: t.text({ minLength: 1, maxLength: 500, example: "Source of funds was shown" }),
      },
      output: { ...outcomeFields, risk: t.enum(riskLevels, { doc: "The level as it is now." }) },
      accepted: waitsForApproval,
      refusals: { risk_unchanged: { status: 422, doc: "The customer has this level already." } },
      run: (ctx, { row, input }) => setRisk(ctx, row, input),
    }),
    timeline: query({
      on: "item",
      doc: "What happened to a customer and what was noted, newest first: notes, KYC, approvals, accounts, documents, and transfers from an amount on.",
      roles: ["teller", "supervisor", "auditor"],
      input: timelineInput,
      output: timelineOutput,
      run: (ctx, { row, input }) => timelineOf(ctx, row.id, input),
    }),
  },
}));
