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

const afterSeconds = /^(?:\.([0-9]{1,30}))?(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))$/;
const firstMoment = Date.parse("0001-01-01T00:00:00.000Z");
const lastMoment = Date.parse("9999-12-31T23:59:59.999Z");

/** A moment, in UTC. */
export const readDateTime: Read = (value) => {
  if (typeof value !== "string") return noString;
  if (value.length < 20 || value.length > 64 || !beginsWithDate(value)) return noDateTime;
  const t = value.charCodeAt(10);
  if ((t !== 84 && t !== 116) || value.charCodeAt(13) !== 58 || value.charCodeAt(16) !== 58) return noDateTime;
  if (!(two(value, 11) <= 23 && two(value, 14) <= 59 && two(value, 17) <= 59)) return noDateTime;
  // The usual case first: already as it will be kept.
  if (value.length === 24 && t === 84 && value.charCodeAt(19) === 46 && value.charCodeAt(23) === 90) {
    const tenths = value.charCodeAt(20) - 48;
    if (tenths >= 0 && tenths <= 9 && two(value, 21) >= 0) return value;
  }
  const rest = afterSeconds.exec(value.slice(19));
  if (rest === null) return noDateTime;
  const milliseconds = (rest[1] ?? "").slice(0, 3).padEnd(3, "0");
  const local = `${value.slice(0, 10)}T${value.slice(11, 19)}.${milliseconds}Z`;
  if (rest[2] === undefined) return local;
  const hours = Number(rest[3]);
  const minutes = Number(rest[4]);
  if (hours > 23 || minutes > 59) return noDateTime;
  const moment = Date.parse(local) - (rest[2] === "-" ? -1 : 1) * (hours * 60 + minutes) * 60_000;
  return moment >= firstMoment && moment <= lastMoment ? new Date(moment).toISOString() : noDateTime;
};

/** Also the pattern in JSON Schema. Each number has at most nine digits. */
export const durationPattern =
  "^P(?=[0-9T])(?:[0-9]{1,9}Y)?(?:[0-9]{1,9}M)?(?:[0-9]{1,9}W)?(?:[0-9]{1,9}D)?(?:T(?=[0-9])(?:[0-9]{1,9}H)?(?:[0-9]{1,9}M)?(?:[0-9]{1,9}(?:\\.[0-9]{1,9})?S)?)?$";
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
