/**
 * What becomes of a transfer: the ledger's outcomes, in their order of precedence.
 *
 *   malformed                     invalid_amount · invalid_currency · invalid_kind · invalid_effective_at          400
 *   the id                        exists → the first answer again · exists_with_different_fields 409 · id_already_failed 422
 *   malformed                     same_account                                                                     400
 *   the state, which spends the id  debit_account_not_found · credit_account_not_found 404 · asset_mismatch ·
 *                                 account_closed · account_frozen · overflow · insufficient_funds · max_balance_exceeded 422
 *
 * Everything here is a pure function of the rows as they stand when the transfer's turn comes. Amounts are minor units, int64.
 */
import type { Principal, RefusalSpecs, Row } from "pons";
import type { accounts } from "./accounts.ts";
import { amountMax, assetNames, isAsset } from "./assets.ts";
import type { refusals } from "./refusals.ts";

type Account = Row<typeof accounts>;

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
  /** RFC 3339 in UTC. */
  readonly now: string;
  readonly debit: Account | undefined;
  readonly credit: Account | undefined;
  /** The transfer that has this id already. */
  readonly existing: (Terms & { readonly createdAt: string }) | undefined;
  /** The refusal that spent this id. */
  readonly spent: Row<typeof refusals> | undefined;
}

/** Refusals of a transfer. */
export const transferRefusals = {
  invalid_amount: { status: 400, doc: "The amount must be greater than zero." },
  invalid_currency: { status: 400, doc: "The bank keeps no accounts in this currency." },
  invalid_kind: { status: 400, doc: "Customers make payments only." },
  invalid_effective_at: { status: 400, doc: "The transfer may take effect at most a day from now." },
  exists_with_different_fields: { status: 409, doc: "Another transfer has this id." },
  id_already_failed: { status: 422, doc: "This id was spent by a refusal; use a new one." },
  same_account: { status: 400, doc: "Debit and credit are the same account." },
  debit_account_not_found: { status: 404, doc: "There is no such account to debit." },
  credit_account_not_found: { status: 404, doc: "There is no such account to credit." },
  asset_mismatch: { status: 422, doc: "An account is not kept in the transfer's currency." },
  account_closed: { status: 422, doc: "The account is closed." },
  account_frozen: { status: 422, doc: "The account is frozen." },
  overflow: { status: 422, doc: "The account's counters cannot hold the amount." },
  insufficient_funds: { status: 422, doc: "The account to debit has not enough money available." },
  max_balance_exceeded: { status: 422, doc: "The account to credit may not hold so much." },
} as const satisfies RefusalSpecs;

export type TransferRefusal = keyof typeof transferRefusals;

