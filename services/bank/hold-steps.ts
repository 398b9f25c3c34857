/**
 * The steps of a hold's life, each a movement in the books and a change of its row. A step that is not possible is a finding and changes nothing.
 * Capture, increment and void read what they need; `openHold` and `releaseHold` expect both accounts to have been read in this batch.
 */
import type { CommandContext } from "pons";
import { accounts } from "./account-fields.ts";
import { booksOf } from "./book-fields.ts";
import { type Hold, holdDaysDefault } from "./hold-fields.ts";
import { holds } from "./hold-fields.ts";
import { type Movement, move } from "./movement.ts";
import { type Finding, flawOf } from "./outcomes.ts";
import { releaseRisk, type Risk, withMore } from "./risk/index.ts";
import type { Transfer } from "./transfer-fields.ts";

const dayMs = 86_400_000;

export type Refused = Finding & { readonly ok: false };

/** A movement of a hold. */
const step = (hold: Hold, more: Pick<Movement, "phase" | "amount" | "pending"> & Partial<Movement>): Movement => ({
  debit: hold.debit,
  credit: hold.credit,
  currency: hold.currency,
  kind: "payment",
  reference: hold.reference,
  effectiveAt: null,
  id: null,
  transaction: null,
  hold: hold.id,
  reverses: null,
  ...more,
});

const refused = (finding: Finding): Refused => ({ ok: false, ...finding });

/** When a hold expires that does not say so. */
export const expiryOf = (now: string): string => new Date(Date.parse(now) + holdDaysDefault * dayMs).toISOString();

/** Why an active hold is needed and this one is none. */
const inactive = (hold: Hold | undefined, now: string): Finding | undefined => {
  if (hold === undefined) return { type: "hold_not_found" };
  if (hold.status === "captured") return { type: "hold_already_posted" };
  if (hold.status === "voided") return { type: "hold_already_voided" };
  // Whether or not the writer has released it yet.
  return hold.status === "expired" || hold.expiresAt <= now ? { type: "hold_already_expired" } : undefined;
};

const partiesOf = async (ctx: CommandContext, { debit, credit }: Hold) => {
  const table = ctx.table(accounts);
  return { debit: await table.get(debit), credit: await table.get(credit), closedThrough: booksOf(ctx).closedThrough };
};

/** Reserves money that was found to be there. */
export const openHold = (
  ctx: CommandContext,
  terms: Pick<Hold, "debit" | "credit" | "currency" | "amount" | "reference"> & {
    readonly id: string | null;
    readonly expiresAt: string | null;
    /** What it added to the counters of limits. */
    readonly counted?: Hold["counted"];
  },
): Hold => {
  const expiresAt = terms.expiresAt ?? expiryOf(ctx.now);
  const { id, ...rest } = terms;
  const hold = ctx.table(holds).insert({
    ...rest,
    id: id ?? ctx.id(holds),
    authorized: terms.amount,
    remaining: terms.amount,
    expiresAt,
    releaseAt: expiresAt,
  });
  move(ctx, step(hold, { phase: "hold", amount: 0n, pending: terms.amount }));
  return hold;
};

/** Reserves `amount` more. */
export const incrementHold = async (
  ctx: CommandContext,
  hold: Hold,
  amount: bigint,
  risk: Risk,
): Promise<{ readonly ok: true; readonly hold: Hold } | Refused> => {
  if (amount <= 0n) return refused({ type: "invalid_amount" });
  const parties = await partiesOf(ctx, hold);
  const effect = { currency: hold.currency, amount: 0n, pending: amount, effectiveAt: ctx.now };
  const { debit, credit, currency } = hold;
  const flaw =
    inactive(hold, ctx.now) ??
    flawOf(effect, parties, () => risk.check({ debit, credit, amount, currency, kind: "payment" }, { count: 0 }));
  if (flaw !== undefined) return refused(flaw);
  move(ctx, step(hold, { phase: "increment", amount: 0n, pending: amount }));
  risk.record([hold.id]);
  const counted = withMore(hold.counted, risk.reservations());
  const changes = { amount: hold.amount + amount, remaining: hold.remaining + amount, counted };
  return { ok: true, hold: ctx.table(holds).update(hold.id, changes) };
};

export interface CaptureOptions {
  /** Minor units; all that remains unless given. */
  readonly amount?: bigint;
  /** Whether the rest is given back; true unless said otherwise. */
  readonly final?: boolean;
  readonly kind?: Transfer["kind"];
  readonly id?: string;
  readonly transaction?: string;
}

/** Moves what is reserved, or a part of it. */
export const capture = async (
  ctx: CommandContext,
  holdId: string,
  { amount, final = true, kind = "payment", id, transaction }: CaptureOptions = {},
): Promise<{ readonly ok: true; readonly transfer: Transfer; readonly hold: Hold } | Refused> => {
  if (amount !== undefined && amount <= 0n) return refused({ type: "invalid_amount" });
  const hold = await ctx.table(holds).get(holdId);
  const wrong = inactive(hold, ctx.now);
  if (hold === undefined || wrong !== undefined) return refused(wrong ?? { type: "hold_not_found" });
  const moved = amount ?? hold.remaining;
  if (moved > hold.remaining) return refused({ type: "exceeds_hold_amount", details: { remaining: hold.remaining } });
  const released = final ? hold.remaining : moved;
  const effect = { currency: hold.currency, amount: moved, pending: -released, effectiveAt: ctx.now };
  const flaw = flawOf(effect, await partiesOf(ctx, hold));
  if (flaw !== undefined) return refused(flaw);
  const transfer = move(
    ctx,
    step(hold, { phase: "capture", amount: moved, pending: -released, kind, id: id ?? null, transaction: transaction ?? null }),
  );
  const remaining = hold.remaining - released;
  await releaseRisk(ctx, hold.counted, released - moved, { all: false });
  const changes = {
    captured: hold.captured + moved,
    remaining,
    ...(remaining === 0n ? { status: "captured" as const, releaseAt: null } : {}),
  };
  return { ok: true, transfer, hold: ctx.table(holds).update(hold.id, changes) };
};

/** Gives back what a hold still reserves. Both accounts were read in this batch. */
export const releaseHold = async (ctx: CommandContext, hold: Hold, phase: "void" | "expiry"): Promise<Hold> => {
  await releaseRisk(ctx, hold.counted, hold.remaining, { all: hold.captured === 0n });
  move(ctx, step(hold, { phase, amount: 0n, pending: -hold.remaining }));
  const status = phase === "void" ? "voided" : "expired";
  return ctx.table(holds).update(hold.id, { remaining: 0n, status, releaseAt: null });
};

/** Gives back what a hold still reserves, whatever the state of its accounts. */
export const voidHold = async (
  ctx: CommandContext,
  holdId: string,
): Promise<{ readonly ok: true; readonly hold: Hold } | Refused> => {
  const hold = await ctx.table(holds).get(holdId);
  const wrong = inactive(hold, ctx.now);
  if (hold === undefined || wrong !== undefined) return refused(wrong ?? { type: "hold_not_found" });
  await partiesOf(ctx, hold);
  return { ok: true, hold: await releaseHold(ctx, hold, "void") };
};
