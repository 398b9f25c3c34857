/** What becomes of a wish to reserve money: the ledger's outcomes, in the order of `outcomes.ts`. */
import type { CommandContext } from "pons";
import { type Account, type Decision, type Finding, flawOf, flawOfForm, spentDecision } from "./outcomes.ts";
import { accounts } from "./account-fields.ts";
import { assets, isKept } from "./assets.ts";
import { booksOf } from "./book-fields.ts";
import { type Hold, holdDaysMax } from "./hold-fields.ts";
import type { Row } from "pons";
import type { refusals } from "./refusals.ts";

const dayMs = 86_400_000;

export interface HoldSituation {
  readonly terms: {
    readonly debit: string;
    readonly credit: string;
    readonly amount: bigint;
    readonly currency: string;
    readonly reference: string | null;
    readonly expiresAt: string | null;
  };
  readonly debit: Account | undefined;
  readonly credit: Account | undefined;
  readonly existing: Hold | undefined;
  readonly spent: Row<typeof refusals> | undefined;
  readonly risk?: () => Finding | undefined;
}

export type HoldDecision =
  | Exclude<Decision, { outcome: "refused" }>
  | {
      readonly outcome: "refused";
      readonly type: Finding["type"] | "invalid_expires_at";
      readonly details?: Finding["details"];
      readonly spends: boolean;
    };

const no = (
  finding: Omit<Finding, "type"> & { readonly type: Finding["type"] | "invalid_expires_at" },
  spends: boolean,
): HoldDecision => ({
  outcome: "refused",
  ...finding,
  spends,
});

/** The outcome of an authorization. */
export const decideHold = (ctx: CommandContext, situation: HoldSituation): HoldDecision => {
  const { terms, debit, credit, existing, spent, risk } = situation;
  const sees = (account: Account): boolean => ctx.visible(accounts, account);
  const kept = ctx.table(assets).all();
  const form = flawOfForm({ ...terms, effectiveAt: null }, { keeps: (currency) => isKept(currency, kept), now: ctx.now });
  if (form !== undefined) return no(form, false);
  if (existing !== undefined) {
    const mayKnow = (debit !== undefined && sees(debit)) || (credit !== undefined && sees(credit));
    const same =
      existing.debit === terms.debit &&
      existing.credit === terms.credit &&
      existing.currency === terms.currency &&
      existing.authorized === terms.amount &&
      existing.reference === terms.reference &&
      (terms.expiresAt === null || existing.expiresAt === terms.expiresAt);
    return mayKnow && same ? { outcome: "exists" } : no({ type: "exists_with_different_fields" }, false);
  }
  if (spent !== undefined) return spentDecision(spent, ctx.principal);
  if (terms.expiresAt !== null) {
    const ahead = Date.parse(terms.expiresAt) - Date.parse(ctx.now);
    if (ahead <= 0 || ahead > holdDaysMax * dayMs) return no({ type: "invalid_expires_at" }, false);
  }
  if (terms.debit === terms.credit) return no({ type: "same_account" }, false);
  if (debit === undefined || !sees(debit)) return no({ type: "debit_account_not_found" }, true);
  if (credit === undefined) return no({ type: "credit_account_not_found" }, true);
  const effect = { currency: terms.currency, amount: 0n, pending: terms.amount, effectiveAt: ctx.now };
  const flaw = flawOf(effect, { debit, credit, closedThrough: booksOf(ctx).closedThrough }, risk);
  return flaw === undefined ? { outcome: "created" } : no(flaw, true);
};
