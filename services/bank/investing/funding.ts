/**
 * How a deal ends its time of investing: funded, when the target is reached, or voided. Either concerns all investments at once, at most
 * `investmentsMax`, in a constant number of reads, and gives what changes of the deal's row.
 */
import { and, type CommandContext, eq, oneOf } from "pons";
import { accounts } from "../account-fields.ts";
import { holds } from "../hold-fields.ts";
import { capture, type PostingRefusal, type Transfer, voidHold } from "../posting.ts";
import { transactions } from "../transaction-fields.ts";
import { type Deal, investmentsMax } from "./deal-fields.ts";
import type { Investment } from "./investment-fields.ts";
import { investments } from "./investments.ts";
import { distribute } from "./largest-remainder.ts";

/** The deal's investments that are in `status`, by id. Throws when there are more than can be. */
export const investmentsOf = async (
  ctx: CommandContext,
  deal: Deal,
  status: Investment["status"],
): Promise<readonly Investment[]> => {
  const found = await ctx
    .table(investments)
    .find((row) => and(eq(row.deal, deal.id), eq(row.status, status)), { limit: investmentsMax + 1, sortBy: "id" });
  if (found.length > investmentsMax) throw new Error(`${deal.id} has more than ${investmentsMax} investments`);
  return found;
};

/** Reads accounts in one statement, so that none is read alone after. */
export const readAccounts = async (ctx: CommandContext, ids: readonly string[]): Promise<void> => {
  const wanted = [...new Set(ids)];
  await ctx.table(accounts).find((row) => oneOf(row.id, wanted), { limit: wanted.length });
};

/** Reads what captures and voids of the investments' holds need. */
const readHolds = async (ctx: CommandContext, deal: Deal, held: readonly Investment[]): Promise<void> => {
  await readAccounts(ctx, [deal.account, ...held.map(({ account }) => account)]);
  const ids = held.map(({ hold }) => hold);
  await ctx.table(holds).find((row) => oneOf(row.id, ids), { limit: ids.length });
};

export type Funded =
  | {
      readonly ok: true;
      readonly changes: Pick<Deal, "status" | "fundedAt" | "closeAt"> & { readonly transaction: string };
    }
  | {
      readonly ok: false;
      /** The investment whose money could not be moved, and why. */
      readonly investment: string;
      readonly reason: PostingRefusal;
    };

/**
 * Captures the holds of all investments as one transaction, and notes what each will earn: the deal's interest by the amounts, by largest remainder.
 * One that cannot be captured is at fault for all: the command has to refuse then, which undoes what was captured before it.
 */
export const fund = async (ctx: CommandContext, deal: Deal): Promise<Funded> => {
  const held = await investmentsOf(ctx, deal, "held");
  const total = held.reduce((sum, { amount }) => sum + amount, 0n);
  if (total !== deal.target) throw new Error(`${deal.id}: investments come to ${total}, not to the target`);
  await readHolds(ctx, deal, held);
  const transaction = ctx.id(transactions);
  const captured: Transfer[] = [];
  const earned = distribute(
    deal.interest,
    held.map(({ id, amount }) => ({ id, weight: amount })),
  );
  for (const { id, hold, amount } of held) {
    const done = await capture(ctx, hold, { amount, kind: "investment", transaction });
    if (!done.ok) return { ok: false, investment: id, reason: done.type };
    captured.push(done.transfer);
    ctx.table(investments).update(id, { status: "invested", interest: earned.get(id) ?? 0n });
  }
  ctx.table(transactions).insert({
    id: transaction,
    legs: captured.length,
    reference: deal.title,
    results: captured.map(({ id, seq, debitBalance, debitVersion, creditBalance, creditVersion }) => ({
      transfer: id,
      seq,
      debitBalance,
      debitVersion,
      creditBalance,
      creditVersion,
    })),
  });
  return { ok: true, changes: { status: "funded", fundedAt: ctx.now, closeAt: null, transaction } };
};

/** Gives everybody back what they have put into a deal that comes to nothing. */
export const voidDeal = async (ctx: CommandContext, deal: Deal, reason: string): Promise<Partial<Deal>> => {
  const held = await investmentsOf(ctx, deal, "held");
  if (held.length > 0) await readHolds(ctx, deal, held);
  for (const { id, hold } of held) {
    // A hold that is no longer active reserves nothing: it was voided or captured past the deal, which the log tells.
    await voidHold(ctx, hold);
    ctx.table(investments).update(id, { status: "voided" });
  }
  return { status: "voided", reason, closeAt: null, invested: 0n, investmentCount: 0 };
};
