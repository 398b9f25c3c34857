/**
 * What a fee comes to. Integer arithmetic in minor units throughout:
 *
 *   fee = fixed part + amount × basis points / 10,000, rounded half up, but not below the least and not above the greatest fee
 *
 *   feeOf(123_456n, { fixed: 35n, basisPoints: 50, minFee: 150n, maxFee: 7_500n }) → 35 + 617.28 → 652
 */
import { basis, halfUp } from "../half-up.ts";

/** Money in minor units; `minFee` and `maxFee` null: no bound. */
export interface Tariff {
  readonly fixed: bigint;
  readonly basisPoints: number;
  readonly minFee: bigint | null;
  readonly maxFee: bigint | null;
}

/** A part of a fee. `minimum`: what is added to reach the least fee. `maximum`: what is taken off, less than zero. */
export interface FeeLine {
  readonly of: "fixed" | "share" | "minimum" | "maximum";
  readonly amount: bigint;
}

const bound = (fee: bigint, { minFee, maxFee }: Tariff): FeeLine => {
  if (maxFee !== null && fee > maxFee) return { of: "maximum", amount: maxFee - fee };
  return { of: "minimum", amount: minFee !== null && fee < minFee ? minFee - fee : 0n };
};

/** The parts of a fee, those of zero left out; their sum is the fee. The amount is zero or more. */
export const feeLines = (amount: bigint, tariff: Tariff): readonly FeeLine[] => {
  const share = halfUp(amount * BigInt(tariff.basisPoints), basis);
  const lines: readonly FeeLine[] = [
    { of: "fixed", amount: tariff.fixed },
    { of: "share", amount: share },
    bound(tariff.fixed + share, tariff),
  ];
  return lines.filter((line) => line.amount !== 0n);
};

/** The fee. */
export const feeOf = (amount: bigint, tariff: Tariff): bigint =>
  feeLines(amount, tariff).reduce((sum, line) => sum + line.amount, 0n);
