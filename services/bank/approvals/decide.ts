/** Decisions on approvals: the same through whichever function they come. */
import type { CommandContext, FunctionRefusal } from "pons";
import { record } from "../activities.ts";
import type { Action } from "./action.ts";
import { approvals } from "./fields.ts";
import type { Approval } from "./fields.ts";
import { identityOf } from "./identity.ts";
import type { ActionName } from "./names.ts";
import { jsonOf } from "./payload.ts";

/** Loaded when it is asked for: what carries the actions out imports the approvals itself. */
const actionOf = async (name: ActionName): Promise<Action | undefined> => (await import("./actions.ts")).actions[name];

const flawOf = (ctx: CommandContext, row: Approval): FunctionRefusal | undefined => {
  if (row.status !== "pending") return ctx.refuse("approval_decided", { status: row.status });
  if (row.expiresAt <= ctx.now) return ctx.refuse("approval_expired", { expiresAt: row.expiresAt });
  return identityOf(ctx.principal) === row.maker ? ctx.refuse("own_approval") : undefined;
};

const close = (
  ctx: CommandContext,
  row: Approval,
  end: Pick<Approval, "status" | "reason" | "checker"> & { readonly result?: unknown },
): Approval => {
  const closed = ctx.table(approvals).update(row.id, { ...end, decidedAt: ctx.now, dueAt: null });
  ctx.emit("decided", { approval: row.id, action: row.action, status: end.status }, approvals);
  record(ctx, {
    customer: row.customer,
    type: `approval_${end.status as "approved" | "rejected" | "expired"}`,
    about: row.id,
    text: row.summary,
  });
  return closed;
};

/** Carries out what was asked for and marks the approval, or changes nothing. */
export const approve = async (ctx: CommandContext, row: Approval, reason: string | null): Promise<Approval | FunctionRefusal> => {
  const flaw = flawOf(ctx, row);
  if (flaw !== undefined) return flaw;
  const action = await actionOf(row.action);
  if (action === undefined) throw new Error(`nothing carries out ${row.action}`);
  const outcome = await action.run(ctx, row.payload, row);
  if (!outcome.ok) return ctx.refuse("action_refused", { refusal: outcome.type, details: outcome.details ?? {} });
  const result = outcome.result === undefined ? null : jsonOf(outcome.result);
  return close(ctx, row, { status: "approved", reason, checker: identityOf(ctx.principal), result });
};

/** Marks the approval, and takes back what waited for it. */
export const reject = async (ctx: CommandContext, row: Approval, reason: string): Promise<Approval | FunctionRefusal> => {
  const flaw = flawOf(ctx, row);
  if (flaw !== undefined) return flaw;
  const action = await actionOf(row.action);
  await action?.undone?.(ctx, row.payload, { status: "rejected", reason, approval: row });
  return close(ctx, row, { status: "rejected", reason, checker: identityOf(ctx.principal) });
};

/** Closes what nobody decided in time. */
export const expire = async (ctx: CommandContext, row: Approval): Promise<void> => {
  const action = await actionOf(row.action);
  await action?.undone?.(ctx, row.payload, { status: "expired", reason: null, approval: row });
  close(ctx, row, { status: "expired", reason: null, checker: null });
};
