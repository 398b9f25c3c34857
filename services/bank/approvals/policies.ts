/**
 * Approval policies: which actions need an approval, and from which amount. Where there is none, an action needs one. A policy is set by supervisors, two
 * of them: setting it is put to approval itself.
 */
import { type CommandContext, resource } from "pons";
import { type ActionName, fixedActions } from "./names.ts";
import { type Policy, policyTerms, approvalPolicies as declared } from "./policy-fields.ts";
import { outcomeFields, pendingFor, requestApproval, waitsForApproval } from "./request.ts";

export const approvalPolicies = resource(declared, ({ all, command }) => ({
  rows: { teller: all, supervisor: all, auditor: all },
  inMemory: true,
  sortBy: "action",
  functions: {
    set: command({
      on: "collection",
      doc: "Asks for another policy; it takes the place of the one with the same action and currency once it is approved.",
      roles: ["supervisor"],
      input: policyTerms,
      output: outcomeFields,
      accepted: waitsForApproval,
      refusals: {
        policy_fixed: { status: 422, doc: "This action always needs an approval." },
        invalid_policy: { status: 422, doc: "An amount says from where on an approval is needed: here none is." },
      },
      run: (ctx, { input }) => {
        if (fixedActions.includes(input.action)) return ctx.refuse("policy_fixed");
        if (!input.required && input.above !== null) return ctx.refuse("invalid_policy");
        return ctx.accepted(pendingFor(requestApproval(ctx, { action: "approvalPolicy.set", payload: input })));
      },
    }),
  },
}));

/** Whether a policy lets an action pass without approval; pure. */
export const isNeeded = (
  policies: readonly Policy[],
  action: ActionName,
  amount?: bigint | null,
  currency?: string | null,
): boolean => {
  if (fixedActions.includes(action)) return true;
  const own = policies.filter((policy) => policy.action === action);
  const policy =
    own.find((one) => one.currency !== null && one.currency === currency) ?? own.find((one) => one.currency === null);
  if (policy === undefined) return true;
  if (!policy.required || policy.above === null) return policy.required;
  return amount === undefined || amount === null || amount > policy.above;
};

/** Whether an action has to be put to approval. `amount`: minor units of `currency`, what is at stake. */
export const needsApproval = (
  ctx: CommandContext,
  action: ActionName,
  amount?: bigint | null,
  currency?: string | null,
): boolean => isNeeded(ctx.table(approvalPolicies).all(), action, amount, currency);
