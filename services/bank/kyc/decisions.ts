/** Decisions on KYC cases: what an approval of `kyc.approve` carries out, and what its end takes back. */
import type { CommandContext, FunctionRefusal } from "pons";
import { record } from "../activities.ts";
import type { Action, ActionOutcome } from "../approvals/action.ts";
import { approve, reject } from "../approvals/decide.ts";
import type { Approval } from "../approvals/fields.ts";
import { identityOf } from "../approvals/identity.ts";
import { textIn } from "../approvals/payload.ts";
import { customers, kycTiers } from "../customer-fields.ts";
import { type KycCase, kycCases } from "./case-fields.ts";

/** Decides the approval of a case; the case follows. */
export const decideCase = async (
  ctx: CommandContext,
  row: KycCase,
  how: {
    readonly approval: Approval | undefined;
    readonly decision: "approve" | "reject";
    readonly reason: string | null;
  },
): Promise<KycCase | FunctionRefusal | undefined> => {
  const { approval, decision, reason } = how;
  if (row.status !== "submitted" || approval === undefined) return ctx.refuse("kyc_case_not_submitted", { status: row.status });
  const decided = decision === "approve" ? await approve(ctx, approval, reason) : await reject(ctx, approval, reason ?? "");
  return "refused" in decided ? decided : ctx.table(kycCases).get(row.id);
};

/** Gives the customer the tier. Who opened the case does not decide it, even if somebody else has submitted it. */
export const approveCase = async (ctx: CommandContext, payload: unknown): Promise<ActionOutcome> => {
  const checker = identityOf(ctx.principal);
  const row = await ctx.table(kycCases).get(textIn(payload, "case"));
  if (row?.status !== "submitted") return { ok: false, type: "kyc_case_not_submitted" };
  if (row.maker === checker) return { ok: false, type: "own_approval" };
  const customer = await ctx.table(customers).get(row.customer);
  if (customer === undefined || customer.status === "archived") return { ok: false, type: "customer_not_active" };
  ctx.table(kycCases).update(row.id, { status: "approved", checker, decidedAt: ctx.now });
  if (kycTiers.indexOf(row.tier) > kycTiers.indexOf(customer.kycTier))
    ctx.table(customers).update(customer.id, { kycTier: row.tier });
  ctx.emit("approved", { case: row.id, customer: customer.id, tier: row.tier }, kycCases);
  record(ctx, { customer: customer.id, type: "kyc_approved", about: row.id, text: row.tier });
  return { ok: true, result: { case: row.id, tier: row.tier } };
};

/** Rejects the case with its approval; one that nobody decided in time is a draft again. */
export const undoCase: NonNullable<Action["undone"]> = async (ctx, payload, { status, reason }) => {
  const row = await ctx.table(kycCases).get(textIn(payload, "case"));
  if (row?.status !== "submitted") return;
  const table = ctx.table(kycCases);
  if (status === "expired") {
    table.update(row.id, { status: "draft", submittedAt: null, submittedBy: null, approval: null });
    return record(ctx, { customer: row.customer, type: "kyc_expired", about: row.id });
  }
  table.update(row.id, { status: "rejected", reason, checker: identityOf(ctx.principal), decidedAt: ctx.now });
  ctx.emit("rejected", { case: row.id, customer: row.customer }, kycCases);
  record(ctx, { customer: row.customer, type: "kyc_rejected", about: row.id, text: reason });
};
