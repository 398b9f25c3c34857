/**
 * Posting: how the other parts of the bank move money. All legs are posted or none; what is refused changes nothing, and the command may go on.
 *
 *   const posted = await post(ctx, [{ debit, credit, amount: 100n, currency: "EUR", kind: "fee" }]);
 *   if (!posted.ok) return ctx.refuse(posted.type, posted.details);
 *
 * `post` makes the ledger's own checks only, unless it is given `risk`: limits and fraud rules concern what customers ask for. `authorize` makes all of them.
 */
import type { CommandContext } from "pons";
import { accounts } from "./account-fields.ts";
import { assets, isKept } from "./assets.ts";
import { booksOf } from "./book-fields.ts";
import type { Hold } from "./hold-fields.ts";
import { decideHold } from "./hold-outcomes.ts";
import { openHold, type Refused } from "./hold-steps.ts";
import { move } from "./movement.ts";
import { type Account, credited, debited, type Finding, flawOf, flawOfForm, type Kind, type PostingRefusal } from "./outcomes.ts";
import type { Transfer } from "./transfer-fields.ts";
import type { Transaction } from "./transaction-fields.ts";
import { openRisk, prepareRisk, withMore } from "./risk/index.ts";
import { transactions } from "./transaction-fields.ts";

export { capture, type CaptureOptions, voidHold } from "./hold-steps.ts";
export { type Kind, postingRefusals, type PostingRefusal } from "./outcomes.ts";
export type { Transfer } from "./transfer-fields.ts";
export type { Hold } from "./hold-fields.ts";

/** One movement. Amounts are minor units, greater than zero. */
export interface Leg {
  readonly debit: string;
  readonly credit: string;
  readonly amount: bigint;
  readonly currency: string;
  readonly kind: Kind;
  readonly id?: string;
  readonly reference?: string | null;
  /** Value date; absent: now. */
  readonly effectiveAt?: string | null;
  /** The transfer that it takes back. */
  readonly reverses?: string | null;
}

export type Posted =
  | { readonly ok: true; readonly transfers: readonly Transfer[]; readonly transaction: string | null }
  | { readonly ok: false; readonly type: PostingRefusal; readonly details?: Readonly<Record<string, unknown>> };

export interface PostOptions {
  readonly reference?: string | null;
  /** Id of the transaction; several legs without one get one of their own. */
  readonly transaction?: string;
  /** Of what the caller asked, to be compared with what is asked again. */
  readonly digest?: string | null;
  /** What limits and fraud rules have against a leg. */
  readonly risk?: (leg: Leg, position: number) => Finding | undefined;
}

/** What stands against legs that follow one another, each on what those before it left. The position is that of the leg at fault. */
export const flawOfLegs = (
  ctx: CommandContext,
  legs: readonly Leg[],
  account: (id: string) => Account | undefined,
  risk?: PostOptions["risk"],
): (Finding & { readonly position: number }) | undefined => {
  const kept = ctx.table(assets).all();
  const { closedThrough } = booksOf(ctx);
  const after = new Map<string, Account>();
  const current = (id: string): Account | undefined => after.get(id) ?? account(id);
  for (const [position, leg] of legs.entries()) {
    const { debit: from, credit: to, amount, currency } = leg;
    const at = (finding: Finding) => ({ ...finding, position });
    const effectiveAt = leg.effectiveAt ?? null;
    const form = flawOfForm({ amount, currency, effectiveAt }, { keeps: (wanted) => isKept(wanted, kept), now: ctx.now });
    if (form !== undefined) return at(form);
    if (from === to) return at({ type: "same_account" });
    const debit = current(from);
    const credit = current(to);
    if (debit === undefined) return at({ type: "debit_account_not_found" });
    if (credit === undefined) return at({ type: "credit_account_not_found" });
    const effect = { currency, amount, pending: 0n, effectiveAt: effectiveAt ?? ctx.now };
    const flaw = flawOf(effect, { debit, credit, closedThrough }, risk === undefined ? undefined : () => risk(leg, position));
    if (flaw !== undefined) return at(flaw);
    after.set(from, { ...debit, ...debited(debit, effect) });
    after.set(to, { ...credit, ...credited(credit, effect) });
  }
  return undefined;
};

