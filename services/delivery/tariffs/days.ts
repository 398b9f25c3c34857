/** Days as whole numbers since 1970-01-01, of the Gregorian calendar. */

const dayMs = 86_400_000;
const datePattern = /^(\d{4})-(\d{2})-(\d{2})$/;
const instantPattern = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?Z$/;

/** `dayOf("1970-01-02")` → 1; undefined for what is no date: `2026-02-30`. */
export const dayOf = (date: string): number | undefined => {
  if (!datePattern.test(date)) return undefined;
  const ms = Date.parse(`${date}T00:00:00Z`);
  return Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 10) !== date ? undefined : ms / dayMs;
};

export const dateOf = (day: number): string => new Date(day * dayMs).toISOString().slice(0, 10);

/** 1 is Monday, 7 Sunday. */
export const weekdayOf = (day: number): number => ((((day + 3) % 7) + 7) % 7) + 1;

/** The years 1 to 9999. */
const [firstMs, lastMs] = [Date.parse("0001-01-01T00:00:00Z"), Date.parse("9999-12-31T23:59:59.999Z")];

/** Milliseconds since 1970 of an RFC 3339 instant in UTC; undefined for what is none, and outside of the years 1 to 9999. */
export const instantOf = (text: string): number | undefined => {
  if (!instantPattern.test(text) || dayOf(text.slice(0, 10)) === undefined) return undefined;
  const ms = Date.parse(text);
  return ms >= firstMs && ms <= lastMs ? ms : undefined;
};

/** What a clock in a time zone shows. */
export interface LocalTime {
  readonly day: number;
  /** After midnight. */
  readonly minute: number;
}

/** Local times in an IANA time zone. Throws `RangeError` for an unknown one. */
export const localClock = (timeZone: string): ((ms: number) => LocalTime) => {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone,
    calendar: "gregory",
    numberingSystem: "latn",
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
  });
  return (ms) => {
    const parts = new Map(format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]));
    const part = (name: Intl.DateTimeFormatPartTypes): number => parts.get(name) ?? 0;
    const day = Date.UTC(part("year"), part("month") - 1, part("day")) / dayMs;
    return { day, minute: part("hour") * 60 + part("minute") };
  };
};

/** The date of an instant (RFC 3339, UTC) in a time zone: `localDate("2026-03-08T23:30:00Z", "Europe/Berlin")` → "2026-03-09". */
export const localDate = (instant: string, timeZone: string): string => dateOf(localClock(timeZone)(Date.parse(instant)).day);

export const isTimeZone = (name: string): boolean => {
  try {
    new Intl.DateTimeFormat("en-US", { timeZone: name });
    return /^[A-Za-z]/.test(name);
  } catch {
    return false;
  }
};
