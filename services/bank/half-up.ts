/** Division of whole numbers, rounded half up (away from zero at exactly a half): `halfUp(5n, 2n)` → 3, `halfUp(7n, 3n)` → 2. */

/** Both at least zero, the divisor greater. Throws `RangeError`. */
export const halfUp = (dividend: bigint, divisor: bigint): bigint => {
  if (dividend < 0n || divisor <= 0n) throw new RangeError("only amounts of zero or more are rounded");
  return (2n * dividend + divisor) / (2n * divisor);
};

/** Basis points: hundredths of a per cent. */
export const basis = 10_000n;
