/**
 * Activities: what happened to a customer, one row each, for the timeline. Only ever added; internal: `customers.timeline` shows them.
 */
import { type CommandContext, resource, t } from "pons";
import { identityOf } from "./approvals/identity.ts";

export const activityTypes = [
  "customer_frozen",
  "customer_unfrozen",
  "customer_deactivated",
  "customer_reactivated",
  "customer_archived",
  "risk_changed",
  "kyc_opened",
  "kyc_submitted",
  "kyc_approved",
  "kyc_rejected",
  "kyc_expired",
  "account_frozen",
  "account_unfrozen",
  "account_closed",
  "account_limits_changed",
  "approval_requested",
  "approval_approved",
  "approval_rejected",
  "approval_expired",
] as const;

export type ActivityType = (typeof activityTypes)[number];

const fields = {
  id: t.id("act"),
  customer: t.ref("customers", { doc: "Whom it happened to." }),
  type: t.enum(activityTypes),
  about: t.string({ maxLength: 64, doc: "Id of the row that changed." }),
  text: t.text({ optional: true, doc: "Reason or particulars." }),
  by: t.string({ maxLength: 255, doc: "Who did it." }),
  createdAt: t.dateTime({ set: "created" }),
};

export const activities = resource("activities", { doc: "What happened to customers.", fields }, () => ({
  rows: {},
  appendOnly: true,
  indexes: [["customer", "createdAt"]],
}));

/** Notes what happened to a customer, by the caller, now. Nobody's (of a house account): nothing is noted. */
export const record = (
  ctx: CommandContext,
  activity: {
    readonly customer: string | null;
    readonly type: ActivityType;
    readonly about: string;
    readonly text?: string | null;
  },
): void => {
  const { customer } = activity;
  if (customer === null) return;
  ctx.table(activities).insert({ ...activity, customer, text: activity.text ?? null, by: identityOf(ctx.principal) });
};
