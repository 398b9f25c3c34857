/** Arithmetic of whole numbers that are safe integers, exact at every step. */

/** `halfUp(5n, 2n)` → 3, `halfUp(7n, 3n)` → 2. At least zero, the divisor greater. */
const halfUp = (dividend: bigint, divisor: bigint): bigint => (2n * dividend + divisor) / (2n * divisor);

/** Basis points of an amount, rounded half up: `shareOf(12_345, 250)` → 309 (308.625). Both at least zero. Throws `RangeError` beyond 2^53. */
export const shareOf = (amount: number, basisPoints: number): number => {
  const share = Number(halfUp(BigInt(amount) * BigInt(basisPoints), 10_000n));
  if (!Number.isSafeInteger(share) || share < 0) throw new RangeError("a share leaves the safe range");
  return share;
};

/** `ceilDivide(7, 2)` → 4, `ceilDivide(6, 2)` → 3. */
export const ceilDivide = (dividend: number, divisor: number): number => {
  const rest = dividend % divisor;
  return (dividend - rest) / divisor + (rest > 0 ? 1 : 0);
};
