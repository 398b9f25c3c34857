/**
 * The assets the bank keeps accounts in: a currency and its exponent, the number of digits after the point (ISO 4217). An amount of
 * 12345 minor units is 123.45 EUR and 12,345 JPY.
 */

/** Currency → exponent. */
export const assets = { EUR: 2, GBP: 2, JPY: 0, USD: 2 } as const;

export type Asset = keyof typeof assets;

/** Currencies in alphabetical order. */
export const assetNames = Object.keys(assets) as readonly Asset[];

export const isAsset = (currency: string): currency is Asset => Object.hasOwn(assets, currency);

/** Greatest amount that a 64-bit counter holds, in minor units. */
export const amountMax = 2n ** 63n - 1n;

/** Minor units as a decimal in major units: `major(-12345n, "EUR")` → "-123.45", `major(12345n, "JPY")` → "12345". */
export const major = (minor: bigint, currency: Asset): string => {
  const exponent = assets[currency];
  const digits = (minor < 0n ? -minor : minor).toString().padStart(exponent + 1, "0");
  const sign = minor < 0n ? "-" : "";
  if (exponent === 0) return sign + digits;
  return `${sign}${digits.slice(0, -exponent)}.${digits.slice(-exponent)}`;
};
