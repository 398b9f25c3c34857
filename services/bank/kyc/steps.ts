/** Opening and submitting KYC cases. */
import { and, type CommandContext, eq, type FunctionRefusal, oneOf } from "pons";
import { record } from "../activities.ts";
import { identityOf } from "../approvals/identity.ts";
import { requestApproval } from "../approvals/request.ts";
import { type Customer, customers, kycTiers } from "../customer-fields.ts";
import { type KycCase, kycCases } from "./case-fields.ts";
import { documents } from "./document-fields.ts";

/** A draft for a customer. What the caller does not see is not there. */
export const openCase = async (ctx: CommandContext, customer: Customer | undefined, tier: KycCase["tier"]): Promise<unknown> => {
  if (customer === undefined || !ctx.visible(customers, customer)) return ctx.refuse("customer_not_found");
  if (customer.status === "archived") return ctx.refuse("customer_not_active", { status: customer.status });
  if (kycTiers.indexOf(customer.kycTier) >= kycTiers.indexOf(tier))
    return ctx.refuse("kyc_tier_held", { tier: customer.kycTier });
  const table = ctx.table(kycCases);
  const [open] = await table.find((row) => and(eq(row.customer, customer.id), oneOf(row.status, ["draft", "submitted"])), {
    limit: 1,
  });
  if (open !== undefined) return ctx.refuse("kyc_case_open", { case: open.id });
  const opened = table.insert({ customer: customer.id, tier, maker: identityOf(ctx.principal) });
  record(ctx, { customer: customer.id, type: "kyc_opened", about: opened.id, text: tier });
  return ctx.created(opened);
};

/** Puts a draft with documents to approval. */
export const submitCase = async (
  ctx: CommandContext,
  row: KycCase,
  customer: Customer | undefined,
): Promise<KycCase | FunctionRefusal> => {
  if (row.status !== "draft") return ctx.refuse("kyc_case_not_draft", { status: row.status });
  const proofs = await ctx.table(documents).count((document) => eq(document.case, row.id));
  if (proofs === 0) return ctx.refuse("documents_missing");
  const approval = requestApproval(ctx, {
    action: "kyc.approve",
    payload: { case: row.id },
    summary: `Tier ${row.tier} for ${customer?.name ?? row.customer}, ${proofs} documents`,
    about: row.id,
    customer: row.customer,
  });
  ctx.emit("submitted", { case: row.id, customer: row.customer }, kycCases);
  record(ctx, { customer: row.customer, type: "kyc_submitted", about: row.id, text: row.tier });
  return ctx.table(kycCases).update(row.id, {
    status: "submitted",
    submittedAt: ctx.now,
    submittedBy: identityOf(ctx.principal),
    approval: approval.id,
  });
};
