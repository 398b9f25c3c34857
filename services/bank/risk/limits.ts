/**
 * Limits, as pure functions: which rules a movement falls under, whose counter it adds to, and what stands against it.
 *
 * Exactly at the limit is allowed. An excess tells what remains, so that a caller may ask for less.
 */
import { derivedId } from "../derived-id.ts";
import type { Account, Finding } from "../outcomes.ts";
import type { LimitRule, LimitUsage, Tier } from "./limit-fields.ts";
import { windowOf, windowStart } from "./window.ts";

/** Purpose of the accounts that collect what is paid to merchants, one for each. */
export const merchantPurpose = "receivable";

/** Money that is about to move, or to be reserved. */
export interface Movement {
  readonly debit: Account;
  readonly credit: Account;
  /** Minor units, greater than zero. */
  readonly amount: bigint;
  readonly currency: string;
  readonly kind: string;
}

/** Movements that the bank makes of its own accord: no limit and no fraud rule is for them. */
const ownKinds: ReadonlySet<string> = new Set(["fee", "interest", "correction", "reversal", "settlement"]);

/** Whether limits and fraud rules are for a movement of this kind. */
export const isJudged = (kind: string): boolean => !ownKinds.has(kind);

/** What is counted in one window. */
export interface Counted {
  readonly windowStart: string;
  readonly amount: bigint;
  readonly count: number;
}

/** The account on the side that a rule looks at. */
export const sideOf = (rule: Pick<LimitRule, "scope" | "direction">, { debit, credit }: Movement): Account =>
  rule.scope === "merchant" || rule.direction === "credit" ? credit : debit;

/** Whose counter a movement adds to; `undefined`: the rule is not for it. The tier is another question. */
export const subjectOf = (rule: LimitRule, movement: Movement): string | undefined => {
  if (!rule.enabled || (rule.currency !== null && rule.currency !== movement.currency)) return undefined;
  const account = sideOf(rule, movement);
  if (rule.scope === "merchant" ? account.purpose !== merchantPurpose : rule.subject === null && account.kind !== "customer")
    return undefined;
  const subject = rule.scope === "customer" ? account.customer : account.id;
  return subject !== null && (rule.subject === null || rule.subject === subject) ? subject : undefined;
};

/** Id of the row in which a rule counts for a subject and a currency. */
export const usageIdOf = (rule: string, subject: string, currency: string): string =>
  derivedId("liu", `${rule} ${subject} ${currency}`);

/** What was counted in the window of `now`. A clock that steps back goes on in the later window: nothing is forgotten. */
export const countedIn = (
  usage: Pick<LimitUsage, "windowStart" | "amount" | "count"> | undefined,
  rule: Pick<LimitRule, "window">,
  now: string,
): Counted => {
  const start = windowStart(now, rule.window);
  return usage === undefined || usage.windowStart < start
    ? { windowStart: start, amount: 0n, count: 0 }
    : { windowStart: usage.windowStart, amount: usage.amount, count: usage.count };
};

/** The counter after a movement. */
export const plus = (counted: Counted, amount: bigint, count: number): Counted => ({
  windowStart: counted.windowStart,
  amount: counted.amount + amount,
  count: counted.count + count,
});

const atLeastZero = <T extends bigint | number>(value: T, zero: T): T => (value < zero ? zero : value);

/** What a rule still lets pass; null: without bound. */
export const remainderOf = (
  rule: Pick<LimitRule, "maxAmount" | "maxCount">,
  counted: Counted,
): { readonly amount: bigint | null; readonly count: number | null } => ({
  amount: rule.maxAmount === null ? null : atLeastZero(rule.maxAmount - counted.amount, 0n),
  count: rule.maxCount === null ? null : atLeastZero(rule.maxCount - counted.count, 0),
});

/** What a rule has against a movement of `amount`, counted `count` times, on top of what it has counted. */
export const excessOf = (
  rule: Pick<LimitRule, "id" | "tier" | "window" | "maxAmount" | "maxCount">,
  counted: Counted,
  amount: bigint,
  count: number,
): Finding | undefined => {
  const left = remainderOf(rule, counted);
  const tooMuch = left.amount !== null && amount > left.amount;
  const tooOften = left.count !== null && count > left.count;
  if (!tooMuch && !tooOften) return undefined;
  const details = {
    rule: rule.id,
    window: rule.window,
    ...(tooMuch ? { remainder: left.amount } : { remainingCount: left.count }),
    resetsAt: windowOf(counted.windowStart, rule.window).end,
  };
  return isOfTier(rule.tier)
    ? { type: "kyc_required", details: { ...details, tier: rule.tier } }
    : { type: "limit_exceeded", details };
};

/** Whether a limit is there because the customer is not fully known. */
export const isOfTier = (tier: Tier | null): tier is "none" | "basic" => tier === "none" || tier === "basic";
