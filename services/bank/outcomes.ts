/**
 * What becomes of a movement of money: the ledger's outcomes, in their order of precedence.
 *
 *   malformed                     invalid_amount · invalid_currency · invalid_kind · invalid_effective_at          400
 *   the id                        exists → the first answer again · exists_with_different_fields 409 · id_already_failed 422
 *   malformed                     same_account                                                                     400
 *   the state, which spends the id  debit_account_not_found · credit_account_not_found 404 · asset_mismatch ·
 *                                 account_closed · account_frozen · period_closed 422 ·
 *                                 kyc_required 403 · limit_exceeded · fraud_declined 422 · review_required 202 (from `risk`) ·
 *                                 overflow · insufficient_funds · max_balance_exceeded 422
 *
 * Everything here is a pure function of the rows as they stand when the movement's turn comes. Amounts are minor units, int64.
 */
import type { Principal, RefusalSpecs, Row } from "pons";
import type { accounts } from "./account-fields.ts";
import { amountMax } from "./assets.ts";
import type { refusals } from "./refusals.ts";

export type Account = Row<typeof accounts>;

/** Kinds of movements; customers make payments only. */
export const kinds = [
  "payment",
  "deposit",
  "withdrawal",
  "fee",
  "interest",
  "correction",
  "fx",
  "settlement",
  "payout",
  "investment",
  "repayment",
  "reversal",
] as const;

export type Kind = (typeof kinds)[number];

/** `posted`: money moves at once. The others are of a hold: reserved, reserved further, moved, given back, given back because its time was up. */
export const phases = ["posted", "hold", "increment", "capture", "void", "expiry"] as const;

export type Phase = (typeof phases)[number];

/** What a transfer says; two transfers with one id must agree in all of it. */
export interface Terms {
  readonly debit: string;
  readonly credit: string;
  readonly amount: bigint;
  readonly currency: string;
  readonly kind: string;
  readonly reference: string | null;
  /** Absent: the moment of posting. */
  readonly effectiveAt: string | null;
}

/** The terms, who asks, and the rows as they stand. */
export interface Situation {
  readonly terms: Terms;
  readonly caller: Principal;
  /** Whether the row rule of accounts lets the caller see one. */
  readonly sees: (account: Account) => boolean;
  /** Whether the bank keeps accounts in the currency. */
  readonly keeps: (currency: string) => boolean;
  /** RFC 3339 in UTC. */
  readonly now: string;
  readonly debit: Account | undefined;
  readonly credit: Account | undefined;
  /** Last day whose books are closed. */
  readonly closedThrough: string | null;
  /** The checks of limits and fraud, asked once all before them have passed. */
  readonly risk?: () => Finding | undefined;
  /** The transfer that has this id already. */
  readonly existing: (Terms & { readonly phase: string; readonly createdAt: string }) | undefined;
  /** The refusal that spent this id. */
  readonly spent: Row<typeof refusals> | undefined;
}

/** Refusals of a movement. */
export const postingRefusals = {
  invalid_amount: { status: 400, doc: "The amount must be greater than zero." },
  invalid_currency: { status: 400, doc: "The bank keeps no accounts in this currency." },
  invalid_kind: { status: 400, doc: "Customers make payments only." },
  invalid_effective_at: { status: 400, doc: "The transfer may take effect at most a day from now." },
  exists_with_different_fields: { status: 409, doc: "Another transfer has this id." },
  id_already_failed: { status: 422, doc: "This id was spent by a refusal; use a new one." },
  same_account: { status: 400, doc: "Debit and credit are the same account." },
  debit_account_not_found: { status: 404, doc: "There is no such account to debit." },
  credit_account_not_found: { status: 404, doc: "There is no such account to credit." },
  hold_not_found: { status: 404, doc: "There is no such hold." },
  asset_mismatch: { status: 422, doc: "An account is not kept in the transfer's currency." },
  hold_already_posted: { status: 409, doc: "The hold was captured." },
  hold_already_voided: { status: 409, doc: "The hold was voided." },
  hold_already_expired: { status: 409, doc: "The hold has expired." },
  exceeds_hold_amount: { status: 409, doc: "The hold reserves less than that." },
  already_reversed: { status: 409, doc: "The transfer was reversed: that is done once only." },
  account_closed: { status: 422, doc: "The account is closed." },
  account_frozen: { status: 422, doc: "The account is frozen." },
  period_closed: { status: 422, doc: "The books of that day are closed." },
  kyc_required: { status: 403, doc: "The customer has to be verified first." },
  limit_exceeded: { status: 422, doc: "A limit would be exceeded." },
  fraud_declined: { status: 422, doc: "The movement was declined." },
  review_required: { status: 202, doc: "The movement waits for somebody's approval." },
  overflow: { status: 422, doc: "The account's counters cannot hold the amount." },
  insufficient_funds: { status: 422, doc: "The account to debit has not enough money available." },
  max_balance_exceeded: { status: 422, doc: "The account to credit may not hold so much." },
} as const satisfies RefusalSpecs;

