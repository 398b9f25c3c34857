/**
 * Decimal numbers as text, of any length, without binary floating point: as XML Schema writes decimals, floats and doubles.
 *
 *   parseDecimal("+01.50")   → { isNegative: false, digits: "150", scale: 2 }
 *   plain(…)                 → "1.5"
 */

/** digits / 10^scale. */
export interface DecimalText {
  readonly isNegative: boolean;
  readonly digits: string;
  /** Not negative. */
  readonly scale: number;
}

const decimal = /^([+-]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]{1,4}))?$/;
/** Longer numbers are none that a field holds. */
const lengthMax = 400;

/** A number as XML Schema writes it; undefined for NaN, infinities and what is no number. */
export const parseDecimal = (text: string): DecimalText | undefined => {
  if (text.length > lengthMax) return undefined;
  const [, sign = "", whole = "", part = "", exponent = "0"] = decimal.exec(text) ?? [];
  if (whole === "" && part === "") return undefined;
  const shift = Number(exponent);
  if (Math.abs(shift) > lengthMax) return undefined;
  const digits = whole + part;
  const scale = part.length - shift;
  const isNegative = sign === "-";
  return scale < 0 ? { isNegative, digits: digits + "0".repeat(-scale), scale: 0 } : { isNegative, digits, scale };
};

/** The same number times 10^places. */
export const shifted = (number: DecimalText, places: number): DecimalText => {
  const scale = number.scale - places;
  return scale < 0 ? { ...number, digits: number.digits + "0".repeat(-scale), scale: 0 } : { ...number, scale };
};

/** At most `places` digits after the point, half up (away from zero). */
export const rounded = (number: DecimalText, places: number): DecimalText => {
  const { isNegative, digits, scale } = number;
  if (scale <= places) return number;
  const cut = scale - places;
  const padded = digits.padStart(cut + 1, "0");
  const kept = padded.slice(0, padded.length - cut);
  const isUp = (padded[padded.length - cut] ?? "0") >= "5";
  return { isNegative, digits: isUp ? String(BigInt(kept) + 1n) : kept, scale: places };
};

/** In digits: no plus sign, no exponent, no zeros without need, no "-0". */
export const plain = ({ isNegative, digits, scale }: DecimalText): string => {
  const padded = digits.padStart(scale + 1, "0");
  const whole = padded.slice(0, padded.length - scale).replace(/^0+(?=.)/, "");
  const part = scale === 0 ? "" : padded.slice(padded.length - scale).replace(/0+$/, "");
  const text = part === "" ? whole : `${whole}.${part}`;
  return isNegative && text !== "0" ? `-${text}` : text;
};
