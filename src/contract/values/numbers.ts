/**
 * Numbers, exact: integers within ±(2^53−1), money within int64, decimals as canonical strings.
 *
 * No value is ever rounded: what cannot be kept exactly is refused. −0 becomes 0. NaN is of the wrong type, an infinity too large.
 */
import type { DecimalOptions, IntegerOptions, MoneyOptions } from "../../define/field.ts";
import { decimalDigitsMax, decimalScaleDefault, decimalScaleMax, moneyMax, moneyMin } from "../../define/forms.ts";
import { badFormat, type Read, refused, wrongType } from "./refused.ts";

const digits = /^-?[0-9]{1,64}$/;
const wholeNumber = /^-?(?:0|[1-9][0-9]{0,63})$/;
const fraction = /^-?[0-9]{1,64}\.[0-9]{1,64}$/;
const notInteger = refused("not_integer");

/** `number` from a number, a bigint or, in text, digits. */
export const readInteger = (options: IntegerOptions): Read => {
  const min = options.min ?? Number.MIN_SAFE_INTEGER;
  const max = options.max ?? Number.MAX_SAFE_INTEGER;
  const tooSmall = refused("too_small", { min });
  const tooLarge = refused("too_large", { max });
  const noNumber = wrongType("integer");
  return (value, text) => {
    let number: number;
    if (typeof value === "number") number = value;
    else if (typeof value === "bigint" || (text && typeof value === "string" && digits.test(value))) number = Number(value);
    else return text && typeof value === "string" && fraction.test(value) ? notInteger : noNumber;
    // First whether it is whole: who sends 0.13 metres would else be told to send 1.
    if (!Number.isInteger(number) && Math.abs(number) !== Infinity) return Number.isNaN(number) ? noNumber : notInteger;
    if (number < min) return tooSmall;
    if (number > max) return tooLarge;
    return number + 0;
  };
};

/** Bounds are told as strings beyond 2^53−1, as every money value is. */
const bound = (value: bigint): number | string =>
  value > BigInt(Number.MAX_SAFE_INTEGER) || value < BigInt(Number.MIN_SAFE_INTEGER) ? String(value) : Number(value);

/** `bigint` minor units from a number, a bigint or a string of digits. */
export const readMoney = (options: MoneyOptions): Read => {
  const min = options.min ?? moneyMin;
  const max = options.max ?? moneyMax;
  const tooSmall = refused("too_small", { min: bound(min) });
  const tooLarge = refused("too_large", { max: bound(max) });
  const noNumber = wrongType("integer");
  const noMoney = badFormat("money");
  return (value) => {
    let amount: bigint;
    if (typeof value === "number") {
      if (!Number.isSafeInteger(value)) {
        if (Number.isNaN(value)) return noNumber;
        if (value >= 2 ** 63) return tooLarge;
        if (value < -(2 ** 63)) return tooSmall;
        return notInteger;
      }
      amount = BigInt(value);
    } else if (typeof value === "bigint") amount = value;
    else if (typeof value !== "string") return noNumber;
    else if (wholeNumber.test(value)) amount = BigInt(value);
    else return fraction.test(value) ? notInteger : noMoney;
    if (amount < min) return tooSmall;
    if (amount > max) return tooLarge;
    return amount;
  };
};

const decimal = /^(-?)(0|[1-9][0-9]{0,63})(?:\.([0-9]{1,64}))?$/;

/** A finite number in digits, without an exponent: 1e-7 → "0.0000001". */
const inDigits = (value: number): string => {
  const [mantissa = "", exponent] = String(value).split("e");
  if (exponent === undefined) return mantissa;
  const sign = mantissa.startsWith("-") ? "-" : "";
  const [whole = "", part = ""] = mantissa.slice(sign.length).split(".");
  const shift = Number(exponent);
  if (shift < 0) return `${sign}0.${"0".repeat(-shift - 1)}${whole}${part}`;
  return `${sign}${whole}${part.padEnd(shift, "0")}`;
};

/** All places of a canonical decimal as one whole number, for comparing. */
const scaled = (value: string): bigint => {
  const [whole = "0", part = ""] = value.split(".");
  return BigInt(whole + part.padEnd(decimalScaleMax, "0"));
};

/**
 * Canonical decimal string: no plus sign, no leading zeros, no zeros at the end of the fraction, no "-0"; so that equal numbers are equal strings.
 * From such a string with any zeros at its end, a number, or a bigint.
 */
export const readDecimal = (options: DecimalOptions): Read => {
  const scale = options.scale ?? decimalScaleDefault;
  if (!Number.isInteger(scale) || scale < 0 || scale > decimalScaleMax)
    throw new TypeError(`a scale is 0 to ${decimalScaleMax}, not ${scale}`);
  const min = options.min === undefined ? undefined : scaled(options.min);
  const max = options.max === undefined ? undefined : scaled(options.max);
  const tooPrecise = refused("too_precise", { scale });
  const tooSmall = refused("too_small", { min: options.min ?? `-1e${decimalDigitsMax}` });
  const tooLarge = refused("too_large", { max: options.max ?? `1e${decimalDigitsMax}` });
  const noNumber = wrongType("number");
  const noDecimal = badFormat("decimal");
  return (value) => {
    let given: string;
    if (typeof value === "string") given = value;
    else if (typeof value === "number") {
      if (!Number.isFinite(value)) return Number.isNaN(value) ? noNumber : value > 0 ? tooLarge : tooSmall;
      if (Math.abs(value) >= 10 ** decimalDigitsMax) return value > 0 ? tooLarge : tooSmall;
      given = inDigits(value);
    } else if (typeof value === "bigint") {
      if (value > moneyMax * 100n) return tooLarge;
      if (value < moneyMin * 100n) return tooSmall;
      given = String(value);
    } else return noNumber;
    const parts = given.length > 400 ? null : decimal.exec(given);
    if (parts === null) return typeof value === "number" ? tooPrecise : noDecimal;
    const whole = parts[2] ?? "0";
    const part = (parts[3] ?? "").replace(/0+$/, "");
    const negative = parts[1] === "-" && (whole !== "0" || part !== "");
    if (whole.length > decimalDigitsMax) return negative ? tooSmall : tooLarge;
    if (part.length > scale) return tooPrecise;
    const canonical = `${negative ? "-" : ""}${whole}${part === "" ? "" : `.${part}`}`;
    if (min !== undefined && scaled(canonical) < min) return tooSmall;
    if (max !== undefined && scaled(canonical) > max) return tooLarge;
    return canonical;
  };
};
