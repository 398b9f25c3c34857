/**
 * The arithmetic of an exchange: exact rationals of whole numbers, rounded once, to minor units, and what rounding leaves told.
 *
 *   middle   = sold amount × rate, rounded half up        what the position gives for what it takes
 *   spread   = sold amount × rate × basis points, rounded half up    what the bank earns
 *   bought   = at most sold amount × rate × (1 − basis points), rounded down    what the customer gets
 *   residue  = middle − spread − bought, zero or more     what rounding leaves, in minor units of the bought currency
 *
 * The customer names one of the two amounts. Where it is the bought one, the sold one is the least that is enough, rounded up.
 *
 *   convert({ rate: "1.0842", isInverse: false, spreadBasisPoints: 50, sellExponent: 2, buyExponent: 2 }, { sell: 10_000n })
 *   → { sell: 10000n, buy: 10787n, middle: 10842n, spread: 54n, residue: 1n }
 */
import { basis, halfUp } from "../half-up.ts";

/** A quotient of whole numbers greater than zero. */
interface Rational {
  readonly n: bigint;
  readonly d: bigint;
}

export interface Terms {
  /** A decimal greater than zero: units of the bought currency for one unit of the sold one, in major units; the other way round when inverse. */
  readonly rate: string;
  readonly isInverse: boolean;
  /** 0 to 9,999. */
  readonly spreadBasisPoints: number;
  /** Digits after the point of either currency. */
  readonly sellExponent: number;
  readonly buyExponent: number;
}

/** Minor units; `sell` is of the sold currency, all else of the bought one. */
export interface Conversion {
  readonly sell: bigint;
  readonly buy: bigint;
  readonly middle: bigint;
  readonly spread: bigint;
  readonly residue: bigint;
}

/** `"1.0842"` → 10842 / 10000. Throws `RangeError` for what is no decimal greater than zero. */
const rationalOf = (decimal: string): Rational => {
  const match = /^(\d+)(?:\.(\d+))?$/.exec(decimal);
  const [, whole = "", fraction = ""] = match ?? [];
  const n = match === null ? 0n : BigInt(whole + fraction);
  if (n === 0n) throw new RangeError(`${decimal} is no rate`);
  return { n, d: 10n ** BigInt(fraction.length) };
};

const ceiling = (dividend: bigint, divisor: bigint): bigint => (dividend + divisor - 1n) / divisor;

/** Minor units of the bought currency for one minor unit of the sold one, before the spread. */
const middleRate = ({ rate, isInverse, sellExponent, buyExponent }: Terms): Rational => {
  const { n, d } = rationalOf(rate);
  const [up, down] = isInverse ? [d, n] : [n, d];
  return { n: up * 10n ** BigInt(buyExponent), d: down * 10n ** BigInt(sellExponent) };
};

/** What becomes of an amount, zero or more. */
export const convert = (terms: Terms, amount: { readonly sell: bigint } | { readonly buy: bigint }): Conversion => {
  const { n, d } = middleRate(terms);
  const taken = BigInt(terms.spreadBasisPoints);
  const left = basis - taken;
  const sell = "sell" in amount ? amount.sell : ceiling(amount.buy * d * basis, n * left);
  const buy = "buy" in amount ? amount.buy : (sell * n * left) / (d * basis);
  const middle = halfUp(sell * n, d);
  const spread = halfUp(sell * n * taken, d * basis);
  return { sell, buy, middle, spread, residue: middle - spread - buy };
};

/** Digits after the point of a rate that is shown. */
export const shownDigits = 12;

/** The rate a customer gets, in major units, rounded half up to 12 digits: to be read, not to be reckoned with. `"1.078779"`. */
export const customerRate = (terms: Terms): string => {
  const { n, d } = rationalOf(terms.rate);
  const [up, down] = terms.isInverse ? [d, n] : [n, d];
  const scaled = halfUp(up * (basis - BigInt(terms.spreadBasisPoints)) * 10n ** BigInt(shownDigits), down * basis);
  const digits = scaled.toString().padStart(shownDigits + 1, "0");
  return `${digits.slice(0, -shownDigits)}.${digits.slice(-shownDigits)}`.replace(/\.?0+$/, "");
};
