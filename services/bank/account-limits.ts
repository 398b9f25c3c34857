/** How far an account may be overdrawn, and how much it may hold: changed with the approval of a second person, unless a policy says otherwise. */
import type { CommandContext } from "pons";
import { accounts } from "./account-fields.ts";
import { record } from "./activities.ts";
import { type ActionOutcome, amountIn, doneNow, needsApproval, pendingFor, requestApproval, textIn } from "./approvals/index.ts";

export interface AccountLimits {
  readonly overdraftLimit: bigint;
  /** None where `null`. */
  readonly maxBalance: bigint | null;
}

/** What limits are judged by, of an account. */
interface Limited extends AccountLimits {
  readonly id: string;
  readonly customer: string | null;
  readonly currency: string;
  readonly status: string;
  readonly creditsPosted: bigint;
  readonly debitsPosted: bigint;
  readonly debitsPending: bigint;
}

type Flaw = {
  readonly type: "account_closed" | "limits_unchanged" | "overdraft_in_use";
  readonly details?: Readonly<Record<string, unknown>>;
};

/** What stands against limits as the account is; pure. A balance above a new cap may stay: it only keeps more from coming. */
export const flawOfLimits = (account: Limited, { overdraftLimit, maxBalance }: AccountLimits): Flaw | undefined => {
  if (account.status === "closed") return { type: "account_closed" };
  if (overdraftLimit === account.overdraftLimit && maxBalance === account.maxBalance) return { type: "limits_unchanged" };
  const used = account.debitsPosted + account.debitsPending - account.creditsPosted;
  if (overdraftLimit < account.overdraftLimit && used > overdraftLimit)
    return { type: "overdraft_in_use", details: { used, overdraftLimit } };
  return undefined;
};

const write = (ctx: CommandContext, account: Limited, limits: AccountLimits): void => {
  ctx.table(accounts).update(account.id, { ...limits });
  const cap = limits.maxBalance === null ? "none" : String(limits.maxBalance);
  record(ctx, {
    customer: account.customer,
    type: "account_limits_changed",
    about: account.id,
    text: `overdraft ${limits.overdraftLimit}, cap ${cap} (minor units of ${account.currency})`,
  });
};

/** Changes the limits, or leaves an approval to that end. What is at stake is the overdraft. */
export const askAccountLimits = (ctx: CommandContext, account: Limited, limits: AccountLimits): unknown => {
  const flaw = flawOfLimits(account, limits);
  if (flaw !== undefined) return ctx.refuse(flaw.type, flaw.details);
  const { overdraftLimit, maxBalance } = limits;
  const shown = { overdraftLimit: account.overdraftLimit, maxBalance: account.maxBalance };
  if (needsApproval(ctx, "account.setLimits", overdraftLimit, account.currency)) {
    const approval = requestApproval(ctx, {
      action: "account.setLimits",
      payload: { account: account.id, overdraftLimit, maxBalance },
      amount: overdraftLimit,
      currency: account.currency,
      about: account.id,
      customer: account.customer,
    });
    return ctx.accepted({ ...pendingFor(approval), ...shown });
  }
  write(ctx, account, limits);
  return { ...doneNow, ...limits };
};

/** Carries out what was approved. */
export const setAccountLimits = async (ctx: CommandContext, payload: unknown): Promise<ActionOutcome> => {
  const id = textIn(payload, "account");
  const limits = { overdraftLimit: amountIn(payload, "overdraftLimit") ?? 0n, maxBalance: amountIn(payload, "maxBalance") };
  const account = await ctx.table(accounts).get(id);
  if (account === undefined) return { ok: false, type: "account_not_found" };
  const flaw = flawOfLimits(account, limits);
  if (flaw !== undefined) return { ok: false, ...flaw };
  write(ctx, account, limits);
  return { ok: true, result: { account: id, ...limits } };
};