/** Posts legs that were found to be in order. */
export const writeLegs = (
  ctx: CommandContext,
  legs: readonly Leg[],
  { transaction: chosen, reference = null, digest = null }: PostOptions = {},
): Posted & { readonly ok: true; readonly row: Transaction | undefined } => {
  const isChain = legs.length > 1 || chosen !== undefined;
  const transaction: string | null = isChain ? (chosen ?? ctx.id(transactions)) : null;
  const written = legs.map((leg) =>
    move(ctx, {
      debit: leg.debit,
      credit: leg.credit,
      amount: leg.amount,
      currency: leg.currency,
      kind: leg.kind,
      phase: "posted",
      pending: 0n,
      id: leg.id ?? null,
      reference: leg.reference ?? reference,
      effectiveAt: leg.effectiveAt ?? null,
      transaction,
      hold: null,
      reverses: leg.reverses ?? null,
    }),
  );
  if (transaction === null) return { ok: true, transfers: written, transaction, row: undefined };
  const row = ctx.table(transactions).insert({
    id: transaction,
    legs: legs.length,
    reference,
    results: written.map(({ id, seq, debitBalance, debitVersion, creditBalance, creditVersion }) => ({
      transfer: id,
      seq,
      debitBalance,
      debitVersion,
      creditBalance,
      creditVersion,
    })),
    digest,
    subject: ctx.principal.subject,
  });
  return { ok: true, transfers: written, transaction, row };
};

/** Posts all legs as one atomic transaction (one leg: a plain transfer), or changes nothing. */
export const post = async (ctx: CommandContext, legs: readonly Leg[], options: PostOptions = {}): Promise<Posted> => {
  const table = ctx.table(accounts);
  for (const id of new Set(legs.flatMap(({ debit, credit }) => [debit, credit]))) await table.get(id);
  const flaw = flawOfLegs(ctx, legs, (id) => table.loaded(id), options.risk);
  if (flaw === undefined) return writeLegs(ctx, legs, options);
  const { position, type, details } = flaw;
  return { ok: false, type, details: legs.length === 1 ? (details ?? {}) : { ...details, leg: position } };
};

/**
 * Reserves money, or changes nothing. Unless said otherwise the hold expires after seven days. It is held against limits and fraud rules, as a movement of
 * `kind`; what a transfer would be reviewed for is declined, and a decline is noted if the command refuses with `keep: true`.
 */
export const authorize = async (
  ctx: CommandContext,
  terms: Pick<Hold, "debit" | "credit" | "amount" | "currency"> & {
    readonly reference?: string | null;
    readonly expiresAt?: string | null;
    readonly id?: string;
    /** What limits and fraud rules take it for; a payment unless given. */
    readonly kind?: Kind;
  },
): Promise<{ readonly ok: true; readonly hold: Hold } | Refused> => {
  const table = ctx.table(accounts);
  const debit = await table.get(terms.debit);
  const credit = await table.get(terms.credit);
  const { id = null, reference = null, expiresAt = null, kind = "payment", ...rest } = terms;
  const whole = { ...rest, reference, expiresAt };
  const judged = { ...rest, kind };
  await prepareRisk(ctx, [judged]);
  const risk = openRisk(ctx);
  const situation = { terms: whole, debit, credit, existing: undefined, spent: undefined, risk: () => risk.check(judged) };
  const decision = decideHold(ctx, situation);
  if (decision.outcome === "exists") throw new Error("a hold that nobody looked for was found");
  if (decision.outcome === "created") {
    const hold = openHold(ctx, { ...whole, id, counted: withMore(null, risk.reservations()) });
    risk.record([hold.id]);
    return { ok: true, hold };
  }
  const { type, details } = decision;
  if (type === "fraud_declined" || type === "review_required") risk.keep();
  return { ok: false, type: typeOf(type), ...(details === undefined ? {} : { details }) };
};

/** A refusal of a hold as those of a posting are called. */
const typeOf = (type: PostingRefusal | "invalid_expires_at"): PostingRefusal =>
  type === "invalid_expires_at" ? "invalid_effective_at" : type === "review_required" ? "fraud_declined" : type;
