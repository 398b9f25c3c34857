/** Carries out a transfer that a fraud rule had put to approval: the fraud rules are not asked again, limits and the ledger are. */
import type { CommandContext } from "pons";
import { type ActionOutcome, amountIn, partsOf, textIn } from "../approvals/index.ts";
import { withFee } from "../fees/charge.ts";
import type { Kind } from "../outcomes.ts";
import { type Leg, post } from "../posting.ts";
import { transfers } from "../transfer-fields.ts";
import { openRisk, prepareRisk } from "./risk.ts";

const textOrNull = (payload: unknown, name: string): string | null => (partsOf(payload)[name] ?? null) as string | null;

/** The leg that a payload of `transfer.review` asks for. */
const legOf = (payload: unknown): Leg => ({
  id: textIn(payload, "id"),
  debit: textIn(payload, "debit"),
  credit: textIn(payload, "credit"),
  amount: amountIn(payload, "amount") ?? 0n,
  currency: textIn(payload, "currency"),
  kind: textIn(payload, "kind") as Kind,
  reference: textOrNull(payload, "reference"),
  effectiveAt: textOrNull(payload, "effectiveAt"),
});

/** The action `transfer.review`. The transfer has the id that the caller was told, its fee is posted with it. */
export const postReviewed = async (ctx: CommandContext, payload: unknown): Promise<ActionOutcome> => {
  const leg = legOf(payload);
  await prepareRisk(ctx, [leg]);
  const risk = openRisk(ctx, { fraud: false });
  const posted = await post(ctx, await withFee(ctx, leg), {
    reference: leg.reference ?? null,
    risk: (_, position) => (position === 0 ? risk.check(leg) : undefined),
  });
  if (!posted.ok) return posted;
  risk.record([leg.id as string]);
  for (const { id, debit, credit, amount, currency } of posted.transfers)
    ctx.emit("posted", { transfer: id, debit, credit, amount, currency }, transfers);
  return { ok: true, result: { transfer: leg.id } };
};
