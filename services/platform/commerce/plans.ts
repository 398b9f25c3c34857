/** Plans: limits, priority and price under which an app uses products. A change is in force on every node within a second. */
import { and, type CommandContext, entry, eq, type FieldIssue, type FunctionRefusal, resource, type Value } from "pons";
import { type Plan, planFields, plans as declared, planTerms } from "./plan-fields.ts";
import { flawsOfTerms, planEntry } from "./plan-limits.ts";
import { products } from "./product-fields.ts";
import { overseers } from "../roles.ts";

const plansMax = 500;

const flawsOf = async (
  ctx: CommandContext,
  plan: Pick<Plan, "limits" | "costs" | "spendCap" | "products">,
): Promise<FunctionRefusal | undefined> => {
  const fields: Record<string, readonly FieldIssue[]> = { ...flawsOfTerms(plan) };
  for (const [index, id] of plan.products.entries())
    if ((await ctx.table(products).get(id)) === undefined) fields[`products.${index}`] = [{ code: "bad_reference" }];
  return Object.keys(fields).length === 0 ? undefined : ctx.refuse("validation_failed", undefined, { fields });
};

export const plans = resource(declared, ({ self, all, rows, filter, many, command, guard, directory }) => {
  const shown = rows(({ status }) => eq(status, "active"));
  return {
    rows: { ...Object.fromEntries(overseers.map((role) => [role, all])), developer: shown, anyone: shown },
    access: { update: ["admin"], replace: [], delete: ["admin"] },
    sortBy: "name",
    relations: { subscriptions: many("subscriptions", { by: "plan" }) },
    filters: {
      active: filter(({ status }) => eq(status, "active")),
      free: filter(({ monthlyFee, unitPrice }) => and(eq(monthlyFee, 0n), eq(unitPrice, 0))),
    },
    directory: directory((plan) => [entry("plan", plan.id, planEntry(plan) as unknown as Record<string, Value>)]),
    create: command({
      on: "collection",
      doc: "Adds a plan.",
      roles: ["admin"],
      input: { name: planFields.name, ...planTerms },
      output: "row",
      refusals: { too_many_rows: { status: 409, doc: "There are as many as there may be." } },
      run: async (ctx, { input }) => {
        const table = ctx.table(self);
        if ((await table.count(({ name }) => eq(name, input.name))) > 0)
          return ctx.refuse("already_exists", undefined, { fields: { name: ["duplicate"] } });
        if ((await table.count(({ id }) => ({ op: "notNull", left: id }))) >= plansMax)
          return ctx.refuse("too_many_rows", { max: plansMax });
        return (await flawsOf(ctx, input)) ?? ctx.created(table.insert(input));
      },
    }),
    guard: { update: guard((ctx, { row, changes }) => flawsOf(ctx, { ...row, ...changes })) },
  };
});
