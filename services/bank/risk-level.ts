/** How much of a risk a customer is. Anybody of the staff raises it; to lower it takes a second person. */
import type { CommandContext } from "pons";
import { record } from "./activities.ts";
import { type ActionOutcome, doneNow, needsApproval, pendingFor, requestApproval, textIn } from "./approvals/index.ts";
import { type Customer, type RiskLevel, riskLevels } from "./customer-fields.ts";
import { customers } from "./customer-fields.ts";

const write = (ctx: CommandContext, customer: Customer, risk: RiskLevel, reason: string): void => {
  ctx.table(customers).update(customer.id, { risk });
  record(ctx, { customer: customer.id, type: "risk_changed", about: customer.id, text: `${customer.risk} → ${risk}: ${reason}` });
};

/** Sets the level, or leaves an approval to that end. */
export const setRisk = (
  ctx: CommandContext,
  customer: Customer,
  { risk, reason }: { readonly risk: RiskLevel; readonly reason: string },
): unknown => {
  if (risk === customer.risk) return ctx.refuse("risk_unchanged", { risk });
  const lowers = riskLevels.indexOf(risk) < riskLevels.indexOf(customer.risk);
  if (lowers && needsApproval(ctx, "customer.lowerRisk")) {
    const approval = requestApproval(ctx, {
      action: "customer.lowerRisk",
      payload: { customer: customer.id, risk, reason },
      summary: `Risk of ${customer.name} from ${customer.risk} to ${risk}: ${reason}`,
      about: customer.id,
      customer: customer.id,
    });
    return ctx.accepted({ ...pendingFor(approval), risk: customer.risk });
  }
  write(ctx, customer, risk, reason);
  return { ...doneNow, risk };
};

/** Carries out what was approved; not where the level has been raised or changed otherwise since. */
export const lowerRisk = async (ctx: CommandContext, payload: unknown): Promise<ActionOutcome> => {
  const id = textIn(payload, "customer");
  const risk = textIn(payload, "risk") as RiskLevel;
  const customer = await ctx.table(customers).get(id);
  if (customer === undefined) return { ok: false, type: "customer_not_found" };
  if (riskLevels.indexOf(risk) >= riskLevels.indexOf(customer.risk))
    return { ok: false, type: "risk_unchanged", details: { risk: customer.risk } };
  write(ctx, customer, risk, textIn(payload, "reason"));
  return { ok: true, result: { customer: id, risk } };
};
