/**
 * Limit rules: how much, or how often, money may leave or reach accounts within a window of the calendar. They hold for what customers and staff ask for,
 * transfers, transactions and holds; not for what the bank does of its own accord (fees, interest, corrections, reversals, settlements).
 *
 * Setting one is put to approval. A rule is never deleted: it is disabled.
 */
import { resource, t } from "pons";
import { doneNow, needsApproval, outcomeFields, pendingFor, requestApproval, waitsForApproval } from "../approvals/index.ts";
import { countedIn, remainderOf, usageIdOf } from "./limits.ts";
import { limitRules as declared, limitTerms } from "./limit-fields.ts";
import { limitUsage } from "./limit-usage.ts";
import { limitFlaw, limitRefusals, writeLimitRule } from "./set-limit-rule.ts";
import { windowOf } from "./window.ts";

export const limitRules = resource(declared, ({ all, command, query }) => ({
  rows: { teller: all, supervisor: all, auditor: all },
  inMemory: true,
  sortBy: "name",
  functions: {
    set: command({
      on: "collection",
      doc: "Sets a rule: a new one, or another one's terms. It waits for an approval, unless a policy says that it needs none.",
      roles: ["teller", "supervisor"],
      input: {
        rule: t.ref("limitRules", { optional: true, doc: "The rule whose terms are replaced; absent: a new one." }),
        ...limitTerms,
      },
      output: { ...outcomeFields, rule: t.ref("limitRules", { optional: true, doc: "The rule, once it is set." }) },
      accepted: waitsForApproval,
      refusals: limitRefusals,
      run: async (ctx, { input }) => {
        const flaw = await limitFlaw(ctx, input);
        if (flaw !== undefined) return ctx.refuse(flaw.type, flaw.details);
        const { maxAmount, currency } = input;
        if (!needsApproval(ctx, "limitRule.set", maxAmount, currency)) return { ...doneNow, rule: writeLimitRule(ctx, input) };
        const approval = requestApproval(ctx, {
          action: "limitRule.set",
          payload: input,
          summary: `Limit ${input.name}`,
          ...(maxAmount === null || currency === null ? {} : { amount: maxAmount, currency }),
          ...(input.rule === null ? {} : { about: input.rule }),
        });
        return ctx.accepted({ ...pendingFor(approval), rule: input.rule });
      },
    }),
    utilization: query({
      on: "item",
      doc: "What the rule has counted for an account or a customer in the current window, and what it still lets pass.",
      roles: ["teller", "supervisor", "auditor"],
      input: {
        subject: t.string({ maxLength: 64, doc: "Id of the account or customer." }),
        currency: t.currency({ optional: true, doc: "That of the rule, unless it has none.", example: "EUR" }),
      },
      output: {
        currency: t.currency(),
        amount: t.money({ doc: "Minor units counted." }),
        count: t.integer({ doc: "Movements counted." }),
        remainingAmount: t.money({ optional: true, doc: "Minor units that may still move; absent: no bound." }),
        remainingCount: t.integer({ optional: true, doc: "Movements that may still be made; absent: no bound." }),
        windowStart: t.dateTime({ doc: "First moment of the window." }),
        resetsAt: t.dateTime({ doc: "When the next window begins." }),
      },
      refusals: { currency_missing: { status: 422, doc: "The rule is for every currency: say which." } },
      run: async (ctx, { row, input }) => {
        const currency = row.currency ?? input.currency;
        if (currency === null) return ctx.refuse("currency_missing");
        const usage = await ctx.table(limitUsage).get(usageIdOf(row.id, input.subject, currency));
        const counted = countedIn(usage, row, ctx.now);
        const left = remainderOf(row, counted);
        return {
          currency,
          amount: counted.amount,
          count: counted.count,
          remainingAmount: left.amount,
          remainingCount: left.count,
          windowStart: counted.windowStart,
          resetsAt: windowOf(counted.windowStart, row.window).end,
        };
      },
    }),
  },
}));
