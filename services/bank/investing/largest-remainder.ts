/**
 * Splits an amount among claims in proportion to their weights, exact to the last minor unit (Hamilton's method of the largest remainder).
 *
 * Each claim first gets the whole part of its exact share; the units that are left go one each to the claims with the largest remainders, ties to the
 * smaller id. So the parts always sum to the amount, and none is a whole unit away from its exact share.
 *
 *   distribute(100n, [{ id: "a", weight: 1n }, { id: "b", weight: 1n }, { id: "c", weight: 1n }]) → a 34, b 33, c 33
 */

export interface Claim {
  readonly id: string;
  /** Zero or more. */
  readonly weight: bigint;
}

/** Id → part. Throws `RangeError` for a negative amount or weight, an id twice, and an amount that nobody has a claim to. */
export const distribute = (amount: bigint, claims: readonly Claim[]): ReadonlyMap<string, bigint> => {
  const total = claims.reduce((sum, { weight }) => sum + weight, 0n);
  if (amount < 0n || claims.some(({ weight }) => weight < 0n)) throw new RangeError("amounts and weights are zero or more");
  if (new Set(claims.map(({ id }) => id)).size !== claims.length) throw new RangeError("a claim occurs twice");
  if (total === 0n) {
    if (amount > 0n) throw new RangeError("nobody has a claim to the amount");
    return new Map(claims.map(({ id }) => [id, 0n]));
  }
  const shares = claims.map(({ id, weight }) => ({
    id,
    whole: (amount * weight) / total,
    remainder: (amount * weight) % total,
  }));
  const left = Number(amount - shares.reduce((sum, { whole }) => sum + whole, 0n));
  const rounded = new Set(
    shares
      .toSorted((a, b) => (a.remainder === b.remainder ? (a.id < b.id ? -1 : 1) : a.remainder > b.remainder ? -1 : 1))
      .slice(0, left)
      .map(({ id }) => id),
  );
  return new Map(shares.map(({ id, whole }) => [id, rounded.has(id) ? whole + 1n : whole]));
};
