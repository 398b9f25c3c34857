/**
 * Putting something to approval. A command that needs one answers 202 with where it stands:
 *
 *   if (needsApproval(ctx, "limitRule.set", amount, currency))
 *     return ctx.accepted(pendingFor(requestApproval(ctx, { action: "limitRule.set", amount, currency, payload })));
 *   …
 *   return doneNow;
 */
import { type CommandContext, t } from "pons";
import { record } from "../activities.ts";
import { approvals } from "./fields.ts";
import type { Approval } from "./fields.ts";
import { identityOf } from "./identity.ts";
import { type ActionName, docOf } from "./names.ts";
import { jsonOf } from "./payload.ts";

/** What is not decided for so long expires. */
const pendingMs = 7 * 86_400_000;
const summaryMax = 255;

export interface ApprovalRequest {
  readonly action: ActionName;
  /** What the action is carried out with; amounts may be bigint, and come back as decimal strings. */
  readonly payload: Readonly<Record<string, unknown>>;
  /** Minor units, where an amount is at stake. */
  readonly amount?: bigint;
  readonly currency?: string;
  /** For the one who decides; what approving does, unless given. Cut at 255 characters. */
  readonly summary?: string;
  /** Id of the row it is about. */
  readonly about?: string;
  /** Customer it is about: shows in the timeline. */
  readonly customer?: string | null;
}

/** Leaves a pending approval, by the caller as its maker. */
export const requestApproval = (ctx: CommandContext, request: ApprovalRequest): Approval => {
  const expiresAt = new Date(Date.parse(ctx.now) + pendingMs).toISOString();
  const { action, payload, amount = null, currency = null, about = null, customer = null } = request;
  const row = ctx.table(approvals).insert({
    action,
    summary: [...(request.summary ?? docOf(action))].slice(0, summaryMax).join(""),
    payload: jsonOf(payload),
    amount,
    currency,
    about,
    customer,
    subject: ctx.principal.subject,
    maker: identityOf(ctx.principal),
    expiresAt,
    dueAt: expiresAt,
  });
  ctx.emit("requested", { approval: row.id, action }, approvals);
  record(ctx, { customer, type: "approval_requested", about: row.id, text: row.summary });
  return row;
};

/** Output of a command that may have to wait for an approval; more fields may stand beside them. */
export const outcomeFields = {
  outcome: t.enum(["done", "pending"], { doc: "`pending`: it waits for an approval (202)." }),
  approval: t.ref("approvals", { optional: true, doc: "The approval it waits for." }),
};

/** For `accepted` of a command. */
export const waitsForApproval = "It waits for somebody else's approval.";

export const pendingFor = ({ id }: Approval): { readonly outcome: "pending"; readonly approval: string } => ({
  outcome: "pending",
  approval: id,
});

export const doneNow: { readonly outcome: "done"; readonly approval: null } = { outcome: "done", approval: null };
