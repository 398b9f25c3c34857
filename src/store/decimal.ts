/**
 * Decimals: exact numbers as text, and a form of them that sorts as text.
 *
 * The canonical form has no exponent, no plus sign, no leading or trailing zeros and no minus zero: `"0"`, `"-12.5"`, `"100"`.
 * It is what the store gives on both engines, whatever was written (`"1.50"` comes back as `"1.5"`).
 *
 * SQLite has no exact decimal type, so it keeps the *sortable form*: comparing two of them byte by byte compares the numbers, so that
 * indexes, ORDER BY, keyset pages and unique constraints work without a function in between.
 *
 *   zero       "0"
 *   positive   "p" exponent "." digits        p5003.125   = 0.125 × 10^3  = 125
 *   negative   "-" and every digit d as 9 − d, ended by "~"   -4996.874~  = −125
 *
 * `exponent` has four digits and an offset of 5,000. The `~`, larger than any digit, makes −12 smaller than −1.25's prefix would be:
 * of two negative numbers that start alike the longer one is the smaller.
 */
import { decimalDigitsMax } from "./limits.ts";

const form = /^([+-]?)(\d*)(?:\.(\d*))?$/;
const exponentOffset = 5_000;

/** The parts of a decimal: value = ±0.digits × 10^exponent, `digits` without zeros at either end, "" for zero. */
interface Parts {
  readonly negative: boolean;
  readonly digits: string;
  readonly exponent: number;
}

const partsOf = (text: string): Parts | undefined => {
  if (text.length > decimalDigitsMax + 2) return undefined;
  const match = form.exec(text);
  if (match === null) return undefined;
  const [, sign, whole = "", fraction = ""] = match;
  const all = whole + fraction;
  if (all.length === 0 || all.length > decimalDigitsMax) return undefined;
  let start = 0;
  while (start < all.length && all.charCodeAt(start) === 48) start += 1;
  let end = all.length;
  while (end > start && all.charCodeAt(end - 1) === 48) end -= 1;
  return { negative: sign === "-" && end > start, digits: all.slice(start, end), exponent: whole.length - start };
};

const textOf = ({ negative, digits, exponent }: Parts): string => {
  if (digits === "") return "0";
  const sign = negative ? "-" : "";
  if (exponent <= 0) return `${sign}0.${"0".repeat(-exponent)}${digits}`;
  if (digits.length <= exponent) return sign + digits.padEnd(exponent, "0");
  return `${sign}${digits.slice(0, exponent)}.${digits.slice(exponent)}`;
};

/** The canonical form; `undefined` when the text is no decimal of at most 1,000 digits. */
export const canonicalDecimal = (text: string): string | undefined => {
  const parts = partsOf(text);
  return parts === undefined ? undefined : textOf(parts);
};

const complement = (digits: string): string => {
  let result = "";
  for (const digit of digits) result += 9 - Number(digit);
  return result;
};

/** Decimal → sortable form. Throws a `RangeError` for anything else. */
export const sortableDecimal = (text: string): string => {
  const parts = partsOf(text);
  if (parts === undefined) throw new RangeError("not a decimal");
  const { negative, digits, exponent } = parts;
  if (digits === "") return "0";
  const scaled = String(exponent + exponentOffset).padStart(4, "0");
  return negative ? `-${complement(scaled)}.${complement(digits)}~` : `p${scaled}.${digits}`;
};

/** Sortable form → canonical decimal. Throws a `RangeError` for anything else: the column does not hold what the store wrote. */
export const decimalOfSortable = (text: string): string => {
  if (text === "0") return "0";
  const negative = text.startsWith("-");
  const inner = negative ? text.slice(1, -1) : text.slice(1);
  const [exponent, digits] = inner.split(".");
  if (exponent?.length !== 4 || digits === undefined || digits === "") throw new RangeError(`not a sortable decimal: ${text}`);
  const plain = (part: string) => (negative ? complement(part) : part);
  return textOf({ negative, digits: plain(digits), exponent: Number(plain(exponent)) - exponentOffset });
};

/** An exact number as an integer and a scale: value = units / 10^scale. */
export interface Scaled {
  readonly units: bigint;
  readonly scale: number;
}

/** Canonical decimal → exact integer and scale. */
export const scaledOf = (text: string): Scaled => {
  const point = text.indexOf(".");
  if (point < 0) return { units: BigInt(text), scale: 0 };
  return { units: BigInt(text.slice(0, point) + text.slice(point + 1)), scale: text.length - point - 1 };
};

export const decimalOfScaled = ({ units, scale }: Scaled): string => {
  const negative = units < 0n;
  const digits = String(negative ? -units : units).padStart(scale + 1, "0");
  const text = `${negative ? "-" : ""}${digits.slice(0, digits.length - scale)}.${digits.slice(digits.length - scale)}`;
  return canonicalDecimal(scale === 0 ? text.slice(0, -1) : text) ?? text;
};

export const addScaled = (a: Scaled, b: Scaled): Scaled => {
  const scale = Math.max(a.scale, b.scale);
  return { units: a.units * 10n ** BigInt(scale - a.scale) + b.units * 10n ** BigInt(scale - b.scale), scale };
};

/** Decimal places of an average. Postgres and SQLite give the same: rounded half away from zero. */
export const averagePlaces = 6;

/** `sum / count` rounded half away from zero to `averagePlaces`, canonical. */
export const averageOf = (sum: Scaled, count: bigint): string => {
  const numerator = sum.units * 10n ** BigInt(averagePlaces);
  const denominator = count * 10n ** BigInt(sum.scale);
  const negative = numerator < 0n;
  const doubled = (negative ? -numerator : numerator) * 2n + denominator;
  const rounded = doubled / (denominator * 2n);
  return decimalOfScaled({ units: negative ? -rounded : rounded, scale: averagePlaces });
};
