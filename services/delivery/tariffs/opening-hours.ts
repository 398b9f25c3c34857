/**
 * When a service point is open: a week of intervals, and dates that differ. Local time of the point, minutes after midnight.
 *
 *   worktimeOf({ weekly: [{ weekday: 1, from: 540, to: 1200 }, …], exceptions: [{ date: "2026-12-31", intervals: [] }] })
 *   → "Mon–Fri 09:00–20:00; Sat 10:00–18:00; Sun closed; 2026-12-31 closed"
 */
import { dateOf, instantOf, localClock, weekdayOf } from "./days.ts";

/** Open from its first minute to the one before `to`; 1440 is midnight. */
export interface Interval {
  readonly from: number;
  readonly to: number;
}

export interface OpeningHours {
  /** 1 is Monday. */
  readonly weekly: readonly (Interval & { readonly weekday: number })[];
  /** Instead of the week's; no interval: closed. */
  readonly exceptions: readonly { readonly date: string; readonly intervals: readonly Interval[] }[];
}

export interface WorktimeWords {
  /** Seven, from Monday. */
  readonly weekdays: readonly string[];
  readonly closed: string;
}

const english: WorktimeWords = { weekdays: ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"], closed: "closed" };

const twoDigits = (value: number): string => String(value).padStart(2, "0");
const clock = (minute: number): string => `${twoDigits(Math.floor(minute / 60))}:${twoDigits(minute % 60)}`;

const timesOf = (intervals: readonly Interval[], { closed }: WorktimeWords): string => {
  if (intervals.length === 0) return closed;
  const sorted = intervals.toSorted((left, right) => left.from - right.from);
  return sorted.map(({ from, to }) => `${clock(from)}–${clock(to)}`).join(", ");
};

/** One line of text: days with the same hours together, then the exceptions by date: those from `since` on, if that is given. */
export const worktimeOf = (
  { weekly, exceptions }: OpeningHours,
  { words = english, since = "" }: { readonly words?: WorktimeWords; readonly since?: string } = {},
): string => {
  const runs: { first: number; last: number; times: string }[] = [];
  for (let weekday = 1; weekday <= 7; weekday++) {
    const times = timesOf(
      weekly.filter((interval) => interval.weekday === weekday),
      words,
    );
    const run = runs.at(-1);
    if (run?.times === times) run.last = weekday;
    else runs.push({ first: weekday, last: weekday, times });
  }
  const nameOf = (weekday: number): string => words.weekdays[weekday - 1] ?? "";
  const week = runs.map(({ first, last, times }) =>
    first === last ? `${nameOf(first)} ${times}` : `${nameOf(first)}–${nameOf(last)} ${times}`,
  );
  const dates = exceptions
    .filter(({ date }) => date >= since)
    .toSorted((left, right) => (left.date < right.date ? -1 : 1))
    .map(({ date, intervals }) => `${date} ${timesOf(intervals, words)}`);
  return [...week, ...dates].join("; ");
};

/** Whether it is open at an instant (RFC 3339, UTC). Throws `RangeError` for no instant and for an unknown time zone. */
export const isOpenAt = (
  { weekly, exceptions }: OpeningHours,
  { timeZone, at }: { readonly timeZone: string; readonly at: string },
): boolean => {
  const ms = instantOf(at);
  if (ms === undefined) throw new RangeError(`not an instant in UTC: ${at}`);
  const { day, minute } = localClock(timeZone)(ms);
  const date = dateOf(day);
  const exception = exceptions.find((exception) => exception.date === date);
  const intervals = exception?.intervals ?? weekly.filter(({ weekday }) => weekday === weekdayOf(day));
  return intervals.some(({ from, to }) => from <= minute && minute < to);
};