export type PostingRefusal = keyof typeof postingRefusals;

export interface Finding {
  readonly type: PostingRefusal;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** `spends`: the refusal depended on state, so the id may not be used again. */
export type Decision =
  | { readonly outcome: "created" }
  | { readonly outcome: "exists" }
  | (Finding & { readonly outcome: "refused"; readonly spends: boolean });

const effectiveAheadMsMax = 86_400_000;

const isStaff = (caller: Principal): boolean => caller.roles.includes("teller") || caller.roles.includes("supervisor");

/** What may leave the account: posted balance less what holds reserve, plus the overdraft. */
export const availableOf = (account: Account): bigint =>
  account.creditsPosted - account.debitsPosted - account.debitsPending + account.overdraftLimit;

/** What a movement does to its accounts: `amount` moves, what is reserved changes by `pending`. */
export interface Effect {
  readonly currency: string;
  readonly amount: bigint;
  readonly pending: bigint;
  /** Value date. */
  readonly effectiveAt: string;
}

export interface Books {
  readonly debit: Account | undefined;
  readonly credit: Account | undefined;
  readonly closedThrough: string | null;
}

type Check = (effect: Effect, books: Books) => Finding | undefined;

const assetMismatch: Check = ({ currency }, { debit, credit }) =>
  debit?.currency === currency && credit?.currency === currency ? undefined : { type: "asset_mismatch" };

const statusIs =
  (status: "closed" | "frozen"): Check =>
  (_, { debit, credit }) => {
    const account = debit?.status === status ? debit : credit?.status === status ? credit : undefined;
    return account === undefined ? undefined : { type: `account_${status}`, details: { account: account.id } };
  };

const periodClosed: Check = ({ effectiveAt }, { closedThrough }) =>
  closedThrough !== null && effectiveAt.slice(0, 10) <= closedThrough
    ? { type: "period_closed", details: { closedThrough } }
    : undefined;

const overflow: Check = ({ amount, pending }, { debit, credit }) =>
  debit === undefined ||
  credit === undefined ||
  debit.debitsPosted + debit.debitsPending + amount + pending > amountMax ||
  credit.creditsPosted + credit.creditsPending + amount + pending > amountMax
    ? { type: "overflow" }
    : undefined;

const insufficientFunds: Check = ({ amount, pending }, { debit }) => {
  const required = amount + pending;
  // What a hold reserved is there: a capture asks for nothing more.
  if (required <= 0n) return undefined;
  const available = debit === undefined ? 0n : availableOf(debit);
  return available >= required ? undefined : { type: "insufficient_funds", details: { available, required } };
};

const maxBalanceExceeded: Check = ({ amount, pending }, { credit }) =>
  credit === undefined ||
  credit.maxBalance === null ||
  amount + pending <= 0n ||
  credit.balance + credit.creditsPending + amount + pending <= credit.maxBalance
    ? undefined
    : { type: "max_balance_exceeded" };

const first = (checks: readonly Check[], effect: Effect, books: Books): Finding | undefined => {
  for (const check of checks) {
    const finding = check(effect, books);
    if (finding !== undefined) return finding;
  }
  return undefined;
};

const beforeRisk: readonly Check[] = [assetMismatch, statusIs("closed"), statusIs("frozen"), periodClosed];
const afterRisk: readonly Check[] = [overflow, insufficientFunds, maxBalanceExceeded];

/** What the state of both accounts has against a movement; they are there. `risk` is asked in its place. */
export const flawOf = (effect: Effect, books: Books, risk?: () => Finding | undefined): Finding | undefined =>
  first(beforeRisk, effect, books) ?? risk?.() ?? first(afterRisk, effect, books);

/** What is wrong with an amount, a currency or a value date, whatever the accounts. */
export const flawOfForm = (
  { amount, currency, effectiveAt }: Pick<Terms, "amount" | "currency" | "effectiveAt">,
  { keeps, now }: Pick<Situation, "keeps" | "now">,
): Finding | undefined => {
  if (amount <= 0n) return { type: "invalid_amount" };
  if (!keeps(currency)) return { type: "invalid_currency", details: { currency } };
  if (effectiveAt !== null && Date.parse(effectiveAt) - Date.parse(now) > effectiveAheadMsMax)
    return { type: "invalid_effective_at" };
  return undefined;
};

const invalidKind = ({ terms, caller }: Situation): Finding | undefined =>
  terms.kind === "payment" || isStaff(caller) ? undefined : { type: "invalid_kind", details: { kind: terms.kind } };

// Staff debit every account, a customer the own ones: someone else's is, for a debit, not there.
const missing = ({ debit, credit, sees }: Situation): Finding | undefined => {
  if (debit === undefined || !sees(debit)) return { type: "debit_account_not_found" };
  return credit === undefined ? { type: "credit_account_not_found" } : undefined;
};

const agree = (terms: Terms, existing: Terms & { readonly createdAt: string }): boolean =>
  terms.debit === existing.debit &&
  terms.credit === existing.credit &&
  terms.amount === existing.amount &&
  terms.currency === existing.currency &&
  terms.kind === existing.kind &&
  terms.reference === existing.reference &&
  (terms.effectiveAt ?? existing.createdAt) === existing.effectiveAt;

const refused = (finding: Finding | undefined, spends: boolean): Decision | undefined =>
  finding === undefined ? undefined : { outcome: "refused", ...finding, spends };

/** What a spent id has to say; the reason is told only to those who may know it. */
export const spentDecision = (spent: Row<typeof refusals>, caller: Principal): Decision => {
  const known = isStaff(caller) || spent.subject === caller.subject;
  if (spent.reason === "review_required")
    return refused({ type: "review_required", details: known ? { approval: spent.approval } : {} }, false) as Decision;
  return refused({ type: "id_already_failed", details: known ? { reason: spent.reason } : {} }, false) as Decision;
};

/** What the id alone decides. Terms are told only to those who may know them. */
const ofTheId = ({ terms, caller, sees, debit, credit, existing, spent }: Situation): Decision | undefined => {
  if (existing !== undefined) {
    const mayKnow = (debit !== undefined && sees(debit)) || (credit !== undefined && sees(credit));
    if (mayKnow && existing.phase === "posted" && agree(terms, existing)) return { outcome: "exists" };
    return { outcome: "refused", type: "exists_with_different_fields", spends: false };
  }
  return spent === undefined ? undefined : spentDecision(spent, caller);
};

const ofTheState = (situation: Situation): Finding | undefined => {
  const { terms, debit, credit, closedThrough, now, risk } = situation;
  const effect = { currency: terms.currency, amount: terms.amount, pending: 0n, effectiveAt: terms.effectiveAt ?? now };
  return missing(situation) ?? flawOf(effect, { debit, credit, closedThrough }, risk);
};

/** The outcome of a transfer. */
export const decide = (situation: Situation): Decision => {
  const { terms } = situation;
  return (
    refused(
      flawOfForm({ ...terms, effectiveAt: null }, situation) ?? invalidKind(situation) ?? flawOfForm(terms, situation),
      false,
    ) ??
    ofTheId(situation) ??
    refused(terms.debit === terms.credit ? { type: "same_account" } : undefined, false) ??
    refused(ofTheState(situation), true) ?? { outcome: "created" }
  );
};

/** The debited account after a movement: the fields that change. */
export const debited = (account: Account, { amount, pending }: Pick<Effect, "amount" | "pending">) => ({
  debitsPosted: account.debitsPosted + amount,
  debitsPending: account.debitsPending + pending,
  balance: account.balance - amount,
});

/** The credited account after a movement: the fields that change. */
export const credited = (account: Account, { amount, pending }: Pick<Effect, "amount" | "pending">) => ({
  creditsPosted: account.creditsPosted + amount,
  creditsPending: account.creditsPending + pending,
  balance: account.balance + amount,
});
