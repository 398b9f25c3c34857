/** Carries out the setting of a limit rule. */
import type { CommandContext, RefusalSpecs } from "pons";
import { accounts } from "../account-fields.ts";
import { type ActionOutcome, amountIn, partsOf } from "../approvals/index.ts";
import { customers } from "../customer-fields.ts";
import { type LimitRule, limitRules } from "./limit-fields.ts";
import { merchantPurpose } from "./limits.ts";

/** Every movement is held against all of them, and the writer keeps them in memory. */
const rulesMax = 200;

export const limitRefusals = {
  no_limit_given: { status: 422, doc: "A limit needs a greatest amount, a greatest number, or both." },
  limit_subject_not_found: { status: 404, doc: "There is no such account, customer or receivable account." },
  no_tier_of_merchants: { status: 422, doc: "A limit of merchants is for no tier: who pays them is another question." },
  limit_rule_not_found: { status: 404, doc: "There is no such limit rule." },
  too_many_rules: { status: 422, doc: "There are as many rules as there may be: change one of them." },
} as const satisfies RefusalSpecs;

/** A rule as it is to be: its terms, and the rule whose terms they replace. */
export type LimitWish = Omit<LimitRule, "id" | "version" | "createdAt"> & { readonly rule: string | null };

/** Whether there is what a rule is for. */
const isThere = async (ctx: CommandContext, { scope, subject }: LimitWish): Promise<boolean> => {
  if (subject === null) return true;
  if (scope === "customer") return (await ctx.table(customers).get(subject)) !== undefined;
  const account = await ctx.table(accounts).get(subject);
  return account !== undefined && (scope === "account" || account.purpose === merchantPurpose);
};

/** Why it cannot be set as things stand. */
export const limitFlaw = async (
  ctx: CommandContext,
  wish: LimitWish,
): Promise<{ readonly type: keyof typeof limitRefusals; readonly details?: Readonly<Record<string, unknown>> } | undefined> => {
  const { rule, scope, subject, tier, maxAmount, maxCount } = wish;
  if (maxAmount === null && maxCount === null) return { type: "no_limit_given" };
  if (scope === "merchant" && tier !== null) return { type: "no_tier_of_merchants" };
  if (!(await isThere(ctx, wish))) return { type: "limit_subject_not_found", details: { subject } };
  const table = ctx.table(limitRules);
  if (rule !== null) return (await table.get(rule)) === undefined ? { type: "limit_rule_not_found" } : undefined;
  return table.all().length >= rulesMax ? { type: "too_many_rules", details: { max: rulesMax } } : undefined;
};

/** Sets it; the id of the rule. What is counted goes on, also under other terms. */
export const writeLimitRule = (ctx: CommandContext, { rule, ...terms }: LimitWish): string => {
  const table = ctx.table(limitRules);
  return rule === null ? table.insert(terms).id : table.update(rule, terms).id;
};

/** The action `limitRule.set`. */
export const setLimitRule = async (ctx: CommandContext, payload: unknown): Promise<ActionOutcome> => {
  const wish = { ...partsOf(payload), maxAmount: amountIn(payload, "maxAmount") } as LimitWish;
  const flaw = await limitFlaw(ctx, wish);
  return flaw === undefined ? { ok: true, result: { rule: writeLimitRule(ctx, wish) } } : { ok: false, ...flaw };
};
