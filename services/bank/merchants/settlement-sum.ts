/**
 * What a settlement comes to. Integer arithmetic in minor units throughout.
 *
 *   gross = sales − refunds
 *   fee   = gross × basis points / 10,000, rounded half up, plus a fixed part for each sale
 *   net   = gross − fee, which the merchant gets
 *
 * Where there is nothing to pay out, because refunds or fees took it all and more, the range is carried: it is settled with the next one, as if both
 * had been one range. So the fee is never charged twice nor forgotten.
 */
import { basis, halfUp } from "../half-up.ts";

/** A merchant's terms. */
export interface Terms {
  readonly feeBasisPoints: number;
  /** Minor units for each sale. */
  readonly feeFixed: bigint;
}

/** What a range of the log comes to, or what was carried from the ranges before. */
export interface Range {
  /** Sales less refunds; may be less than zero. */
  readonly gross: bigint;
  /** How many sales. */
  readonly sales: number;
}

export type Sum =
  | { readonly status: "posted"; readonly due: bigint; readonly fee: bigint; readonly net: bigint }
  | { readonly status: "carried"; readonly carried: Range };

/** The sum of a range with what was carried to it. */
export const sumOf = (range: Range, carried: Range, { feeBasisPoints, feeFixed }: Terms): Sum => {
  const due = range.gross + carried.gross;
  const sales = range.sales + carried.sales;
  const whole: Sum = { status: "carried", carried: { gross: due, sales } };
  if (due <= 0n) return whole;
  const fee = halfUp(due * BigInt(feeBasisPoints), basis) + feeFixed * BigInt(sales);
  return fee > due ? whole : { status: "posted", due, fee, net: due - fee };
};
