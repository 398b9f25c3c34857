/** Words of printed documents, and how amounts and measures are written on them. */
import { exponentOf } from "pons";

export interface DocumentWords {
  readonly from: string;
  readonly to: string;
  readonly order: string;
  readonly parcel: string;
  readonly of: string;
  readonly weight: string;
  readonly sides: string;
  readonly collect: string;
  readonly declared: string;
  readonly fragile: string;
  readonly actTitle: string;
  readonly date: string;
  readonly handsOver: string;
  readonly takesOver: string;
  readonly number: string;
  readonly tracking: string;
  readonly recipient: string;
  readonly total: string;
  readonly page: string;
  readonly signature: string;
}

export const englishWords: DocumentWords = {
  from: "From",
  to: "To",
  order: "Order",
  parcel: "Parcel",
  of: "of",
  weight: "Weight",
  sides: "Sides",
  collect: "COLLECT",
  declared: "Declared",
  fragile: "FRAGILE",
  actTitle: "Hand-over act",
  date: "Date",
  handsOver: "Handed over by",
  takesOver: "Taken over by",
  number: "No.",
  tracking: "Tracking number",
  recipient: "Recipient",
  total: "Total",
  page: "Page",
  signature: "Signature, name, date",
};

/** Minor units as a decimal: `amountText(-5, "EUR")` → "-0.05 EUR". Throws `RangeError` for an unknown currency and for no whole number. */
export const amountText = (minor: number | bigint, currency: string): string => {
  const exponent = exponentOf(currency);
  const value = BigInt(minor);
  const digits = (value < 0n ? -value : value).toString().padStart(exponent + 1, "0");
  const sign = value < 0n ? "-" : "";
  const decimal = exponent === 0 ? digits : `${digits.slice(0, -exponent)}.${digits.slice(-exponent)}`;
  return `${sign}${decimal} ${currency}`;
};

/** Grams: `weightText(9020)` → "9.020 kg". */
export const weightText = (grams: number): string => `${(grams / 1000).toFixed(3)} kg`;

/** 0.1 mm, rounded up to a millimetre: "305 × 205 × 155 mm". */
export const sidesText = ({
  length,
  width,
  height,
}: {
  readonly length: number;
  readonly width: number;
  readonly height: number;
}): string => `${[length, width, height].map((side) => Math.ceil(side / 10)).join(" × ")} mm`;
