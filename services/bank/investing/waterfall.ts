/**
 * What a deal costs its borrower, and what a repayment pays first.
 *
 * Interest is simple, on the whole principal over the whole term, rounded half up: principal × rate × months / 12. It is due from the moment the deal is
 * funded. A repayment pays the fee, then interest, then principal; each only what is left of the one before.
 */
import { basis, halfUp } from "../half-up.ts";

/** What is still owed, or what a repayment pays of it, in minor units. */
export interface Debt {
  readonly fee: bigint;
  readonly interest: bigint;
  readonly principal: bigint;
}

/** Simple interest, in minor units; the rate in basis points a year. */
export const interestOf = (principal: bigint, rateBasisPoints: number, months: number): bigint =>
  halfUp(principal * BigInt(rateBasisPoints) * BigInt(months), 12n * basis);

export const totalOf = ({ fee, interest, principal }: Debt): bigint => fee + interest + principal;

const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);

/** How an amount is split. Throws `RangeError` when it is more than what is owed, or negative. */
export const pour = (amount: bigint, owed: Debt): Debt => {
  if (amount < 0n || amount > totalOf(owed)) throw new RangeError("no more can be repaid than is owed");
  const fee = least(amount, owed.fee);
  const interest = least(amount - fee, owed.interest);
  return { fee, interest, principal: amount - fee - interest };
};
