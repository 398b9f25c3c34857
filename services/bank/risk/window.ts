/**
 * Windows of the calendar, in UTC: what a limit counts starts again with each of them. A week begins on Monday (ISO 8601).
 *
 *   windowOf("2026-11-25T09:41:07.250Z", "week")  →  { start: "2026-11-23T00:00:00.000Z", end: "2026-11-30T00:00:00.000Z" }
 */

export const windowKinds = ["hour", "day", "week", "month"] as const;

export type WindowKind = (typeof windowKinds)[number];

/** RFC 3339 in UTC; `end` is the first moment after it. */
export interface Window {
  readonly start: string;
  readonly end: string;
}

const hourMs = 3_600_000;
const dayMs = 86_400_000;

const iso = (ms: number): string => new Date(ms).toISOString();

/** The first moment of the window that holds `now` (RFC 3339 in UTC, with milliseconds). */
export const windowStart = (now: string, kind: WindowKind): string => {
  switch (kind) {
    case "hour":
      return `${now.slice(0, 13)}:00:00.000Z`;
    case "day":
      return `${now.slice(0, 10)}T00:00:00.000Z`;
    case "month":
      return `${now.slice(0, 7)}-01T00:00:00.000Z`;
    case "week": {
      const day = Date.parse(`${now.slice(0, 10)}T00:00:00.000Z`);
      // Sunday is 0; Monday begins the week.
      return iso(day - ((new Date(day).getUTCDay() + 6) % 7) * dayMs);
    }
  }
};

/** The first moment after the window that begins at `start`. */
export const windowEnd = (start: string, kind: WindowKind): string => {
  const begins = new Date(start);
  switch (kind) {
    case "hour":
      return iso(begins.getTime() + hourMs);
    case "day":
      return iso(begins.getTime() + dayMs);
    case "week":
      return iso(begins.getTime() + 7 * dayMs);
    case "month":
      return iso(Date.UTC(begins.getUTCFullYear(), begins.getUTCMonth() + 1, 1));
  }
};

/** The window that holds `now`. */
export const windowOf = (now: string, kind: WindowKind): Window => {
  const start = windowStart(now, kind);
  return { start, end: windowEnd(start, kind) };
};
