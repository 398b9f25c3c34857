/**
 * Investing in a deal: the money is reserved at once, on the investor's account for the borrower's, and moves when the deal is funded. The investment that
 * reaches the target funds it, in the same command. One that asks for more than is missing is refused, not cut: nobody invests another sum than
 * the one agreed to.
 */
import type { CommandContext, RefusalSpecs } from "pons";
import { accounts } from "../account-fields.ts";
import type { Account } from "../outcomes.ts";
import { authorize, type PostingRefusal, postingRefusals, voidHold } from "../posting.ts";
import { type Deal, investmentsMax } from "./deal-fields.ts";
import { type Investment, shareOf } from "./investment-fields.ts";
import { investments } from "./investments.ts";

const dayMs = 86_400_000;

export const investRefusals = {
  ...postingRefusals,
  deal_not_open: { status: 422, doc: "The deal takes no investments now." },
  account_not_found: { status: 404, doc: "The customer has no such account." },
  own_deal: { status: 422, doc: "Nobody invests in the own deal." },
  deal_full: { status: 422, doc: "Less than that is missing." },
  below_minimum: { status: 422, doc: "The deal takes no investment as small as that." },
  funding_failed: {
    status: 422,
    doc: "It would have funded the deal, but another investment's money cannot be moved; `investment` and `reason` say which and why.",
  },
} as const satisfies RefusalSpecs;

type Refused = {
  readonly ok: false;
  readonly type: keyof typeof investRefusals;
  readonly details?: Readonly<Record<string, unknown>>;
};

/** What becomes of the deal's row. */
type Changes = Partial<Pick<Deal, "invested" | "investmentCount">>;

const no = (type: Refused["type"], details: Readonly<Record<string, unknown>> = {}): Refused => ({ ok: false, type, details });

/** What the deal's terms have against an investment of somebody else's. */
export const flawOfInvestment = (deal: Deal, amount: bigint, now: string): Refused | undefined => {
  const { status, opensAt, closesAt, minInvestment } = deal;
  if (status !== "open" || opensAt > now || closesAt <= now) return no("deal_not_open", { status, opensAt, closesAt });
  const missing = deal.target - deal.invested;
  if (amount > missing) return no("deal_full", { missing });
  return amount < minInvestment && amount !== missing ? no("below_minimum", { minimum: minInvestment }) : undefined;
};

/** Reserves an investment of `amount`, greater than zero, or changes nothing. Both accounts were asked for in `load`. */
export const invest = async (
  ctx: CommandContext,
  deal: Deal,
  { id, account, amount }: { readonly id: string | null; readonly account: Account | undefined; readonly amount: bigint },
): Promise<{ readonly ok: true; readonly investment: Investment; readonly changes: Changes } | Refused> => {
  if (account === undefined || account.customer === null || !ctx.visible(accounts, account)) return no("account_not_found");
  if (account.customer === deal.borrower) return no("own_deal");
  const flaw = flawOfInvestment(deal, amount, ctx.now);
  if (flaw !== undefined) return flaw;
  if (deal.investmentCount >= investmentsMax)
    throw new Error(`${deal.id} has ${deal.investmentCount} investments and is not funded`);
  const { currency } = deal;
  const reserved = await authorize(ctx, {
    debit: account.id,
    credit: deal.account,
    amount,
    currency,
    reference: deal.title,
    kind: "investment",
    // Longer than the deal is open: the deal decides, not the hold.
    expiresAt: new Date(Date.parse(deal.closesAt) + dayMs).toISOString(),
  });
  if (!reserved.ok) return no(reserved.type, reserved.details);
  const investment = ctx.table(investments).insert({
    ...(id === null ? {} : { id }),
    deal: deal.id,
    customer: account.customer,
    account: account.id,
    currency,
    amount,
    share: shareOf(amount, deal.target),
    hold: reserved.hold.id,
  });
  return { ok: true, investment, changes: { invested: deal.invested + amount, investmentCount: deal.investmentCount + 1 } };
};

/** Takes back an investment in an open deal, or changes nothing. */
export const withdraw = async (
  ctx: CommandContext,
  deal: Deal,
  { id, amount, hold }: Investment,
): Promise<
  | { readonly ok: true; readonly investment: Investment; readonly changes: Changes }
  | { readonly ok: false; readonly type: PostingRefusal; readonly details?: Readonly<Record<string, unknown>> }
> => {
  const done = await voidHold(ctx, hold);
  // Where the hold was given back already, nothing is left to do.
  if (!done.ok && done.type !== "hold_already_voided" && done.type !== "hold_already_expired") return done;
  const investment = ctx.table(investments).update(id, { status: "withdrawn" });
  return { ok: true, investment, changes: { invested: deal.invested - amount, investmentCount: deal.investmentCount - 1 } };
};