interface Finding {
  readonly type: TransferRefusal;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** `spends`: the refusal depended on state, so the id may not be used again. */
export type Decision =
  | { readonly outcome: "created" }
  | { readonly outcome: "exists" }
  | (Finding & { readonly outcome: "refused"; readonly spends: boolean });

const effectiveAheadMsMax = 86_400_000;

const isStaff = (caller: Principal): boolean => caller.roles.includes("teller");

/** What may leave the account: posted balance less what holds reserve, plus the overdraft. */
export const availableOf = (account: Account): bigint =>
  account.creditsPosted - account.debitsPosted - account.debitsPending + account.overdraftLimit;

type Check = (situation: Situation) => Finding | undefined;

const invalidAmount: Check = ({ terms }) => (terms.amount > 0n ? undefined : { type: "invalid_amount" });

const invalidCurrency: Check = ({ terms }) =>
  isAsset(terms.currency)
    ? undefined
    : { type: "invalid_currency", details: { currency: terms.currency, currencies: assetNames } };

const invalidKind: Check = ({ terms, caller }) =>
  terms.kind === "payment" || isStaff(caller) ? undefined : { type: "invalid_kind", details: { kind: terms.kind } };

const invalidEffectiveAt: Check = ({ terms, now }) =>
  terms.effectiveAt === null || Date.parse(terms.effectiveAt) - Date.parse(now) <= effectiveAheadMsMax
    ? undefined
    : { type: "invalid_effective_at" };

const sameAccount: Check = ({ terms }) => (terms.debit === terms.credit ? { type: "same_account" } : undefined);

// Staff debit every account, a customer the own ones: someone else's is, for a debit, not there.
const debitNotFound: Check = ({ debit, sees }) =>
  debit !== undefined && sees(debit) ? undefined : { type: "debit_account_not_found" };

const creditNotFound: Check = ({ credit }) => (credit === undefined ? { type: "credit_account_not_found" } : undefined);

const assetMismatch: Check = ({ terms, debit, credit }) =>
  debit?.currency === terms.currency && credit?.currency === terms.currency ? undefined : { type: "asset_mismatch" };

const statusIs =
  (status: "closed" | "frozen"): Check =>
  ({ debit, credit }) => {
    const account = debit?.status === status ? debit : credit?.status === status ? credit : undefined;
    return account === undefined ? undefined : { type: `account_${status}`, details: { account: account.id } };
  };

const overflow: Check = ({ terms, debit, credit }) =>
  debit === undefined ||
  credit === undefined ||
  debit.debitsPosted + debit.debitsPending + terms.amount > amountMax ||
  credit.creditsPosted + credit.creditsPending + terms.amount > amountMax
    ? { type: "overflow" }
    : undefined;

const insufficientFunds: Check = ({ terms, debit }) => {
  const available = debit === undefined ? 0n : availableOf(debit);
  return available >= terms.amount ? undefined : { type: "insufficient_funds", details: { available, required: terms.amount } };
};

const maxBalanceExceeded: Check = ({ terms, credit }) =>
  credit === undefined || credit.maxBalance === null || credit.balance + credit.creditsPending + terms.amount <= credit.maxBalance
    ? undefined
    : { type: "max_balance_exceeded" };

const ofTheForm: readonly Check[] = [invalidAmount, invalidCurrency, invalidKind, invalidEffectiveAt];
const ofTheState: readonly Check[] = [
  debitNotFound,
  creditNotFound,
  assetMismatch,
  statusIs("closed"),
  statusIs("frozen"),
  overflow,
  insufficientFunds,
  maxBalanceExceeded,
];

const agree = (terms: Terms, existing: Terms & { readonly createdAt: string }): boolean =>
  terms.debit === existing.debit &&
  terms.credit === existing.credit &&
  terms.amount === existing.amount &&
  terms.currency === existing.currency &&
  terms.kind === existing.kind &&
  terms.reference === existing.reference &&
  (terms.effectiveAt ?? existing.createdAt) === existing.effectiveAt;

/** What the id alone decides. Terms and reasons are told only to those who may know them. */
const ofTheId = ({ terms, caller, sees, debit, credit, existing, spent }: Situation): Decision | undefined => {
  if (existing !== undefined) {
    const mayKnow = (debit !== undefined && sees(debit)) || (credit !== undefined && sees(credit));
    if (mayKnow && agree(terms, existing)) return { outcome: "exists" };
    return { outcome: "refused", type: "exists_with_different_fields", spends: false };
  }
  if (spent === undefined) return undefined;
  const details = isStaff(caller) || spent.subject === caller.subject ? { reason: spent.reason } : {};
  return { outcome: "refused", type: "id_already_failed", details, spends: false };
};

const firstOf = (checks: readonly Check[], situation: Situation, spends: boolean): Decision | undefined => {
  for (const check of checks) {
    const finding = check(situation);
    if (finding !== undefined) return { outcome: "refused", ...finding, spends };
  }
  return undefined;
};

/** The outcome of a transfer. */
export const decide = (situation: Situation): Decision =>
  firstOf(ofTheForm, situation, false) ??
  ofTheId(situation) ??
  firstOf([sameAccount], situation, false) ??
  firstOf(ofTheState, situation, true) ?? { outcome: "created" };

/** The debited account after the transfer: the fields that change. */
export const debited = (account: Account, amount: bigint): Pick<Account, "debitsPosted" | "balance"> => ({
  debitsPosted: account.debitsPosted + amount,
  balance: account.balance - amount,
});

/** The credited account after the transfer: the fields that change. */
export const credited = (account: Account, amount: bigint): Pick<Account, "creditsPosted" | "balance"> => ({
  creditsPosted: account.creditsPosted + amount,
  balance: account.balance + amount,
});
