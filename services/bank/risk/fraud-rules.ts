/**
 * Fraud rules: what a movement must look like to be let pass, put to approval, or declined. See `fraud.ts` for how they are asked. Supervisors write them,
 * and try them first in shadow mode or with `backtest`. A rule is never deleted, for decisions refer to it: it is switched off.
 */
import { resource, t } from "pons";
import { backtest, backtestInput, backtestOutput } from "./backtest.ts";
import { conditionFields, fraudRuleFields } from "./fraud-fields.ts";

/** Every movement is held against all of them, and the writer keeps them in memory. */
const rulesMax = 100;

const { name, order, mode, action } = fraudRuleFields;

export const fraudRules = resource(
  "fraudRules",
  { doc: "Which movements are let pass, reviewed or declined.", fields: fraudRuleFields },
  ({ self, all, filter, many, command, query, guard }) => ({
    rows: { supervisor: all, auditor: all },
    access: { update: ["supervisor"] },
    inMemory: true,
    sortBy: "order",
    relations: { decisions: many("fraudDecisions", { by: "rule" }) },
    refusals: { half_a_velocity: { status: 422, doc: "A velocity needs a number and minutes." } },
    guard: {
      update: guard((ctx, { row, changes }) => {
        const { velocityCount, velocityMinutes } = { ...row, ...changes };
        return (velocityCount === null) === (velocityMinutes === null) ? undefined : ctx.refuse("half_a_velocity");
      }),
    },
    create: command({
      on: "collection",
      doc: "Adds a rule. Unless said otherwise it starts in shadow mode: it notes what it would decide.",
      roles: ["supervisor"],
      input: { name, order, mode, action, ...conditionFields },
      output: "row",
      refusals: {
        half_a_velocity: { status: 422, doc: "A velocity needs a number and minutes." },
        too_many_rules: { status: 422, doc: "There are as many rules as there may be: change one of them." },
      },
      run: (ctx, { input }) => {
        const table = ctx.table(self);
        if ((input.velocityCount === null) !== (input.velocityMinutes === null)) return ctx.refuse("half_a_velocity");
        if (table.all().length >= rulesMax) return ctx.refuse("too_many_rules", { max: rulesMax });
        return ctx.created(table.insert(input));
      },
    }),
    filters: { live: filter((row) => ({ op: "eq", left: row.mode, right: { value: "live" } })) },
    functions: {
      backtest: query({
        on: "item",
        doc: "What the rule would have matched among past movements. Nothing is changed.",
        roles: ["supervisor", "auditor"],
        input: backtestInput,
        output: backtestOutput,
        run: (ctx, { row, input }) => backtest(ctx, row, input),
      }),
      backtestDraft: query({
        on: "collection",
        doc: "What a rule with these conditions would have matched among past movements. Nothing is changed.",
        roles: ["supervisor", "auditor"],
        input: { ...backtestInput, conditions: t.object(conditionFields, { doc: "Those of the rule to be." }) },
        output: backtestOutput,
        refusals: { half_a_velocity: { status: 422, doc: "A velocity needs a number and minutes." } },
        run: (ctx, { input }) => {
          const { conditions, ...range } = input;
          if ((conditions.velocityCount === null) !== (conditions.velocityMinutes === null)) return ctx.refuse("half_a_velocity");
          return backtest(ctx, conditions, range);
        },
      }),
    },
  }),
);
