/** What was read of a statement that somebody sent, whatever its format. */

/** One booking. Amounts are minor units of the statement's currency; less than zero left the account. */
export interface ImportedLine {
  /** 1, 2, 3 … in the order of the statement. */
  readonly position: number;
  readonly amount: bigint;
  /** Days, `2026-11-25`. */
  readonly bookedOn: string;
  readonly valueOn: string;
  readonly reference: string | null;
  /** Identifiers that the parties gave it: end-to-end id, reference of the bank. */
  readonly ids: readonly string[];
}

export interface Imported {
  /** The statement's own number; null where the format has none. */
  readonly id: string | null;
  /** Account as the statement names it: IBAN or other number; null where it names none. */
  readonly account: string | null;
  readonly currency: string;
  readonly opening: bigint | null;
  readonly closing: bigint | null;
  /** First and last day it is about. */
  readonly from: string;
  readonly to: string;
  readonly lines: readonly ImportedLine[];
}

/** Most bookings of one statement: they become rows in one transaction. */
export const linesMax = 2_000;

/** Why a statement cannot be read, and where: `line 7`, `Stmt/Ntry[3]/Amt`. Thrown by the readers, caught by `readStatement`. */
export class StatementFlaw extends Error {
  readonly place: string;

  constructor(place: string, reason: string) {
    super(reason);
    this.place = place;
  }
}

const int64Max = 2n ** 63n - 1n;

/** A decimal in major units as minor units: `"1234.5"` with exponent 2 → 123450n. Throws `StatementFlaw`. */
export const minorOf = (text: string, exponent: number, place: string): bigint => {
  const parts = /^([+-]?)(\d{1,20})(?:\.(\d{0,20}))?$/.exec(text.trim());
  if (parts === null) throw new StatementFlaw(place, "is no decimal number");
  const [, sign, whole = "", fraction = ""] = parts;
  if (/[1-9]/.test(fraction.slice(exponent))) throw new StatementFlaw(place, `has more than ${exponent} decimals`);
  const amount = BigInt(whole + fraction.slice(0, exponent).padEnd(exponent, "0"));
  if (amount > int64Max) throw new StatementFlaw(place, "is too large");
  return sign === "-" ? -amount : amount;
};

/** Days that a statement can be about. */
const dayMin = "1900-01-01";
const dayMax = "2999-12-31";

/** A date or a moment as the day it says, whatever the zone. Throws `StatementFlaw`. */
export const dayOf = (text: string, place: string): string => {
  const day =
    /^(\d{4}-\d{2}-\d{2})(?:[Zz]|[+-]\d{2}:\d{2}|[Tt ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:[Zz]|[+-]\d{2}:\d{2})?)?$/.exec(
      text.trim(),
    )?.[1];
  const moment = day === undefined ? Number.NaN : Date.parse(`${day}T00:00:00Z`);
  // A day that is on no calendar is taken for another by some parsers.
  const isReal = !Number.isNaN(moment) && new Date(moment).toISOString().startsWith(day ?? "");
  if (day === undefined || !isReal || day < dayMin || day > dayMax) throw new StatementFlaw(place, "is no date");
  return day;
};

/** At most so many characters of a text, null when nothing is left. */
export const textOrNull = (text: string | undefined, lengthMax: number): string | null => {
  const trimmed = [...(text ?? "").replaceAll("\u0000", "").trim()].slice(0, lengthMax).join("");
  return trimmed === "" ? null : trimmed;
};

/** Greatest length of a reference and of an identifier that is kept. */
export const referenceMax = 140;
export const identifierMax = 64;
