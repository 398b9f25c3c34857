/**
 * Dates, moments and durations.
 *
 * date      RFC 3339 full-date of a day that exists, years 0001 to 9999.
 * dateTime  RFC 3339 date-time with any offset, answered in UTC with milliseconds: "2026-01-31T09:30:00.000Z". `t` and `z` may be lower-case
 *           (RFC 3339 §5.6 allows it), a space instead of `T` may not. Digits beyond milliseconds are cut off. A leap second (`:60`) is
 *           refused, because neither JavaScript nor the stores can hold it: it would come back as another moment.
 *           `-00:00` (§4.3, local offset unknown) counts as UTC.
 * duration  ISO 8601: `P[nY][nM][nW][nD][T[nH][nM][n[.n]S]]`, none negative, a fraction only of seconds (at most 9 digits). Canonical: parts that
 *           are zero and leading zeros go, nothing is carried over (`PT90M` stays), zero is `PT0S`.
 */
import { durationPattern } from "../../define/forms.ts";
import { badFormat, type Read, refused, wrongType } from "./refused.ts";

const noString = wrongType("string");
const noDate = badFormat("date");
const noDateTime = badFormat("dateTime");
const noDuration = badFormat("duration");

const monthDays = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

/** Two digits at `at`, or NaN. */
const two = (text: string, at: number): number => {
  const tens = text.charCodeAt(at) - 48;
  const ones = text.charCodeAt(at + 1) - 48;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
};

/** Whether `text` begins with a day that exists, as `YYYY-MM-DD`. */
const beginsWithDate = (text: string): boolean => {
  if (text.charCodeAt(4) !== 45 || text.charCodeAt(7) !== 45) return false;
  const year = two(text, 0) * 100 + two(text, 2);
  const month = two(text, 5);
  const day = two(text, 8);
  if (!(year >= 1 && month >= 1 && month <= 12 && day >= 1)) return false;
  if (month === 2 && day === 29) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return day <= (monthDays[month - 1] ?? 0);
};

/** A day, within bounds where the field has some. */
export const readDate = (options: { readonly min?: string; readonly max?: string }): Read => {
  const { min, max } = options;
  const tooEarly = min === undefined ? noDate : refused("too_early", { min });
  const tooLate = max === undefined ? noDate : refused("too_late", { max });
  return (value) => {
    if (typeof value !== "string") return noString;
    if (value.length !== 10 || !beginsWithDate(value)) return noDate;
    if (min !== undefined && value < min) return tooEarly;
    if (max !== undefined && value > max) return tooLate;
    return value;
  };
};

const firstMoment = Date.parse("0001-01-01T00:00:00.000Z");
const lastMoment = Date.parse("9999-12-31T23:59:59.999Z");
const fractionDigitsMax = 30;
const minutesOfDay = 1_440;

const twoDigits = (number: number): string => (number < 10 ? `0${number}` : String(number));

const isDigit = (code: number): boolean => code >= 48 && code <= 57;

/** A moment, in UTC. Read by hand: a moment stands in most bodies, and a regular expression with `Date.parse` takes four times as long. */
export const readDateTime: Read = (value) => {
  if (typeof value !== "string") return noString;
  const { length } = value;
  if (length < 20 || length > 64 || !beginsWithDate(value)) return noDateTime;
  const t = value.charCodeAt(10);
  if ((t !== 84 && t !== 116) || value.charCodeAt(13) !== 58 || value.charCodeAt(16) !== 58) return noDateTime;
  const hour = two(value, 11);
  const minute = two(value, 14);
  if (!(hour <= 23 && minute <= 59 && two(value, 17) <= 59)) return noDateTime;
  let at = 19;
  if (value.charCodeAt(at) === 46) {
    do at++;
    while (isDigit(value.charCodeAt(at)));
    if (at === 20 || at > 20 + fractionDigitsMax) return noDateTime;
  }
  const zone = value.charCodeAt(at);
  const isUtc = zone === 90 || zone === 122;
  if (isUtc && at + 1 !== length) return noDateTime;
  // The usual case first: already as it will be kept.
  if (isUtc && at === 23 && zone === 90 && t === 84) return value;
  const seconds = `${value.slice(17, 19)}.${at === 19 ? "000" : value.slice(20, Math.min(at, 23)).padEnd(3, "0")}Z`;
  if (isUtc) return `${value.slice(0, 10)}T${value.slice(11, 17)}${seconds}`;
  if ((zone !== 43 && zone !== 45) || at + 6 !== length || value.charCodeAt(at + 3) !== 58) return noDateTime;
  const offsetHours = two(value, at + 1);
  const offsetMinutes = two(value, at + 4);
  if (!(offsetHours <= 23 && offsetMinutes <= 59)) return noDateTime;
  const offset = offsetHours * 60 + offsetMinutes;
  const inUtc = hour * 60 + minute + (zone === 43 ? -offset : offset);
  if (inUtc >= 0 && inUtc < minutesOfDay) {
    return `${value.slice(0, 10)}T${twoDigits(Math.floor(inUtc / 60))}:${twoDigits(inUtc % 60)}:${seconds}`;
  }
  const moment = Date.parse(`${value.slice(0, 10)}T00:00:${seconds}`) + inUtc * 60_000;
  return moment >= firstMoment && moment <= lastMoment ? new Date(moment).toISOString() : noDateTime;
};

const duration = new RegExp(durationPattern);
const durationPart = /([0-9]+)(?:\.([0-9]+))?([YMWDHS])/g;

const canonicalParts = (parts: string): string => {
  let canonical = "";
  for (const [, whole = "", fraction = "", unit = ""] of parts.matchAll(durationPart)) {
    const kept = fraction.replace(/0+$/, "");
    const number = whole.replace(/^0+(?=[0-9])/, "");
    if (number !== "0" || kept !== "") canonical += `${number}${kept === "" ? "" : `.${kept}`}${unit}`;
  }
  return canonical;
};

/** A duration, canonical. */
export const readDuration: Read = (value) => {
  if (typeof value !== "string") return noString;
  if (value.length > 100 || !duration.test(value)) return noDuration;
  const [date = "", time = ""] = value.slice(1).split("T");
  const days = canonicalParts(date);
  const clock = canonicalParts(time);
  if (days === "" && clock === "") return "PT0S";
  return `P${days}${clock === "" ? "" : `T${clock}`}`;
};
